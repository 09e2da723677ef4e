"""The oracle: what the hub must say, by a second model that shares none of its code.

Slow and obvious on purpose: fastavro's generic reader instead of generated decoders, sets of days
instead of periods, identifiers in the clear, everything in memory and from the beginning.

What the texts leave open and it had to take from the hub's code: the hashes by which records and
identifiers are ordered among equals, the forms of ids and of a basis, the list of fillers that
stand for no identifier, and the twenty records of one holding that are compared.
"""
