"""The connection of one request to a server elsewhere: watched as it is made, and cut from another thread."""

import contextlib
import socket
import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import httpx


class Line:
    """The socket of one request, to be shut from another thread: closing it would not wake the reader.

    Args:
        check: Called with the address at the other end before anything is sent there; it may raise.
    """

    def __init__(self, check: Callable[[str], None] = lambda peer: None) -> None:
        self._check = check
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        self._is_cut = False

    def watch(self, request: "httpx.Request") -> None:
        """Have httpx tell when the request's connection stands (its "trace" extension)."""
        request.extensions = {**request.extensions, "trace": self._trace}

    def _trace(self, name: str, info: Mapping[str, object]) -> None:
        if name not in ("connection.connect_tcp.complete", "connection.start_tls.complete"):
            return
        stream = info["return_value"]
        found: socket.socket = stream.get_extra_info("socket")  # type: ignore[attr-defined]  # httpcore's NetworkStream
        if name == "connection.connect_tcp.complete":
            try:
                self._check(str(found.getpeername()[0]))
            except BaseException:
                found.close()
                raise
        with self._lock:
            self._socket, is_cut = found, self._is_cut
        if is_cut:
            self.cut()

    def cut(self) -> None:
        """Shut the connection; a read that waits on it ends."""
        with self._lock:
            self._is_cut = True
            if self._socket is not None:
                with contextlib.suppress(OSError):  # it is closed already
                    self._socket.shutdown(socket.SHUT_RDWR)
