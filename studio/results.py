"""What a notebook call returns: plain data that Jupyter shows as text, sound, picture or table."""

import base64
import html
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from contract.documents import Source
from contract.events import Delta, Failed, Grounded, Usage
from store import Sentence
from studio.job import Job
from studio.jupyter import Place, ended, follow
from studio.model_info import ModelInfo

MIME = {".wav": "audio/wav", ".flac": "audio/flac", ".opus": "audio/ogg", ".m4a": "audio/mp4"}
SMALL = '<small style="opacity:.7">{}</small>'


@dataclass(frozen=True, slots=True, repr=False)
class Text:
    """A reply or a translation; ``str()`` gives the bare text.

    Attributes:
        first_output_s, duration_s: From the call to the first word and to the end.
        markdown: Whether Jupyter shows the text as Markdown, or exactly as it stands.
        sources: The passages that it may cite, where a collection was asked.
    """

    text: str
    model: str
    job_id: str
    usage: Usage = field(default_factory=Usage)
    first_output_s: float | None = None
    duration_s: float = 0.0
    markdown: bool = True
    sources: tuple[Source, ...] = ()

    @classmethod
    def of(cls, job: Job) -> "Text":
        """Return what a text job has written."""
        usage = next((event for _, event in reversed(job.snapshot()) if isinstance(event, Usage)), Usage())
        times = job.times
        first = None if times.first_output is None else times.first_output - times.submitted
        sources = next((event.sources for _, event in job.snapshot() if isinstance(event, Grounded)), ())
        return cls(job.text(), model_of(job), job.id, usage, first, duration_of(job), job.kind == "chat", sources)

    @property
    def tokens_per_s(self) -> float | None:
        """How fast it was written once it had begun; None where that was not measured."""
        if self.first_output_s is None or not self.usage.tokens_out or self.usage.tokens_out < 2:
            return None
        took = self.duration_s - self.first_output_s
        return (self.usage.tokens_out - 1) / took if took > 0 else None

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"Text({self.text!r}, {self._figures()})"

    def _figures(self) -> str:
        parts = [self.model]
        if self.usage.tokens_out:
            parts.append(f"{self.usage.tokens_out} tokens")
        if self.tokens_per_s is not None:
            parts.append(f"{self.tokens_per_s:.0f} tokens/s")
        return " · ".join([*parts, f"{self.duration_s:.2f} s"])

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        figures = SMALL.format(html.escape(self._figures()))
        if self.markdown:
            cited = "".join(
                f"\n\n{SMALL.format(html.escape(f'[{source.number}] {source.name}, {source.label}'))}"
                for source in self.sources
            )
            return {"text/plain": self.text, "text/markdown": f"{self.text}{cited}\n\n{figures}"}
        shown = f'<div style="white-space:pre-wrap">{html.escape(self.text)}</div>{figures}'
        return {"text/plain": self.text, "text/html": shown}


@dataclass(frozen=True, slots=True)
class Passage:
    """One recognised passage, times in seconds."""

    start_s: float
    end_s: float
    text: str


@dataclass(frozen=True, slots=True, repr=False)
class Transcript:
    """What a recording says, whole and by passage; ``str()`` gives the bare text."""

    text: str
    passages: tuple[Passage, ...]
    model: str
    job_id: str
    duration_s: float

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"Transcript({self.text!r}, {self.model} · {self.duration_s:.2f} s)"

    def _repr_html_(self) -> str:
        rows = [(f"{passage.start_s:.1f}–{passage.end_s:.1f} s", passage.text) for passage in self.passages]
        return table(("Time", "Text"), rows)


@dataclass(frozen=True, slots=True)
class Sound:
    """Speech on disk: ``wav`` and ``mp3`` are paths; where a path is wanted, it stands for its WAV file."""

    wav: Path
    mp3: Path
    seconds: float
    model: str
    job_id: str

    def __fspath__(self) -> str:
        return str(self.wav)

    def _repr_html_(self) -> str:
        # Carried inside the notebook, so that it still plays after the file is gone.
        return f'<audio controls src="data:audio/mpeg;base64,{_base64(self.mp3)}"></audio>'


@dataclass(frozen=True, slots=True, kw_only=True)
class VoiceSample:
    """How a voice sounds: an MP3 on disk; where a path is wanted, it stands for it.

    Attributes:
        by: ``publisher`` of a voice that is not here, or the ``voice`` itself.
        text: What it says; "": its publisher does not tell.
        file: Its id among the files of jobs, where the voice spoke it; else "".
    """

    voice: str
    title: str
    path: Path
    by: Literal["publisher", "voice"]
    text: str = ""
    file: str = ""

    def __fspath__(self) -> str:
        return str(self.path)

    def _repr_html_(self) -> str:
        shown = SMALL.format(html.escape(" · ".join(part for part in (self.title, self.text) if part)))
        return f'<audio controls src="data:audio/mpeg;base64,{_base64(self.path)}"></audio><br>{shown}'


