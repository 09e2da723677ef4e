"""Rulebooks: one folder per country, data only."""
