"""Disjoint sets: what is joined, directly or by way of others, has one representative."""


class Forest:
    """Disjoint sets of whatever can be a key, with path halving."""

    def __init__(self) -> None:
        self.parent: dict[object, object] = {}

    def find(self, node: object) -> object:
        """Return the representative of the node's set."""
        parent = self.parent
        parent.setdefault(node, node)
        while parent[node] != node:
            parent[node] = node = parent[parent[node]]
        return node

    def join(self, one: object, other: object) -> None:
        """Join two sets."""
        self.parent[self.find(other)] = self.find(one)
