"""The studio's jobs as tools of the Model Context Protocol, with progress, and the files they make as resources."""

import base64
import tempfile
import time
from pathlib import Path
from typing import Annotated

from mcp.server.fastmcp import Context, FastMCP
from mcp.server.fastmcp.exceptions import ResourceError, ToolError
from mcp.server.session import ServerSession
from mcp.server.transport_security import TransportSecuritySettings
from mcp.types import AudioContent, ContentBlock, ImageContent, ResourceLink, TextContent
from pydantic import AnyUrl, Field
from starlette.requests import Request as HttpRequest

from studio import (
    Artifact,
    Caller,
    ChatRequest,
    Delta,
    Failed,
    ImageRequest,
    InvalidRequest,
    Job,
    Message,
    Progress,
    Request,
    Segment,
    SpeechRequest,
    Studio,
    StudioError,
    TranscribeRequest,
    TranslateRequest,
)

TOLD_EVERY_S = 0.2
INLINE_BYTES = 2_000_000  # larger files are linked only
BODY_BYTES = 8 * 1024 * 1024
Server = FastMCP[object]
Tool = Context[ServerSession, object, HttpRequest]
Model = Annotated[str | None, Field(description="A model's id; left out: the default of the job.")]
INSTRUCTIONS = "A local AI studio: chat, translate, draw, speak and write down speech, all on this machine."


def caller_of(context: Tool) -> Caller:
    """Return who calls, as the gate found out."""
    request = context.request_context.request
    scope = request.scope if request is not None else {}
    return Caller(owner=scope["hearth.owner"], role=scope["hearth.role"], via="mcp")


async def done(studio: Studio, context: Tool, request: Request) -> Job:
    """Submit a request and wait for its end, with progress; cancelled when the client goes away.

    Raises:
        ToolError: It is refused or fails; the sentence is for the model to read.
    """
    try:
        job = studio.submit(request, caller_of(context))
    except StudioError as error:
        raise ToolError(f"{error.title}. {error.message}") from error
    pieces, told = 0, 0.0
    try:
        async for _, event in job.events():
            if isinstance(event, Failed):
                raise ToolError(f"{event.title}. {event.message}")
            if not isinstance(event, Progress | Delta):
                continue
            pieces += 1
            last = isinstance(event, Progress) and event.step == event.total
            if last or time.monotonic() - told >= TOLD_EVERY_S:
                told = time.monotonic()
                step, total = (event.step, event.total or None) if isinstance(event, Progress) else (pieces, None)
                await context.report_progress(step, total, event.message if isinstance(event, Progress) else None)
    finally:
        job.cancel()  # harmless when it has ended
    return job


def files(studio: Studio, job: Job, *mimes: str) -> list[ContentBlock]:
    """Return the files that a job made: each linked, and inside the answer where it is small."""
    blocks: list[ContentBlock] = []
    for _, event in job.snapshot():
        if not isinstance(event, Artifact) or event.mime not in mimes:
            continue
        uri = AnyUrl(f"hearth://files/{event.id}")
        blocks.append(ResourceLink(type="resource_link", uri=uri, name=event.name, mimeType=event.mime))
        if event.size_bytes <= INLINE_BYTES:
            data = base64.b64encode(studio.artifact(event.id, job.caller).path.read_bytes()).decode()
            if event.mime.startswith("image/"):
                blocks.append(ImageContent(type="image", data=data, mimeType=event.mime))
            else:
                blocks.append(AudioContent(type="audio", data=data, mimeType=event.mime))
    return blocks


def build(studio: Studio) -> Server:
    """Return the server. The gate stands before it, so it checks neither host nor key itself."""
    security = TransportSecuritySettings(enable_dns_rebinding_protection=False)
    server: Server = FastMCP(
        "Hearth",
        INSTRUCTIONS,
        stateless_http=True,
        max_request_body_size=BODY_BYTES,
        transport_security=security,
        log_level="ERROR",
    )
    _add_text_tools(server, studio)
    _add_media_tools(server, studio)

    @server.resource("hearth://files/{file_id}", mime_type="application/octet-stream")
    def file(file_id: str, context: Context) -> bytes:  # type: ignore[type-arg]  # with them it arrives empty
        """Return a file that a job of the caller's made."""
        try:
            return studio.artifact(file_id, caller_of(context)).path.read_bytes()
        except StudioError as error:
            raise ResourceError(error.message) from error

    return server


