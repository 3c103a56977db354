"""What the log keeps of a request: its text, and its settings."""

from collections.abc import Mapping
from dataclasses import fields

from contract.audio import AudioAddRequest, AudioEditRequest, told
from contract.document_requests import DocumentRequest
from contract.document_speech import SpeakDocumentRequest
from contract.document_translation import TranslateDocumentRequest
from contract.image_requests import ImageRequest, UpscaleRequest
from contract.model_requests import ImportRequest
from contract.narration import NarrateRequest, TranscribeRecordingRequest
from contract.requests import (
    ChatRequest,
    DownloadRequest,
    EmbedRequest,
    Request,
    TranscribeRequest,
    TranslateRequest,
)
from studio.sources.address import without_query

TEXT_CHARACTERS = 100_000
TEXT_FIELDS = (
    *("messages", "text", "texts", "prompt", "audio", "model", "reply_id", "image", "mask"),
    *("path", "name", "document", "recording", "revision", "narration", "transcript"),
)
# On unless somebody turns them off.
USUAL = ("glossary", "memory")


def input_text(request: Request) -> str:
    """Return what the log keeps as a request's input; nothing of a private one."""
    if isinstance(request, ChatRequest | DocumentRequest) and request.private:
        return ""
    if isinstance(request, ChatRequest):
        text = request.messages[-1].content if request.messages else ""
    elif isinstance(request, ImageRequest | UpscaleRequest):
        text = request.prompt
    elif isinstance(request, EmbedRequest):
        text = "\n".join(map(str, request.texts))
    elif isinstance(request, TranscribeRequest):
        text = request.audio.name
    elif isinstance(request, DownloadRequest):
        text = without_query(request.model)
    elif isinstance(request, ImportRequest):
        text = request.path
    elif isinstance(
        request,
        DocumentRequest
        | TranslateDocumentRequest
        | SpeakDocumentRequest
        | AudioAddRequest
        | AudioEditRequest
        | NarrateRequest
        | TranscribeRecordingRequest,
    ):
        text = request.name
    else:
        text = request.text
    return str(text)[:TEXT_CHARACTERS]


def parameters(request: Request) -> Mapping[str, object]:
    """Return a request's settings, without its texts and without what was left to the model."""
    values = {
        field.name: getattr(request, field.name)
        for field in fields(request)
        if field.name not in (*TEXT_FIELDS, *USUAL)
    }
    if isinstance(request, AudioEditRequest):
        values["steps"] = [told(step) for step in request.steps]
    if isinstance(request, ChatRequest):
        values["tools"] = tuple(tool.name for tool in request.tools)
        if not request.tools:
            values.pop("tool_choice")
            values.pop("parallel_tool_calls")
    if isinstance(request, TranslateRequest) and not request.alternatives:
        values.pop("alternatives")
    return {name: value for name, value in values.items() if value is not False and value not in (None, "", (), [])}
