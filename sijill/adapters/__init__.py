"""The outside world: one file, one outside thing."""
