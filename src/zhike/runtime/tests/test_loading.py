"""What is loaded for good is left alone by the garbage collector, and nothing else is."""

import gc
import subprocess
import sys

LOADS = """
import gc
from zhike.runtime.loading import loading
try:
    with loading():
        assert not gc.isenabled()
        kept = [[] for _ in range(1000)]
        raise ValueError
except ValueError:
    pass
later = []
print(gc.isenabled(), gc.get_freeze_count() > 1000, any(one is later for one in gc.get_objects()))
"""


def test_what_is_loaded_is_left_alone_afterwards_even_if_loading_fails() -> None:
    done = subprocess.run([sys.executable, "-c", LOADS], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "True", "True"]
    assert gc.isenabled()
