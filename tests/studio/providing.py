"""Studios that connect servers which tests run, and what they say of them."""

from dataclasses import replace
from pathlib import Path

from studio import Caller, Draft, Settings, Studio
from tests.echo_models import until
from tests.model_server import ModelServer
from tests.studio.asking import LOCAL

KEY = "sk-live-0123456789abcdefWXYZ"
GUEST = Caller(owner="guest-1", role="user", via="ui")
MODEL = "them/tiny-1"


def opened(folder: Path, **settings: object) -> Studio:
    return Studio.open(Settings(data_dir=folder, ollama_host="http://127.0.0.1:9", no_starters=True, **settings))


def draft(server: ModelServer | str, **values: object) -> Draft:
    url = server if isinstance(server, str) else server.url
    return replace(Draft(kind="openai", name="them", url=url), **values)


def listed(studio: Studio) -> set[str]:
    return {spec.id for spec in studio.registry.installed("chat")}


def state(studio: Studio, model: str = MODEL) -> str:
    return {info.spec.id: info.state for info in studio.models()}.get(model, "")


def status(studio: Studio) -> str:
    return studio.providers.all(LOCAL)[0].status


def connected(studio: Studio, server: ModelServer, **values: object) -> str:
    """Connect it and wait until its models are there; returns its id."""
    info = studio.providers.add(draft(server, **values), LOCAL)
    until(lambda: status(studio) == "up", 30)
    return info.id


def everything_in(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
