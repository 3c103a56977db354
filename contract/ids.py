"""Identifiers: sortable by time of making, and not to be guessed."""

import secrets
import threading
import time

_RANDOM_BITS = 80
_last_ms = 0
_lock = threading.Lock()


def new_id() -> str:
    """Return 32 hexadecimal digits: 12 of milliseconds since 1970, 20 random (80 bits).

    Those of one process come in the order of making: one made within the same millisecond, or after
    the clock was put back, takes the next millisecond.
    """
    global _last_ms
    with _lock:
        _last_ms = max(time.time_ns() // 1_000_000, _last_ms + 1)
        made_ms = _last_ms
    return f"{made_ms:012x}{secrets.randbits(_RANDOM_BITS):020x}"
