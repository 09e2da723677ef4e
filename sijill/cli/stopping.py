"""Ctrl-C and SIGTERM mean the same: stop cleanly, in order."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def until_stopped() -> Iterator[None]:
    """Run the block until it ends or a signal asks to stop; either way it ends well.

    The signal raises KeyboardInterrupt in the block, so that whatever was started in it is
    stopped by its own context; that ends here.
    """
    # Set for Ctrl-C, too: a shell starts its background jobs with that signal ignored.
    asked = (signal.SIGTERM, signal.SIGINT)
    before = [signal.signal(number, signal.default_int_handler) for number in asked]
    try:
        yield
    except KeyboardInterrupt:
        return
    finally:
        for number, handler in zip(asked, before, strict=True):
            signal.signal(number, handler)
