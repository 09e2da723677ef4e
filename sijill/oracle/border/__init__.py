"""The oracle's own border: bytes, texts, names and identifiers read without the hub's code."""
