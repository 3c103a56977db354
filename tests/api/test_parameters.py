"""Every parameter that the official client has: each is done, or refused by its name, and none is ignored."""

import inspect
from collections.abc import Callable

import openai
import pytest
from openai.resources.audio import Speech, Transcriptions, Translations
from openai.resources.chat import Completions as ChatCompletions
from openai.resources.completions import Completions
from openai.resources.embeddings import Embeddings
from openai.resources.images import Images
from openai.resources.responses import Responses
from pydantic import BaseModel

from api.openai_embeddings import EmbeddingsBody
from api.openai_images import EditBody, ImageBody
from api.openai_schemas import ChatCompletionBody, CompletionBody, SpeechBody, TranscriptionBody, TranslationBody
from api.responses_schemas import ResponsesBody
from tests.api.conftest import tone

OWN = {"self", "extra_headers", "extra_query", "extra_body", "timeout"}
HI = [{"role": "user", "content": "Hi"}]
SOUND = ("a.wav", tone(1))
PNG = ("a.png", b"\x89PNG\r\n\x1a\n")
ENDPOINTS: dict[str, tuple[Callable[..., object], type[BaseModel], str, dict[str, object]]] = {
    "chat": (ChatCompletions.create, ChatCompletionBody, "chat.completions.create", {"messages": HI}),
    "completions": (Completions.create, CompletionBody, "completions.create", {"prompt": "Hi"}),
    "responses": (Responses.create, ResponsesBody, "responses.create", {"input": "Hi"}),
    "embeddings": (Embeddings.create, EmbeddingsBody, "embeddings.create", {"input": "Hi"}),
    "speech": (Speech.create, SpeechBody, "audio.speech.create", {"input": "Hi", "voice": "alloy"}),
    "transcriptions": (Transcriptions.create, TranscriptionBody, "audio.transcriptions.create", {"file": SOUND}),
    "translations": (Translations.create, TranslationBody, "audio.translations.create", {"file": SOUND}),
    "images": (Images.generate, ImageBody, "images.generate", {"prompt": "Hi"}),
    "edits": (Images.edit, EditBody, "images.edit", {"prompt": "Hi", "image": PNG}),
}


def known(body: type[BaseModel]) -> set[str]:
    """The names of a body's fields as clients send them."""
    return {(field.alias or name).removesuffix("[]") for name, field in body.model_fields.items()}


def unknown_parameters() -> list[tuple[str, str]]:
    """Every parameter of the client that a body has no field for."""
    return [
        (endpoint, name)
        for endpoint, (method, body, _, _) in ENDPOINTS.items()
        for name in inspect.signature(method).parameters
        if name not in OWN | known(body)
    ]


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_a_parameter_without_a_field_is_refused_by_its_name(client: openai.OpenAI, endpoint: str) -> None:
    _, _, path, needed = ENDPOINTS[endpoint]
    call: object = client
    for part in path.split("."):
        call = getattr(call, part)
    names = [name for place, name in unknown_parameters() if place == endpoint]

    assert callable(call)
    for name in names:
        with pytest.raises(openai.UnprocessableEntityError, match=f"{name}.* is not supported here"):
            call(**{"model": "any", **needed}, extra_body={name: "1"})


def test_the_walk_sees_the_parameters_that_other_services_have() -> None:
    found = unknown_parameters()

    assert {("chat", "logit_bias"), ("responses", "reasoning"), ("images", "style"), ("speech", "instructions")} <= set(
        found
    )
    assert len(found) > 40
