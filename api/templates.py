"""Prompt templates: listed with their variables, made, changed, deleted, exported and imported."""

import asyncio
from dataclasses import asdict
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import JSONResponse, Response
from pydantic import Field

from api.caller import caller_of, studio_of
from api.schemas import Plain, Reply, content, examples, json_wanted
from api.strict import Strict
from studio import Template

router = APIRouter(prefix="/templates", tags=["conversations"], dependencies=[Depends(json_wanted)])
InLanguage = Annotated[Literal["en", "pl"], Query(description="Of the templates that come along.")]
EXAMPLE: dict[str, object] = {"name": "Summarise", "text": "Summarise in {{sentences|five}} sentences:\n\n{{text}}"}
FILE: dict[str, object] = {"format": "hearth-templates", "version": 1, "templates": [EXAMPLE]}


class VariableOut(Reply):
    """A place in the text that is asked for."""

    name: str
    default: str


class TemplateOut(Reply):
    """A template; a ``built_in`` one came along."""

    id: str
    name: str
    text: str
    built_in: bool
    variables: list[VariableOut]


class TemplateList(Reply):
    """All of them, the caller's own first."""

    data: list[TemplateOut]


class TemplateBody(Strict):
    """``{{name}}`` in the text is a variable, ``{{name|default}}`` one with a default."""

    name: Annotated[Plain, Field(min_length=1, max_length=60)]
    text: Annotated[Plain, Field(min_length=1, max_length=20_000)]


class TemplatesImported(Reply):
    """How many are new; those that were here already are passed over."""

    imported: int


def _out(template: Template) -> dict[str, object]:
    return {**asdict(template), "variables": [asdict(variable) for variable in template.variables]}


@router.get("", response_model=TemplateList)
def templates(request: Request, language: InLanguage = "en") -> Response:
    """The caller's templates, then those that come along."""
    found = studio_of(request).templates.all(caller_of(request).owner, language)
    return JSONResponse({"data": [_out(template) for template in found]})


@router.post("", response_model=TemplateOut, status_code=201, openapi_extra=examples(EXAMPLE))
def add(request: Request, body: TemplateBody) -> Response:
    """Keep a new template; 409 when the name is taken."""
    return JSONResponse(_out(studio_of(request).templates.add(caller_of(request).owner, body.name, body.text)), 201)


@router.get("/export", response_class=Response, responses={200: content("application/json")})
def export(request: Request) -> Response:
    """The caller's own templates as a file."""
    headers = {"Content-Disposition": 'attachment; filename="hearth-templates.json"', "Cache-Control": "no-store"}
    made = studio_of(request).templates.export(caller_of(request).owner)
    return Response(made, media_type="application/json", headers=headers)


@router.post(
    "/import",
    response_model=TemplatesImported,
    status_code=201,
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": {"type": ["object", "array"]}, "example": FILE}},
        }
    },
)
async def import_file(request: Request) -> Response:
    """Import a file of templates, all of it or nothing: what ``export`` gave, or Open WebUI's prompts."""
    data, templates = await request.body(), studio_of(request).templates
    count = await asyncio.to_thread(templates.import_file, data, caller_of(request).owner)
    return JSONResponse({"imported": count}, 201)


@router.post("/restore", response_model=TemplateList)
def restore(request: Request, language: InLanguage = "en") -> Response:
    """Show every built-in template again."""
    studio_of(request).templates.restore(caller_of(request).owner)
    return templates(request, language)


@router.put("/{template_id}", response_model=TemplateOut, openapi_extra=examples(EXAMPLE))
def change(request: Request, template_id: str, body: TemplateBody) -> Response:
    """Give a template another name and text; a built-in one becomes the caller's own."""
    owner = caller_of(request).owner
    return JSONResponse(_out(studio_of(request).templates.change(template_id, owner, body.name, body.text)))


@router.delete("/{template_id}", status_code=204, response_class=Response)
def delete(request: Request, template_id: str) -> Response:
    """Forget a template; a built-in one is hidden."""
    studio_of(request).templates.delete(template_id, caller_of(request).owner)
    return Response(status_code=204)
