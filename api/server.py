"""The API as one ASGI app."""

from typing import TYPE_CHECKING

from fastapi import FastAPI
from starlette.routing import Route
from starlette.types import ASGIApp

from api import (
    aliases,
    anthropic,
    api_keys,
    collections,
    conversation_files,
    conversation_messages,
    conversation_search,
    conversations,
    document_pages,
    documents,
    downloads,
    errors,
    glossaries,
    health,
    images,
    interactions,
    jobs,
    libretranslate,
    metrics,
    models,
    narrations,
    ollama,
    openai,
    openai_audio,
    openai_completions,
    openai_embeddings,
    openai_images,
    openai_responses,
    openapi,
    providers,
    recordings,
    sign_in,
    templates,
    transcripts,
    translated_documents,
    translations,
    voice_samples,
)
from api.access import Access
from api.gate import Gate
from api.idempotency import Once
from api.mcp_door import McpDoor
from api.metrics import Metered, Metrics
from studio import Studio

if TYPE_CHECKING:
    from studio.otlp import Telemetry

ROUTES = (
    *(health, openai, openai_completions, openai_audio, openai_embeddings, openai_images, openai_responses),
    *(anthropic, ollama),
    *(images, jobs, conversation_search, conversation_files, conversations, conversation_messages),
    *(documents, document_pages, collections, recordings, narrations, transcripts),
    *(templates, translated_documents, glossaries, translations, libretranslate),
    *(downloads, voice_samples, models, aliases, providers, interactions),
    *(metrics, api_keys, sign_in, openapi),
)


def create_api(studio: Studio) -> FastAPI:
    """Return the app that serves ``studio``; ``state.dashboard`` is ``starting``, ``up``, ``failed`` or ``off``."""
    app = FastAPI(
        title="Hearth",
        version="0.1.0",
        docs_url=None,
        redoc_url=None,
    )
    app.state.studio = studio
    app.state.once = Once()
    app.state.routes = [route for module in ROUTES for route in module.router.routes]
    app.state.health = health.Checked()
    app.state.dashboard = "starting"
    app.state.metrics = Metrics(studio, paths())
    errors.install(app)
    openapi.install(app)
    for module in ROUTES:
        app.include_router(module.router)
    app.router.routes.append(Route(McpDoor.path, McpDoor(studio), include_in_schema=False))
    return app


def paths() -> frozenset[str]:
    """Return the paths of all routes, with their parameters' names in braces."""
    found = {getattr(route, "path", "") for module in ROUTES for route in module.router.routes}
    return frozenset({*found, McpDoor.path})


def behind_the_door(
    app: FastAPI, studio: Studio, *, embedded: bool = False, telemetry: "Telemetry | None" = None
) -> ASGIApp:
    """Return ``app`` behind what every request passes first; see ``Access`` for ``embedded``."""
    access = app.state.access = Access(studio.settings, studio.keys, embedded=embedded)
    return Metered(Gate(app, studio.settings, access), app.state.metrics, telemetry)
