"""Requests of every kind, and what the log says of them; what the tests of the Studio share."""

from pathlib import Path

from studio import (
    Caller,
    ChatRequest,
    ImageRequest,
    Message,
    SpeechRequest,
    Studio,
    TranscribeRequest,
    TranslateRequest,
)
from tests.echo_models import recording

LOCAL = Caller(via="ui")


def chat(text: str = "one two three", **fields: object) -> ChatRequest:
    return ChatRequest(messages=(Message("user", text),), **fields)


def request_of(kind: str, folder: Path, model: str | None = None):
    return {
        "chat": lambda: chat("Good morning to you.", model=model),
        "translation": lambda: TranslateRequest(text="Good morning. And you?", target_lang="pt", model=model),
        "image": lambda: ImageRequest(prompt="a bee", width=64, height=64, num_inference_steps=2, model=model),
        "speech": lambda: SpeechRequest(text="Good morning. How are you?", model=model),
        "transcription": lambda: TranscribeRequest(audio=recording(folder / "said.wav", 25), model=model),
    }[kind]()


KINDS = ("chat", "translation", "image", "speech", "transcription")


def rows(studio: Studio) -> list[dict[str, object]]:
    """The log, oldest first, once all that is queued is written."""
    studio.preferences.set("test", "flush", None)
    return [dict(row) for row in reversed(studio.interactions.latest(None))]


def only_row(studio: Studio) -> dict[str, object]:
    found = rows(studio)
    assert len(found) == 1, [(row["status"], row["error_code"]) for row in found]
    return found[0]