def _add_text_tools(server: Server, studio: Studio) -> None:
    @server.tool(structured_output=False)
    async def chat(
        context: Tool,
        prompt: str,
        system: str = "",
        model: Model = None,
        max_tokens: int | None = None,
        temperature: float | None = None,
    ) -> str:
        """Ask a language model on this machine."""
        before = (Message("system", system),) if system.strip() else ()
        request = ChatRequest(
            messages=(*before, Message("user", prompt)), model=model, max_tokens=max_tokens, temperature=temperature
        )
        return (await done(studio, context, request)).text()

    @server.tool(structured_output=False)
    async def translate(
        context: Tool,
        text: str,
        target_lang: Annotated[str, Field(description="ISO 639-1, for instance pl")],
        source_lang: Annotated[str | None, Field(description="ISO 639-1; left out: it is detected")] = None,
        model: Model = None,
    ) -> str:
        """Translate a text."""
        request = TranslateRequest(text=text, target_lang=target_lang, source_lang=source_lang, model=model)
        return (await done(studio, context, request)).text()


def _add_media_tools(server: Server, studio: Studio) -> None:
    @server.tool(structured_output=False)
    async def image(
        context: Tool,
        prompt: str,
        negative_prompt: str = "",
        width: int | None = None,
        height: int | None = None,
        seed: int | None = None,
        model: Model = None,
    ) -> list[ContentBlock]:
        """Draw a picture."""
        request = ImageRequest(
            prompt=prompt, negative_prompt=negative_prompt, width=width, height=height, seed=seed, model=model
        )
        return files(studio, await done(studio, context, request), "image/png")

    @server.tool(structured_output=False)
    async def speak(context: Tool, text: str, voice: Model = None, speed: float = 1.0) -> list[ContentBlock]:
        """Speak a text; the sound is an MP3."""
        job = await done(studio, context, SpeechRequest(text=text, model=voice, speed=speed))
        return files(studio, job, "audio/mpeg")

    @server.tool(structured_output=False)
    async def transcribe(
        context: Tool,
        file_id: Annotated[str | None, Field(description="A file that a tool here made: hearth://files/<id>")] = None,
        audio_base64: Annotated[str | None, Field(description="Or a recording: WAV, MP3, FLAC, OGG, M4A")] = None,
        language: str | None = None,
        model: Model = None,
    ) -> list[ContentBlock]:
        """Write down what a recording says."""
        with tempfile.TemporaryDirectory() as folder:
            try:
                audio = _recording(studio, context, file_id, audio_base64, Path(folder))
            except StudioError as error:
                raise ToolError(error.message) from error
            job = await done(studio, context, TranscribeRequest(audio=audio, language=language, model=model))
        said = " ".join(event.text.strip() for _, event in job.snapshot() if isinstance(event, Segment))
        return [TextContent(type="text", text=said)]


def _recording(studio: Studio, context: Tool, file_id: str | None, audio_base64: str | None, folder: Path) -> Path:
    if (file_id is None) == (audio_base64 is None):
        raise InvalidRequest("Give either file_id or audio_base64.", field="file_id")
    if file_id is not None:
        return studio.artifact(file_id.removeprefix("hearth://files/"), caller_of(context)).path
    assert audio_base64 is not None
    try:
        sound = base64.b64decode(audio_base64, validate=True)
    except ValueError as exc:
        raise InvalidRequest("audio_base64 is no base64. Encode the recording's bytes.", field="audio_base64") from exc
    path = folder / "recording"
    path.write_bytes(sound)
    return path
