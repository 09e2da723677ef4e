"""What a drill may find, beside nothing: the hub broke a promise, or the fault never happened."""


class Broken(AssertionError):
    """The hub did not keep a promise under the fault."""


class Invalid(Exception):
    """The fault did not hit, or the world did not hold what it must: nothing was shown."""


def demand(holds: object, promise: str) -> None:
    """Raise Broken, in the words of the promise, unless it holds."""
    if not holds:
        raise Broken(promise)


def demand_hit(hit: object, fault: str) -> None:
    """Raise Invalid, naming the fault, unless it has hit."""
    if not hit:
        raise Invalid(fault)
