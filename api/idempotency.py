"""A POST sent twice with one ``Idempotency-Key`` is done once: what the first made is given again.

What is kept is the job or the id that the first request made, not its bytes, so that a streamed
reply is streamed again from its beginning. A job that failed or was cancelled, which is what a
dropped connection leaves behind, does not count: the retry does the work. Kept in memory, for a
day and for the last thousand keys of this process.
"""

import hashlib
import re
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from fastapi import Request

from api.caller import caller_of
from studio import Conflict, InvalidRequest, Job

KEPT = 1_000
KEPT_S = 24 * 3600.0
HEADER = "Idempotency-Key"
KEY = re.compile(r"[\x21-\x7e]{1,255}")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Made:
    fingerprint: bytes
    value: object
    at: float


class Once:
    """The keys of one app and what their first requests made."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._made: OrderedDict[tuple[str, str, str], _Made] = OrderedDict()

    def do(self, request: Request, fingerprint: str, make: Callable[[], T]) -> T:
        """Return what ``make`` makes, or made when this key came before.

        Args:
            fingerprint: Differs when the request differs.

        Raises:
            InvalidRequest: The key is malformed. Conflict: It came with another request.
        """
        key = request.headers.get(HEADER)
        if key is None:
            return make()
        if not KEY.fullmatch(key):
            raise InvalidRequest(f"{HEADER} must have 1 to 255 printable ASCII characters.", field=HEADER)
        place = (caller_of(request).owner, request.url.path, key)
        digest = hashlib.sha256(fingerprint.encode()).digest()
        # Held while the job is submitted, which never waits: a twin that comes now finds the first one's.
        with self._lock:
            made = self._made.get(place)
            if made is not None and time.monotonic() - made.at < KEPT_S and _stands(made.value):
                if made.fingerprint != digest:
                    raise Conflict(
                        f"The {HEADER} {key[:64]!r} came before with another request. Take a new key.", field=HEADER
                    )
                return made.value  # type: ignore[return-value]  # the path and the key say what it is
            value = make()
            self._made[place] = _Made(digest, value, time.monotonic())
            self._made.move_to_end(place)
            while len(self._made) > KEPT:
                self._made.popitem(last=False)
        return value


def _stands(value: object) -> bool:
    jobs = value if isinstance(value, list) else [value]
    return not any(isinstance(job, Job) and job.state in ("failed", "cancelled") for job in jobs)
