"""What a notebook call returns: plain data that Jupyter shows as text, sound, picture or bar."""

import base64
import html
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from contract.events import Delta, Usage
from studio.job import Job


@dataclass(frozen=True, slots=True)
class Text:
    """A reply or a translation; ``str()`` gives the bare text."""

    text: str
    model: str
    job_id: str
    usage: Usage
    duration_s: float

    def __str__(self) -> str:
        return self.text

    def _repr_markdown_(self) -> str:
        return f"{self.text}\n\n<small>{html.escape(self.model)} · {self.duration_s:.2f} s</small>"


@dataclass(frozen=True, slots=True)
class Passage:
    """One recognised passage, times in seconds."""

    start_s: float
    end_s: float
    text: str


@dataclass(frozen=True, slots=True)
class Transcript:
    """What a recording says, whole and by passage."""

    text: str
    passages: tuple[Passage, ...]
    model: str
    job_id: str
    duration_s: float

    def __str__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>{passage.start_s:.1f}–{passage.end_s:.1f} s</td><td>{html.escape(passage.text)}</td></tr>"
            for passage in self.passages
        )
        return f"<table><tr><th>Time</th><th>Text</th></tr>{rows}</table>"


@dataclass(frozen=True, slots=True)
class Sound:
    """Speech on disk; ``wav`` and ``mp3`` are paths."""

    wav: Path
    mp3: Path
    seconds: float
    model: str
    job_id: str

    def _repr_html_(self) -> str:
        # Carried inside the notebook, so that it still plays after the file is gone.
        data = base64.b64encode(self.mp3.read_bytes()).decode()
        return f'<audio controls src="data:audio/mpeg;base64,{data}"></audio>'


@dataclass(frozen=True, slots=True)
class Image:
    """One picture on disk; ``seed`` makes it again."""

    path: Path
    width: int
    height: int
    seed: int
    model: str
    job_id: str

    def _repr_png_(self) -> bytes:
        return self.path.read_bytes()


class Stream:
    """A reply as it is written: iterate for its pieces; Jupyter shows what there is."""

    def __init__(self, job: Job) -> None:
        self.job = job

    def __iter__(self) -> Iterator[str]:
        for _, event in self.job.follow():
            if isinstance(event, Delta) and not event.reasoning:
                yield event.text
        self.job.wait()  # raises what went wrong

    def _repr_markdown_(self) -> str:
        return self.job.text()
