"""Rules: pure evaluators of a rulebook over the facts of one person or one household."""
