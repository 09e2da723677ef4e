"""The proofs: each test states in one sentence the rule that it proves."""
