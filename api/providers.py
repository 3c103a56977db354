"""Model servers over HTTP, for the owner: connected, listed, changed, removed, and asked what they are."""

from dataclasses import asdict, replace
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, Response
from pydantic import Field

from api.caller import caller_of, studio_of
from api.schemas import Reply, examples, json_wanted
from api.strict import Strict
from studio import CheckResult, Draft, ProviderInfo

router = APIRouter(prefix="/providers", tags=["providers"], dependencies=[Depends(json_wanted)])
EXAMPLE: dict[str, object] = {"name": "vllm", "kind": "openai", "url": "http://127.0.0.1:8000/v1"}
State = Literal["checking", "up", "refused_key", "failing", "unreachable", "locked"]
ProtocolName = Literal["openai", "anthropic"]
# What is documented is narrower than what is taken: addresses in IPv6 have no pattern that is worth reading.
COMMON = r"^https?://[A-Za-z0-9][A-Za-z0-9.-]{0,200}(:([1-9][0-9]{0,3}|[1-5][0-9]{4}))?(/[A-Za-z0-9._~-]{1,50}){0,4}/?$"
Url = Annotated[str, Field(min_length=1, max_length=500, json_schema_extra={"pattern": COMMON})]
Secret = Annotated[
    str, Field(max_length=500, pattern="^[!-~]*$", description="What the server asks for; encrypted, and never shown.")
]
Name = Annotated[str, Field(max_length=159, pattern="^[!-~]([ -~]*[!-~])?$")]
Names = Annotated[list[Name], Field(max_length=200)]
Seconds = Annotated[int, Field(ge=5, le=3_600, description="How long the server may say nothing.")]


class NewProvider(Strict):
    """The body of ``POST /providers``; ``models`` are the names to offer, all where there is none."""

    name: Annotated[str, Field(min_length=1, max_length=40, pattern="^[a-z0-9]([a-z0-9-]*[a-z0-9])?$")]
    kind: ProtocolName = "openai"
    url: Url
    key: Secret = ""
    own_network: Annotated[bool, Field(description="Its name may lead to a private address.")] = False
    timeout_s: Seconds = 300
    models: Names = Field(default_factory=list)


class ProviderChange(Strict):
    """The body of ``PATCH /providers/{id}``; what is left out stays. An empty ``key`` forgets the key."""

    url: Url | None = None
    key: Secret | None = None
    own_network: bool | None = None
    timeout_s: Seconds | None = None
    models: Names | None = None


class ProviderOut(Reply):
    """A server and how it is; of its key only the last characters."""

    id: str
    name: str
    kind: ProtocolName
    url: str
    key_hint: str
    own_network: bool
    timeout_s: int
    models: list[str]
    status: State
    since: str
    message: str
    offered: int
    left_out: int
    from_settings: bool


class ProviderList(Reply):
    """All servers, by name."""

    data: list[ProviderOut]


class CheckOut(Reply):
    """What a server said: ``up`` with its models, or what is wrong."""

    status: State
    message: str
    url: str
    models: list[str]
    left_out: int


def _shown(info: ProviderInfo | CheckResult) -> dict[str, object]:
    return {**asdict(info), "models": list(info.models)}


def _draft(body: NewProvider) -> Draft:
    return Draft(**{**body.model_dump(), "models": tuple(body.models)})


@router.get("", response_model=ProviderList)
def providers(request: Request) -> Response:
    """Every connected server."""
    found = studio_of(request).providers.all(caller_of(request))
    return JSONResponse({"data": [_shown(info) for info in found]})


@router.post("", response_model=ProviderOut, status_code=201, openapi_extra=examples(EXAMPLE))
def add(request: Request, body: NewProvider) -> Response:
    """Connect a server; its models come into the list as ``name/model`` once it has answered."""
    info = studio_of(request).providers.add(_draft(body), caller_of(request))
    return JSONResponse(_shown(info), 201, headers={"Location": f"/providers/{info.id}"})


@router.post("/check", response_model=CheckOut, openapi_extra=examples(EXAMPLE))
def check_new(request: Request, body: NewProvider) -> Response:
    """Ask a server what it is, and keep nothing."""
    return JSONResponse(_shown(studio_of(request).providers.check(_draft(body), caller_of(request))))


@router.get("/{provider_id}", response_model=ProviderOut)
def provider(request: Request, provider_id: str) -> Response:
    """One server."""
    return JSONResponse(_shown(studio_of(request).providers.get(provider_id, caller_of(request))))


@router.patch("/{provider_id}", response_model=ProviderOut, openapi_extra=examples({"timeout_s": 60}))
def change(request: Request, provider_id: str, body: ProviderChange) -> Response:
    """Change a server; at another host it wants its key again."""
    kept, caller = studio_of(request).providers, caller_of(request)
    given = {name: value for name, value in body.model_dump().items() if value is not None}
    draft = replace(_as_draft(kept.get(provider_id, caller)), **given)
    info = kept.change(provider_id, replace(draft, models=tuple(draft.models)), caller, keep_key=body.key is None)
    return JSONResponse(_shown(info))


@router.delete("/{provider_id}", status_code=204, response_class=Response)
def remove(request: Request, provider_id: str) -> Response:
    """Forget a server and its key."""
    studio_of(request).providers.remove(provider_id, caller_of(request))
    return Response(status_code=204)


@router.post("/{provider_id}/check", response_model=CheckOut)
def check(request: Request, provider_id: str) -> Response:
    """Ask a connected server now."""
    kept, caller = studio_of(request).providers, caller_of(request)
    return JSONResponse(_shown(kept.check(_as_draft(kept.get(provider_id, caller)), caller, provider_id)))


def _as_draft(info: ProviderInfo) -> Draft:
    return Draft(
        kind=info.kind,
        name=info.name,
        url=info.url,
        own_network=info.own_network,
        timeout_s=info.timeout_s,
        models=info.models,
    )
