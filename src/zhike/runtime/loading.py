"""Loading what a process keeps for as long as it lives."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def loading() -> Iterator[None]:
    """Load Django and the like in this block: the garbage collector leaves it alone, now and ever after.

    Looking again and again through modules and classes that are never let go took a third of the time in which a
    command starts.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
