"""Simulated ministries: a seeded population, what its ministries publish, and the truth about it.

`Simulation` makes the messages and the truth file; `publishing.publish` sends them as a ministry
would. The truth is written while overlaps are planted, from the intention: nothing here imports
the rules, the identity or the fold that it serves to test.
"""
