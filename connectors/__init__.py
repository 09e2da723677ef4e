"""Connectors: one file for each kind of outside system that feeds the hub."""