@dataclass(frozen=True, slots=True)
class AudioBook:
    """A long text read aloud into one file; where a path is wanted, it stands for it.

    Attributes:
        sentences: With when each is heard, and each of its words where the voice tells.
        narration: Its id in the library, under which it is kept.
    """

    path: Path
    seconds: float
    chapters: int
    sentences: tuple[Sentence, ...]
    model: str
    job_id: str
    narration: str

    def __fspath__(self) -> str:
        return str(self.path)

    def __repr__(self) -> str:
        return f"AudioBook({self.path.name!r}, {self.seconds:.1f} s, {self.chapters} chapters)"


@dataclass(frozen=True, slots=True)
class Clip:
    """An edited recording on disk; where a path is wanted, it stands for its (first) file.

    Attributes:
        paths: One file, or as many as a split made.
        lufs: Its loudness by ITU-R BS.1770; None: it is silent, or too short to tell.
        steps: What was done to the original, as the library keeps it under ``recording``.
    """

    paths: tuple[Path, ...]
    seconds: float
    lufs: float | None
    steps: tuple[Mapping[str, object], ...]
    recording: str

    def __fspath__(self) -> str:
        return str(self.paths[0])

    def _repr_html_(self) -> str:
        return "".join(
            f'<audio controls src="data:{MIME.get(path.suffix, "audio/mpeg")};base64,{_base64(path)}"></audio>'
            for path in self.paths
        )


@dataclass(frozen=True, slots=True)
class Image:
    """One picture on disk; where a path is wanted, it stands for its PNG file.

    ``seed`` draws it again; None: it was enlarged.
    """

    path: Path
    width: int
    height: int
    seed: int | None
    model: str
    job_id: str

    def __fspath__(self) -> str:
        return str(self.path)

    def _repr_png_(self) -> bytes:
        return self.path.read_bytes()


class Images(list[Image]):
    """The pictures of one call; Jupyter shows them side by side."""

    def _repr_html_(self) -> str:
        return "".join(
            f'<img src="data:image/png;base64,{_base64(image.path)}" width="{image.width}" height="{image.height}" '
            f'title="seed {image.seed}" style="margin:2px;display:inline-block">'
            for image in self
        )


class Stream:
    """A reply as it is written: iterate for its pieces, or let Jupyter show it grow.

    Leaving the loop early cancels the reply; ``result`` is what was written.
    """

    def __init__(self, job: Job) -> None:
        self.job = job

    def __iter__(self) -> Iterator[str]:
        for event in follow(self.job):
            if isinstance(event, Delta) and not event.reasoning:
                yield event.text
            elif isinstance(event, Failed):
                ended(event)

    def cancel(self) -> None:
        """Stop the reply within one token."""
        self.job.cancel()

    @property
    def result(self) -> Text:
        """What is written so far, with its figures."""
        return Text.of(self.job)

    def __repr__(self) -> str:
        return f"Stream({self.job.state}, {self.job.text()!r})"

    def _ipython_display_(self) -> None:
        place = Place()
        for _ in self:
            place.show({"text/markdown": self.job.text(), "text/plain": self.job.text()})
        place.show(self.result._repr_mimebundle_(), last=True)


def model_of(job: Job) -> str:
    """Return the id of the model that does a job, empty while that is not known."""
    return job.spec.id if job.spec else ""


def duration_of(job: Job) -> float:
    """Return the seconds from a job's submission to its end."""
    return (job.times.finished or job.times.submitted) - job.times.submitted


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return rows of texts as an HTML table."""

    def line(cells: Sequence[str], tag: str) -> str:
        style = ' style="text-align:left"'
        return f"<tr>{''.join(f'<{tag}{style}>{html.escape(cell)}</{tag}>' for cell in cells)}</tr>"

    return f"<table>{line(head, 'th')}{''.join(line(row, 'td') for row in rows)}</table>"


def models_table(title: str, models: Sequence[ModelInfo]) -> str:
    """Return the models that one can use, by job, as an HTML table under a title."""
    rows = [
        (
            info.spec.kind,
            info.spec.id + (" (default)" if info.is_default else ""),
            f"{info.spec.size_bytes / 1e6:,.0f} MB" if info.spec.size_bytes else "",
            info.state,
        )
        for info in sorted(models, key=lambda info: (info.spec.kind, not info.is_default, info.spec.id))
    ]
    return f"<p>{html.escape(title)}</p>{table(('Job', 'Model', 'Size', 'State'), rows)}"


def _base64(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode()
