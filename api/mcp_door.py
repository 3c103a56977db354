"""The door to the MCP tools at /mcp (streamable HTTP), opened by the first request: their package takes a second."""

import asyncio
from typing import TYPE_CHECKING

from starlette.types import ASGIApp, Receive, Scope, Send

from studio import Studio

if TYPE_CHECKING:
    from mcp.server.fastmcp import FastMCP


class McpDoor:
    """An ASGI app that imports the tools when somebody asks for them.

    Attributes:
        path: Where it stands; also what the metrics call it.
    """

    path = "/mcp"

    def __init__(self, studio: Studio) -> None:
        self._studio = studio
        self._opening = asyncio.Lock()
        self._inner: ASGIApp | None = None
        self._running: asyncio.Task[None] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; each stands for itself, so no session outlives its client."""
        scope["route"] = self
        async with self._opening:
            if self._inner is None:
                await self._open()
        assert self._inner is not None
        await self._inner(scope, receive, send)

    async def _open(self) -> None:
        def load() -> "FastMCP[object]":
            from api import mcp_tools

            return mcp_tools.build(self._studio)

        server = await asyncio.to_thread(load)
        server.streamable_http_app()  # makes the session manager
        manager, opened = server.session_manager, asyncio.Event()

        async def run() -> None:
            # Entered and left by this one task, as the task group inside wants it; ends with the event loop.
            async with manager.run():
                opened.set()
                await asyncio.Event().wait()

        self._running = asyncio.create_task(run())
        await opened.wait()
        self._inner = manager.handle_request
