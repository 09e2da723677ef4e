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
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    except KeyboardInterrupt:
        return
    finally:
        signal.signal(signal.SIGTERM, before)
