"""The oracle: what the hub must say, by a second model that shares none of its code.

It is slow and obvious on purpose: fastavro's generic reader instead of generated decoders, sets of
days instead of periods, identifiers in the clear, everything in memory and from the beginning.
`sijill verify` and the tests hold the hub against it.
"""
