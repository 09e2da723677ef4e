"""Proofs of the simulation: it repeats itself, looks like the country, and knows its own truth."""
