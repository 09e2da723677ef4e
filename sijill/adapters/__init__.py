"""Adapters: one file, one outside thing."""
