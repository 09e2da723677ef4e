"""Proofs of the whole: every part real, from the ministries to the topics."""
