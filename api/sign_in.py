"""How a person opens the dashboard where keys are required: a page that asks for one, once a month."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import Receive, Scope, Send

from api.access import KEY_COOKIE, Access

router = APIRouter(include_in_schema=False)
PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Hearth</title>
<meta name="viewport" content="width=device-width">
<style>:root{{color-scheme:light dark}}body{{margin:0;min-height:100vh;display:grid;place-content:center;
text-align:center;font:18px Lora,Georgia,serif;background:#faf7f2;color:#1f1b16}}
input,button{{font:inherit;font-size:16px;padding:.5em .7em;border:1px solid;border-radius:8px;margin:.3em}}
p{{font-size:15px}}@media(prefers-color-scheme:dark){{body{{background:#171412;color:#f3ede4}}}}</style>
<main><h1>Hearth</h1>{notice}<form method="post" action="{action}">
<p><label for="key">API key with the scope admin <span lang="pl">/ klucz API z zakresem admin</span></label></p>
<input id="key" name="key" type="password" autocomplete="current-password" required autofocus>
<button>Open <span lang="pl">/ Otwórz</span></button></form></main></html>"""
WRONG = """<p role="alert">This key does not open the dashboard. Check it, or make one with the scope admin.<br>
<span lang="pl">Ten klucz nie otwiera panelu. Sprawdź go albo utwórz klucz z zakresem admin.</span></p>"""


def _page(root_path: str, status: int, notice: str = "") -> HTMLResponse:
    html = PAGE.format(action=f"{root_path.rstrip('/')}/sign-in", notice=notice)
    return HTMLResponse(html, status, headers={"Cache-Control": "no-store"})


async def sign_in_page(scope: Scope, send: Send) -> None:
    """Answer with the page instead of what was asked for."""

    async def receive() -> dict[str, object]:
        return {"type": "http.disconnect"}

    receiving: Receive = receive
    page = _page(scope.get("root_path", ""), 401)
    page.headers["WWW-Authenticate"] = 'Bearer realm="Hearth"'
    await page(scope, receiving, send)


@router.get("/sign-in", response_class=HTMLResponse)
def form(request: Request) -> Response:
    """The page."""
    return _page(request.scope.get("root_path", ""), 200)


@router.post("/sign-in", response_class=HTMLResponse)
def sign_in(request: Request, key: Annotated[str, Form(max_length=200)]) -> Response:
    """Open the dashboard to whoever has a key with the scope admin."""
    access: Access = request.app.state.access
    cookie = access.key_cookie(key.strip(), secure=request.url.scheme == "https")
    root_path = request.scope.get("root_path", "")
    if cookie is None:
        return _page(root_path, 403, WRONG)
    opened = RedirectResponse(f"{root_path.rstrip('/')}/", 303)
    opened.headers["Set-Cookie"] = cookie
    return opened


@router.post("/sign-in/end")
def sign_out(request: Request) -> Response:
    """Close the dashboard again, in this browser."""
    closed = RedirectResponse(f"{request.scope.get('root_path', '').rstrip('/')}/sign-in", 303)
    closed.delete_cookie(KEY_COOKIE, httponly=True, samesite="strict")
    return closed
