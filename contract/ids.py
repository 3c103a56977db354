"""Identifiers: sortable by time of making, and not to be guessed."""

import secrets
import time


def new_id() -> str:
    """Return 32 hexadecimal digits: 12 of milliseconds since 1970, 20 random (80 bits)."""
    return f"{time.time_ns() // 1_000_000:012x}{secrets.token_hex(10)}"
