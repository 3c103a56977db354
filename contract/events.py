"""What a job tells its followers, in order; exactly one of Done, Failed, Cancelled comes last.

Engines yield the events marked *engine*; the Studio adds the rest. A job keeps all of them, so
the position of an event in that list is its number, and a follower can start from any.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from contract.documents import Form, Source


@dataclass(frozen=True, slots=True)
class Queued:
    """The job waits; ``position`` 1 is next in line."""

    position: int


@dataclass(frozen=True, slots=True)
class Loading:
    """The model is being made resident. ``fraction`` is in [0, 1], or None where unknown."""

    model: str
    fraction: float | None = None


@dataclass(frozen=True, slots=True)
class Likelihood:
    """A token, the natural logarithm of its probability, and the likeliest others in its place."""

    token: str
    logprob: float
    others: tuple["Likelihood", ...] = ()


@dataclass(frozen=True, slots=True)
class Delta:
    """*engine*: text to append to the output, never empty; ``reasoning`` text is shown apart.

    ``likelihoods`` are those of its tokens, where the request asked for ``logprobs``.
    """

    text: str
    reasoning: bool = False
    likelihoods: tuple[Likelihood, ...] = ()


@dataclass(frozen=True, slots=True)
class ToolCallDelta:
    """*engine*: a piece of a tool call: JSON text to append to the arguments of call number ``index``.

    The first piece of a call has its ``id`` and ``name``; calls come one after the other.
    """

    index: int
    arguments: str = ""
    id: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Progress:
    """*engine*: ``step`` of ``total`` is done (total 0: unknown); preview is a small PNG or JPEG."""

    step: int
    total: int
    message: str = ""
    preview: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Word:
    """One word that was recognised or spoken, times in seconds from the start of the recording."""

    start_s: float
    end_s: float
    text: str


@dataclass(frozen=True, slots=True)
class AudioChunk:
    """*engine*: one piece of speech: 16-bit little-endian mono PCM, and the text it speaks.

    The Studio writes it to a file and tells Spoken, so that long speech does not fill memory. Where the voice
    tells when each word is heard, ``words`` are the text's parts between spaces, timed from the piece's start.
    """

    pcm: bytes = field(repr=False)
    sample_rate_hz: int
    text: str = ""
    words: tuple[Word, ...] = ()


@dataclass(frozen=True, slots=True)
class Spoken:
    """A piece of speech is in the job's growing audio file: its text, and its place in seconds."""

    start_s: float
    end_s: float
    text: str


@dataclass(frozen=True, slots=True)
class Segment:
    """*engine*: one recognised passage, times in seconds; its words, where they were asked for."""

    start_s: float
    end_s: float
    text: str
    words: tuple[Word, ...] = ()


@dataclass(frozen=True, slots=True)
class Detected:
    """*engine* or Studio: the language of the input (ISO 639-1) and how sure that is, in [0, 1]."""

    language: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Aligned:
    """*engine*: a sentence of the source and its translation, each by its place in code points.

    ``alternatives`` are other wordings of the translation, best first, where they were asked for.
    """

    source_start: int
    source_end: int
    start: int
    end: int
    alternatives: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Checked:
    """What there is to say of a sentence's translation, by its place in the output; of a plain one nothing is told.

    Attributes:
        faults: What a check found wrong with it still; see ``studio.translating.checks``.
        origin: ``model``, or ``memory`` where an earlier edit was taken instead.
        similarity: How like the memory's sentence this one is, in [0, 1]; 0 where there was none.
        terms: The glossary's terms, as they stand in the translation.
    """

    start: int
    end: int
    faults: tuple[str, ...] = ()
    origin: str = "model"
    similarity: float = 0.0
    terms: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Picture:
    """*engine*: one finished image as PNG bytes; the Studio stores it and tells an Artifact.

    ``settings`` are what it was drawn with, the model's own defaults among them, by the names of ``ImageRequest``;
    ``seed`` draws it again, None: it was enlarged, not drawn.
    """

    png: bytes = field(repr=False)
    width: int
    height: int
    seed: int | None
    settings: Mapping[str, str | int | float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Embedding:
    """*engine*: the vector of text number ``index``: float32, of length 1."""

    index: int
    vector: tuple[float, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Artifact:
    """A file the job made is stored and can be fetched by its id."""

    id: str
    mime: str
    size_bytes: int
    name: str
    details: Mapping[str, str | int | float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DocumentRead:
    """A file is read and stored as text.

    Attributes:
        known: The same file was here before, so nothing had to be done again.
        passages: How many can be searched; 0 where it was not to be.
        text: What it says, of a file that is not kept; ``id`` is "" then.
    """

    id: str
    name: str
    form: Form
    size_bytes: int
    characters: int
    pages: int
    passages: int = 0
    known: bool = False
    text: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class RecordingAdded:
    """A recording is in the audio library; ``known``: it was there before, so nothing had to be done again."""

    id: str
    name: str
    known: bool = False


@dataclass(frozen=True, slots=True)
class Grounded:
    """What a reply is written from besides the conversation.

    Attributes:
        sources: Passages that it may cite, the first number first.
        cut: What did not fit into the context: file names, with the share that was sent, in (0, 1).
    """

    sources: tuple[Source, ...] = ()
    cut: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Usage:
    """*engine*: what the job cost so far; the last one counts. None: does not apply.

    ``seconds`` is audio spoken or heard; ``context_tokens`` is the model's context length. Where a conversation
    is longer than that, ``left_out`` is how many of its first messages the model was not given.
    """

    tokens_in: int | None = None
    tokens_out: int | None = None
    tokens_cached: int | None = None
    context_tokens: int | None = None
    characters: int | None = None
    seconds: float | None = None
    left_out: int | None = None


@dataclass(frozen=True, slots=True)
class Finish:
    """*engine*: why the output ended: ``stop``, ``length`` or ``tool_calls``; optional, at most once."""

    reason: str


@dataclass(frozen=True, slots=True)
class Done:
    """The job succeeded and its row is in the log."""

    finish_reason: str = "stop"


@dataclass(frozen=True, slots=True)
class Failed:
    """The job failed with an error of the one tree; ``message`` is fit for a person."""

    code: str
    title: str
    message: str
    status: int
    details: Mapping[str, str | int | float | bool | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Cancelled:
    """The job was stopped on request; what it had made so far is kept."""


EngineEvent = (
    Delta
    | ToolCallDelta
    | Progress
    | AudioChunk
    | Segment
    | Detected
    | Aligned
    | Checked
    | Picture
    | Embedding
    | Usage
    | Finish
)
Terminal = Done | Failed | Cancelled
Event = Queued | Loading | Spoken | EngineEvent | Artifact | DocumentRead | RecordingAdded | Grounded | Terminal
