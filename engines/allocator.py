"""What the C library's allocator keeps of freed memory, given back to the system."""

import ctypes
import gc
import sys


def give_back() -> None:
    """Give freed memory back to the system; does nothing where the C library has no call for it.

    glibc keeps what was freed in pools of up to 64 MiB, one for each thread that asked, so that an unloaded model
    would go on counting as memory of this process (malloc_trim(3)).
    """
    gc.collect()
    if sys.platform == "linux" and (trim := getattr(ctypes.CDLL(None), "malloc_trim", None)):  # musl has none
        trim(0)
