"""Checks that are checked: bugs sown on purpose into a copy, each caught by the test meant for it.

`python -m tests.seeded [NAME...]` shows it; the product has no switch for any of them.
"""
