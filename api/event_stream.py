"""Server-sent events that are never silent for long: a comment comes when nothing else does.

Proxies cut a connection on which nothing comes for a minute or so, and a job may wait in its queue
for longer. A line that begins with a colon is a comment, which every client passes over (HTML
standard, 9.2.6). Ollama's NDJSON has no comments, so there an idle stream stays silent.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping

from fastapi.responses import StreamingResponse
from starlette.types import Message, Send

KEEP_ALIVE_S = 15.0
COMMENT = b": still here\n\n"


class EventStream(StreamingResponse):
    """An answer of server-sent events; what it is given must be whole events."""

    media_type = "text/event-stream"

    def __init__(self, events: AsyncIterator[str], headers: Mapping[str, str] | None = None) -> None:
        # Proxies shall neither keep events nor hold them back.
        super().__init__(events, headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no", **(headers or {})})

    async def stream_response(self, send: Send) -> None:
        """Send the events, and a comment each time nothing was sent for a while."""
        clock = asyncio.get_running_loop().time
        last, is_open = clock(), False

        async def noting(message: Message) -> None:
            nonlocal last, is_open
            # Before it is sent, so that no comment comes after the end.
            last, is_open = clock(), message["type"] == "http.response.start" or message.get("more_body", False)
            await send(message)

        async def keep_alive() -> None:
            while True:
                idle_s = clock() - last
                if idle_s >= KEEP_ALIVE_S and is_open:
                    await noting({"type": "http.response.body", "body": COMMENT, "more_body": True})
                else:
                    await asyncio.sleep(max(KEEP_ALIVE_S - idle_s, KEEP_ALIVE_S / 10))

        keeper = asyncio.create_task(keep_alive())
        try:
            await super().stream_response(noting)
        finally:
            keeper.cancel()
            # Where a comment failed, the client is gone, and the next event tells that too.
            with contextlib.suppress(asyncio.CancelledError, OSError):
                await keeper
