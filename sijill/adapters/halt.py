"""The named stop, and what may be said of any other error.

A halt is a state that a process must not repair by itself, and a person must see.
"""

import traceback
from pathlib import Path


class HaltError(Exception):
    """Stop the process with this text, which holds no personal value.

    Every subclass is one named reason. Other errors are logged by their type alone, because
    their text may quote data.
    """


def where(error: BaseException) -> list[str]:
    """Return the path to an error as file:line of each frame, without any value."""
    frames = traceback.extract_tb(error.__traceback__)
    return [f"{Path(frame.filename).name}:{frame.lineno}" for frame in frames]
