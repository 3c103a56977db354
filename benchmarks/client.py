"""The clients that measure: bare sockets, so that they cost little beside the server on the same machine."""

import asyncio
import json
import re
import statistics
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

HOST = "127.0.0.1"
LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)


class Unexpected(Exception):
    """A server answered something else than a measurement needs."""


@dataclass(frozen=True, slots=True)
class Streamed:
    """One streamed reply: seconds to the first text and to the end, and the pieces of text between."""

    first_s: float
    total_s: float
    pieces: int
    text: str
    began: float
    ended: float


async def chat(port: int, body: Mapping[str, object], gate: asyncio.Barrier | None = None) -> Streamed:
    """Ask for a streamed chat completion.

    Args:
        port: Of the server.
        body: Of ``POST /v1/chat/completions``; ``stream`` is added.
        gate: Waited for once the connection stands, so that many clients ask at one moment.

    Raises:
        Unexpected: No 200, or no text.
    """
    content = json.dumps({**body, "stream": True}).encode()
    reader, writer = await asyncio.open_connection(HOST, port)
    try:
        if gate is not None:
            await gate.wait()
        began = time.perf_counter()
        writer.write(_head("POST", "/v1/chat/completions", port, len(content)) + content)
        await _check_status(reader)
        first, pieces, rest = 0.0, [], b""
        while chunk := await _chunk(reader):
            *lines, rest = (rest + chunk).split(b"\n")
            for piece in _texts(lines):
                first = first or time.perf_counter()
                pieces.append(piece)
        ended = time.perf_counter()
    finally:
        writer.close()
    if not pieces:
        raise Unexpected("The reply has no text.")
    return Streamed(first - began, ended - began, len(pieces), "".join(pieces), began, ended)


async def chats(port: int, bodies: Sequence[Mapping[str, object]]) -> list[Streamed]:
    """Ask for several streamed chat completions at one moment."""
    gate = asyncio.Barrier(len(bodies))
    return await asyncio.gather(*(chat(port, body, gate) for body in bodies))


async def first_byte(port: int, path: str, body: Mapping[str, object]) -> tuple[float, float, bytes]:
    """Post and read a streamed answer; returns seconds to its first byte, to its end, and the bytes."""
    content = json.dumps(body).encode()
    reader, writer = await asyncio.open_connection(HOST, port)
    try:
        began = time.perf_counter()
        writer.write(_head("POST", path, port, len(content)) + content)
        await _check_status(reader)
        data = await _chunk(reader)
        first_s = time.perf_counter() - began
        while more := await _chunk(reader):
            data += more
        return first_s, time.perf_counter() - began, data
    finally:
        writer.close()


async def answers(port: int, path: str, connections: int, seconds: float) -> tuple[float, float]:
    """Ask for a path over and over on some connections that stay open.

    Returns:
        Answers a second, and the seconds within which 99 of 100 came.
    """
    loop = asyncio.get_running_loop()
    request = _head("GET", path, port, 0)
    asking = [(await loop.create_connection(lambda: _Asking(request), HOST, port))[1] for _ in range(connections)]
    began = time.perf_counter()
    for client in asking:
        client.ask()
    await asyncio.sleep(seconds)
    answered, took = sum(len(client.took_s) for client in asking), time.perf_counter() - began
    for client in asking:
        client.transport.abort()
    if any(client.failed for client in asking):
        raise Unexpected(f"GET {path} failed: {next(client.failed for client in asking if client.failed)!r}.")
    return answered / took, statistics.quantiles([s for client in asking for s in client.took_s], n=100)[-1]


class _Asking(asyncio.Protocol):
    """One connection that asks again as soon as it is answered."""

    transport: asyncio.Transport

    def __init__(self, request: bytes) -> None:
        self._request = request
        self._buffer = b""
        self._asked = 0.0
        self.took_s: list[float] = []
        self.failed = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def ask(self) -> None:
        """Send the request."""
        self._asked = time.perf_counter()
        self.transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        """Count a whole answer and ask again."""
        self._buffer += data
        head, gap, body = self._buffer.partition(b"\r\n\r\n")
        if not gap:
            return
        length = LENGTH.search(head)
        if not head.startswith(b"HTTP/1.1 200") or length is None:
            self.failed = head[:200]
            self.transport.abort()
        elif len(body) >= int(length[1]):
            self._buffer = b""
            self.took_s.append(time.perf_counter() - self._asked)
            self.ask()


def _head(method: str, path: str, port: int, length: int) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", f"Host: {HOST}:{port}", f"Content-Length: {length}"]
    return "\r\n".join([*lines, "Content-Type: application/json", "Accept: */*", "", ""]).encode()


async def _check_status(reader: asyncio.StreamReader) -> None:
    head = await reader.readuntil(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200"):
        raise Unexpected(f"The server refused: {head[:60]!r} {(await reader.read(500))!r}")
    if b"chunked" not in head.lower():
        raise Unexpected(f"The answer is not streamed: {head[:300]!r}")


async def _chunk(reader: asyncio.StreamReader) -> bytes:
    """Return the next chunk of a chunked body, empty at its end."""
    size = int((await reader.readline()).split(b";")[0], 16)
    return (await reader.readexactly(size + 2))[:-2]


def _texts(lines: Sequence[bytes]) -> list[str]:
    """Return the pieces of text in lines of server-sent events."""
    found = []
    for line in lines:
        if line.startswith(b"data: {"):
            for choice in json.loads(line[6:]).get("choices", []):
                if text := choice["delta"].get("content"):
                    found.append(text)
    return found
