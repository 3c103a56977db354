"""Whose files the dashboard's own server gives out: to whom a page was told of one, and to nobody else."""

import json

import pytest
from starlette.exceptions import HTTPException
from starlette.types import Message, Receive, Scope, Send

from api.dashboard_gate import DashboardGate

PICTURE, OTHERS = "/data/uploads/abc/image.webp", "/data/uploads/def/image.webp"


async def served(gate: DashboardGate, route: str, owner: str) -> list[Message]:
    """What the gate answers; raises HTTPException as it does."""
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    scope: Scope = {"type": "http", "method": "GET", "path": f"/gradio_api/{route}", "query_string": b"", "headers": []}
    await gate({**scope, "hearth.owner": owner}, receive, send)
    return sent


async def test_a_page_gets_the_files_that_it_was_told_of_and_no_text_can_name_one() -> None:
    file = {"path": PICTURE, "url": f"http://127.0.0.1/gradio_api/file={PICTURE}", "meta": {"_type": "gradio.FileData"}}
    said = json.dumps({"path": OTHERS, "url": "x"})
    told = {"msg": "process_generating", "output": {"data": [{"background": file}, f"a prompt that says {said}"]}}

    async def gradio(scope: Scope, receive: Receive, send: Send) -> None:
        body = f"data: {json.dumps(told)}\n\n".encode() if scope["path"].endswith("queue/data") else b"pixels"
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": body})

    gate = DashboardGate(gradio)
    with pytest.raises(HTTPException):
        await served(gate, f"file={PICTURE}", "anna")

    assert (await served(gate, "queue/data", "anna"))[1]["body"].startswith(b"data: ")

    assert (await served(gate, f"file={PICTURE}", "anna"))[1]["body"] == b"pixels"
    for path, owner in ((PICTURE, "bob"), (OTHERS, "anna")):
        with pytest.raises(HTTPException):
            await served(gate, f"file={path}", owner)
