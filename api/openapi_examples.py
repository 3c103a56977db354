"""Examples of bodies that run, and the forms of streamed and spoken answers, for the OpenAPI document."""

from collections.abc import Mapping

TEXT = [{"role": "user", "content": "What is a hearth?"}]
SSE, NDJSON = "text/event-stream", "application/x-ndjson"
# By path, of the POST there; a test runs each on the echo engines.
BODIES: Mapping[str, Mapping[str, object]] = {
    "/v1/chat/completions": {"model": "gpt-4o-mini", "messages": TEXT, "max_tokens": 40},
    "/v1/completions": {"model": "gpt-4o-mini", "prompt": "A hearth is", "max_tokens": 20},
    "/v1/responses": {"model": "gpt-4o-mini", "input": "What is a hearth?"},
    "/v1/embeddings": {"model": "text-embedding-3-small", "input": "A hearth is a fireplace."},
    "/v1/images/generations": {"prompt": "a small house in the snow", "seed": 7},
    "/v1/audio/speech": {"model": "tts-1", "voice": "alloy", "input": "The fire is lit."},
    "/v1/messages": {"model": "claude-sonnet-4-5", "max_tokens": 40, "messages": TEXT},
    "/v1/messages/count_tokens": {"model": "claude-sonnet-4-5", "messages": TEXT},
    "/api/chat": {"model": "gpt-4o-mini", "messages": TEXT, "stream": False},
    "/api/generate": {"model": "gpt-4o-mini", "prompt": "What is a hearth?", "stream": False},
    "/api/show": {"model": "gpt-4o-mini"},
    "/aliases": {"data": [{"name": "gpt-4o-mini", "kind": "chat"}]},
}
# What a successful answer may be besides JSON.
ANSWERS: Mapping[str, tuple[str, ...]] = {
    "/v1/chat/completions": (SSE,),
    "/v1/completions": (SSE,),
    "/v1/responses": (SSE,),
    "/v1/images/generations": (SSE,),
    "/v1/images/edits": (SSE,),
    "/v1/messages": (SSE,),
    "/v1/audio/transcriptions": (SSE, "text/plain", "text/vtt", "application/x-subrip"),
    "/v1/audio/translations": ("text/plain", "text/vtt", "application/x-subrip"),
    "/v1/audio/speech": (
        *("audio/mpeg", "audio/wav", "audio/flac", "audio/opus", "audio/ogg", "audio/aac", "audio/pcm"),
        "application/octet-stream",
    ),
    "/api/chat": (NDJSON,),
    "/api/generate": (NDJSON,),
    "/api/pull": (NDJSON,),
}
