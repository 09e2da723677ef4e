"""Proofs on the real outside things."""
