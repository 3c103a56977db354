"""The table of names that other clients have built in: shown, edited, emptied, restored."""

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field

from api.caller import caller_of, studio_of
from studio import Alias, Forbidden, JobKind

router = APIRouter(prefix="/aliases", tags=["models"])


class AliasLine(BaseModel):
    """One name: ``model`` null means the default of its job; a ``*`` at its end stands for anything."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[!-)+-~]*[!-~]$")]
    kind: JobKind
    model: Annotated[str | None, Field(max_length=200)] = None


class AliasTable(BaseModel):
    """The whole table."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"data": [{"name": "gpt-4o", "kind": "chat"}]}]}
    )

    data: Annotated[list[AliasLine], Field(max_length=500)]


def _table(aliases: list[Alias]) -> Response:
    return JSONResponse({"data": [asdict(alias) for alias in aliases]})


def _only_admin(request: Request) -> None:
    if caller_of(request).role != "admin":
        raise Forbidden("Only the owner of this Hearth can change the aliases. Ask them to.")


@router.get("", response_model=AliasTable)
def aliases(request: Request) -> Response:
    """The table of aliases."""
    return _table(studio_of(request).aliases.all())


@router.put("", response_model=AliasTable)
def replace(request: Request, body: AliasTable) -> Response:
    """Another table instead; an empty one turns all aliases off."""
    _only_admin(request)
    lines = [Alias(name=line.name, kind=line.kind, model=line.model) for line in body.data]
    return _table(studio_of(request).aliases.replace(lines))


@router.delete("", response_model=AliasTable)
def reset(request: Request) -> Response:
    """Back to the built-in table."""
    _only_admin(request)
    return _table(studio_of(request).aliases.reset())
