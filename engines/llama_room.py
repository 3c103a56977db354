"""Room in the context that all replies of one llama.cpp model share."""

import threading
from collections import deque

from contract.engine import Stop


class Room:
    """How many tokens of the shared context are spoken for; who comes first is served first."""

    def __init__(self, tokens: int) -> None:
        self._total = self._free = tokens
        self._waiting: deque[object] = deque()
        self._changed = threading.Condition()

    def take(self, tokens: int, stop: Stop) -> int:
        """Wait for that many tokens, or for all where that is less; gives what was taken, 0 once stopped."""
        place, wanted = object(), min(tokens, self._total)
        stop.on_set(self._wake)
        with self._changed:
            self._waiting.append(place)
            self._changed.wait_for(
                lambda: stop.is_set() or (self._waiting[0] is place and wanted <= self._free),
            )
            self._waiting.remove(place)
            taken = 0 if stop.is_set() else wanted
            self._free -= taken
            self._changed.notify_all()
            return taken

    def grow(self, tokens: int) -> int:
        """Take up to that many more, without waiting; gives what was taken."""
        with self._changed:
            taken = min(tokens, self._free)
            self._free -= taken
            return taken

    def give(self, tokens: int) -> None:
        """Give tokens back."""
        with self._changed:
            self._free += tokens
            self._changed.notify_all()

    def _wake(self) -> None:
        with self._changed:
            self._changed.notify_all()
