"""Tests of the oracle and of `sijill verify`."""
