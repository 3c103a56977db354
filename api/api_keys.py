"""API keys over HTTP, for the owner: made and shown once, listed, revoked.

A POST repeated with its ``Idempotency-Key`` tells of the key that the first one made, without its
text: that was in the first answer alone, and is kept nowhere. Who missed it revokes that key.
"""

from dataclasses import asdict
from typing import Annotated, cast

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, Response
from pydantic import Field

from api.caller import caller_of, studio_of
from api.idempotency import HEADER, Once
from api.schemas import Reply, examples, json_wanted
from api.strict import Strict
from studio import ApiKey, Conflict, Forbidden, Scope

router = APIRouter(prefix="/api-keys", tags=["keys"], dependencies=[Depends(json_wanted)])


class NewKey(Strict):
    """The body of ``POST /api-keys``."""

    name: Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]*[^\s\x00-\x1f\x7f]$")]
    scopes: Annotated[list[Scope], Field(min_length=1, max_length=6)]
    days: Annotated[int | None, Field(ge=1, le=3_650, description="Until it expires; left out: never.")] = None


class KeyOut(Reply):
    """A key without its text; ``hint`` is the beginning of that."""

    id: str
    name: str
    hint: str
    scopes: list[Scope]
    created_at: str
    expires_at: str | None
    last_used_at: str | None


class MadeKey(KeyOut):
    """A key with its text, which is shown this once; null where the request is a repeated one."""

    key: str | None


class KeyList(Reply):
    """All keys that are not revoked."""

    data: list[KeyOut]


def _shown(key: ApiKey) -> dict[str, object]:
    values = asdict(key)
    for name in ("owner", "revoked_at"):
        values.pop(name)
    return values


def _only_admin(request: Request) -> None:
    if caller_of(request).role != "admin":
        raise Forbidden("Only the owner of this Hearth has to do with API keys. Ask them for one.")


@router.get("", response_model=KeyList)
def api_keys(request: Request) -> Response:
    """Every key, the newest first."""
    _only_admin(request)
    return JSONResponse({"data": [_shown(key) for key in studio_of(request).keys.all()]})


@router.post(
    "",
    response_model=MadeKey,
    status_code=201,
    openapi_extra=examples({"name": "laptop", "scopes": ["generate"], "days": 30}),
)
def make(request: Request, body: NewKey) -> Response:
    """Make a key; its text is in this answer and nowhere else, a repeated request's answer included."""
    _only_admin(request)
    keys, once = studio_of(request).keys, cast(Once, request.app.state.once)
    told: list[str] = []

    def first() -> ApiKey:
        key, text = keys.make(body.name, tuple(body.scopes), body.days)
        told.append(text)
        return key

    key = once.do(request, body.model_dump_json(), first)
    if not told and all(kept.id != key.id for kept in keys.all()):
        raise Conflict(f"The key that this {HEADER} made is revoked. Take a new {HEADER}.", field=HEADER)
    headers = {"Location": f"/api-keys/{key.id}", "Cache-Control": "no-store"}
    return JSONResponse({**_shown(key), "key": told[0] if told else None}, 201, headers=headers)


@router.delete("/{key_id}", status_code=204, response_class=Response)
def revoke(request: Request, key_id: str) -> Response:
    """Let nobody in with a key any more, from now on."""
    _only_admin(request)
    studio_of(request).keys.revoke(key_id)
    return Response(status_code=204)
