"""The API as one ASGI app."""

from fastapi import FastAPI

from api import (
    aliases,
    anthropic,
    errors,
    health,
    jobs,
    ollama,
    openai,
    openai_audio,
    openai_completions,
    openai_images,
)
from api.idempotency import Once
from studio import Studio

ROUTES = (
    *(health, openai, openai_completions, openai_audio, openai_images, anthropic, ollama),
    *(jobs, aliases),
)


def create_api(studio: Studio) -> FastAPI:
    """Return the app that serves ``studio``; ``state.dashboard`` is ``starting``, ``up`` or ``failed``."""
    app = FastAPI(
        title="Hearth",
        version="0.1.0",
        description="A local AI studio. Errors are problem details; under /v1 they have OpenAI's form.",
        docs_url=None,
        redoc_url=None,
    )
    app.state.studio = studio
    app.state.once = Once()
    app.state.dashboard = "starting"
    errors.install(app)
    for module in ROUTES:
        app.include_router(module.router)
    return app
