"""`sijill verify`: the hub held against an independent model of what it must say."""
