"""What the contract suite needs of each engine: a real model, a request, and how much it may do after a stop."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from contract.engine import Engine, Stop
from contract.events import AudioChunk, Delta, Embedding, EngineEvent, Picture, Segment, Usage
from contract.models import ModelSpec
from contract.requests import ChatRequest, ImageRequest, Message, Request, SpeechRequest, TranslateRequest
from engines import make

Output = Delta | AudioChunk | Segment | Picture | Embedding
SENTENCES = "The train leaves at noon. The weather is good. My sister has two cats. We eat bread and cheese."


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One engine on one model.

    Attributes:
        request: Asks for several tokens, sentences or steps.
        wrong: A request of another kind.
        after_stop: Most outputs that may still come once it was asked to stop.
        files: The model's own files, biggest first; damaging any makes it unusable. Empty: it has none.
        apart: It runs in a process of its own.
    """

    spec: ModelSpec
    request: Request
    wrong: Request = field(default_factory=lambda: SpeechRequest(text="Good morning."))
    after_stop: int = 0
    files: tuple[Path, ...] = ()
    apart: bool = False

    def engine(self) -> Engine:
        """Build it, unloaded."""
        return make(self.spec, 2, "", 120 if self.apart else None)


def ask(text: str, **settings: object) -> ChatRequest:
    """A chat request of one message."""
    return ChatRequest(messages=(Message("user", text),), **settings)


def run(engine: Engine, request: Request, stop: Stop | None = None) -> list[EngineEvent]:
    """Run to the end."""
    return list(engine.run(request, stop or Stop()))


def outputs(events: list[EngineEvent]) -> list[EngineEvent]:
    """The events that carry something made."""
    return [event for event in events if isinstance(event, Output)]


def text_of(events: list[EngineEvent]) -> str:
    """The reply, the translation or the transcript."""
    return "".join(event.text for event in events if isinstance(event, Delta | Segment))


def usage_of(events: list[EngineEvent]) -> Usage:
    """What the run counted."""
    return [event for event in events if isinstance(event, Usage)][-1]


def stop_at_first_output(engine: Engine, request: Request) -> list[EngineEvent]:
    """Ask to stop from another thread at the first output; returns the outputs that came after."""
    stop, after, stopped = Stop(), [], False
    with closing(engine.run(request, stop)) as events:
        for event in events:
            if stopped:
                after.append(event)
            elif isinstance(event, Output):
                thread = threading.Thread(target=stop.set)
                thread.start()
                thread.join()
                stopped = True
    assert stopped, "it made nothing"
    return outputs(after)


def until(condition: Callable[[], object], seconds: float = 30) -> None:
    """Poll until it is so; fails the test when it never becomes so."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never became so"
        time.sleep(0.005)  # polls


def chats() -> Iterator[str]:
    """Subjects to talk of, each another."""
    subjects = "cats dogs trains ships bread cheese rain snow Rome Paris music chess stars rivers tea bees maps clocks"
    yield from (f"Tell me about {subject}." for subject in subjects.split())


__all__ = ["Case", "ImageRequest", "TranslateRequest", "ask", "run"]
