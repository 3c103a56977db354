"""Starlette without Hearth: an echo as server-sent events in OpenAI's form, and two small answers."""

import json
import sys
from collections.abc import AsyncIterator

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route


async def chat(request: Request) -> Response:
    """Say the last message again, word by word."""
    body = await request.json()
    words = body["messages"][-1]["content"].split(" ")

    async def stream() -> AsyncIterator[str]:
        for word in words:
            choice = {"index": 0, "delta": {"content": word + " "}, "finish_reason": None}
            yield f"data: {json.dumps({'object': 'chat.completion.chunk', 'choices': [choice]})}\n\n"
        yield "data: [DONE]\n\n"

    return StreamingResponse(stream(), media_type="text/event-stream")


async def answer(request: Request) -> Response:
    """Answer as many bytes as the path says."""
    return PlainTextResponse("x" * int(request.path_params["size_bytes"]))


def main(port: int) -> None:
    """Serve it."""
    routes = [Route("/v1/chat/completions", chat, methods=["POST"]), Route("/bytes/{size_bytes:int}", answer)]
    uvicorn.run(Starlette(routes=routes), host="127.0.0.1", port=port, log_level="critical", access_log=False)


if __name__ == "__main__":
    main(int(sys.argv[1]))
