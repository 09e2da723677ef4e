"""Drills: the hub is disturbed on purpose and must end where a calm run does."""
