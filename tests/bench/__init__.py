"""Measurements, and the load that they are taken under."""
