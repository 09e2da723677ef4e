"""The named stop: a state that a process must not repair by itself, and a person must see."""


class HaltError(Exception):
    """Stop the process with this text, which holds no personal value.

    Every subclass is one named reason. Other errors are logged by their type alone, because
    their text may quote data.
    """
