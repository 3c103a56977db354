"""The job that speaks a reply while it is being written, sentence by sentence, in a voice of its language.

What is heard first counts: a first sentence that is long is cut after a clause. A voice is used for one
sentence at a time, so that a model that writes slowly keeps nobody else from it. Limit: a formula or a table
is told from prose only when its second line is there.
"""

import re
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, replace

import engines
from contract.engine import Stop
from contract.errors import InvalidRequest, ModelNotInstalled
from contract.events import AudioChunk, Delta, Done, Loading, Queued, Usage
from contract.models import ModelSpec
from contract.reply_speech import SpeakReplyRequest
from contract.requests import SpeechRequest
from engines.spoken import Reader
from studio.caller import Caller
from studio.doing import Doer
from studio.job import Job
from studio.registry import Registry
from studio.residency import Residency
from studio.run import Outcome

LONGEST = 300  # characters of one sentence
FIRST_CLAUSE, SHORTEST_CLAUSE = 60, 25
SENTENCE_PAUSE_S, PARAGRAPH_PAUSE_S = 0.2, 0.6
LOOK_AGAIN = 1.02  # a long block of code is not looked through at each token
SURE, ENOUGH = 0.8, 20  # of a language, and characters to tell it by
_CLAUSE_END = re.compile(r"[,;:–—]\s")


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence, and whether a paragraph ends with it."""

    text: str
    ends_paragraph: bool = False


class Sentences:
    """Cuts a text that grows into sentences, each as soon as it is certain where it ends."""

    def __init__(self) -> None:
        self._reader = Reader("")  # cutting is the same for every language
        self._held = ""
        self._looked = 0.0
        self._begun = False

    def take(self, text: str) -> list[Sentence]:
        """Return the sentences that are whole now that ``text`` was added."""
        self._held += text
        if len(self._held) < self._looked:
            return []
        whole = self._cut(keep_last=True)
        self._looked = len(self._held) * LOOK_AGAIN
        return whole

    def rest(self) -> list[Sentence]:
        """Return what is left when nothing more comes."""
        return self._cut(keep_last=False)

    def _cut(self, *, keep_last: bool) -> list[Sentence]:
        found = list(self._reader.cut(self._held, LONGEST))
        last = found.pop() if keep_last and found else None
        self._held = last.original + last.gap if last is not None else ""
        ready = [Sentence(each.original, each.gap.count("\n") > 1) for each in found]
        ready = [each for each in ready if any(character.isalnum() for character in each.text)]
        if not ready and not self._begun and last is not None and last.kind == "prose":
            ends = [match.end() for match in _CLAUSE_END.finditer(last.original, SHORTEST_CLAUSE)]
            if ends and len(last.original) >= FIRST_CLAUSE:
                ready, self._held = [Sentence(self._held[: ends[-1]].rstrip())], self._held[ends[-1] :]
        self._begun = self._begun or bool(ready)
        return ready


class ReplyVoice(Doer):
    """Speaks replies while they are written.

    Args:
        job_of: Finds a job of a caller's; raises NotFound.
        detect: Tells the languages that a text may be in, best first.
    """

    def __init__(
        self,
        job_of: Callable[[str, Caller], Job],
        registry: Registry,
        residency: Residency,
        detect: Callable[[str], list[tuple[str, float]]],
    ) -> None:
        self._job_of = job_of
        self._registry = registry
        self._residency = residency
        self._detect = detect

    def run(self, job: Job, outcome: Outcome) -> None:
        """Speak each sentence when it is whole, until the reply or the job ends."""
        request = job.request
        assert isinstance(request, SpeakReplyRequest)
        reply = self._job_of(request.reply_job, job.caller)
        said: list[str] = []
        try:
            for sentence in sentences_of(reply, job.stop):
                if not said and request.model is None:
                    job.spec = self._voice_of_reply(job.spec, sentence.text)
                said.append(sentence.text)
                self._speak(job, request, sentence, outcome)
                if job.stop.is_set():
                    return
        finally:
            text = " ".join(said)
            job.request = replace(request, text=text)
            seconds = outcome.speech.seconds if outcome.speech is not None else 0.0
            outcome.take(Usage(characters=len(text), seconds=round(seconds, 3)))

    def _voice_of_reply(self, asked: ModelSpec | None, text: str) -> ModelSpec | None:
        """Return the voice that was asked for, or one of the reply's language where that is plainly another."""
        found = self._detect(text) if len(text) >= ENOUGH else []
        if asked is None or not found or found[0][1] < SURE or found[0][0] in asked.languages:
            return asked
        better = voices(self._registry, found[0][0])
        return better[0] if better and asked.languages else asked

    def _speak(self, job: Job, request: SpeakReplyRequest, sentence: Sentence, outcome: Outcome) -> None:
        def on_waiting(place: int) -> None:
            job.position = place
            job.publish(Queued(place))

        spec = job.spec
        assert spec is not None  # the Studio chose it when it took the request
        with self._residency.use(spec, job.stop, lambda: job.publish(Loading(spec.title)), on_waiting) as engine:
            job.position = 0
            pause_s = (PARAGRAPH_PAUSE_S if sentence.ends_paragraph else SENTENCE_PAUSE_S) / request.speed
            events = engine.run(SpeechRequest(text=sentence.text, model=spec.id, speed=request.speed), job.stop)
            try:
                for event in events:
                    if job.stop.is_set():
                        return
                    if isinstance(event, AudioChunk):
                        silence = bytes(2 * round(event.sample_rate_hz * pause_s))
                        outcome.take(replace(event, pcm=event.pcm + silence))
            except InvalidRequest:
                return  # a rule, a bare link: nothing that a voice can say
            finally:
                if isinstance(events, Generator):
                    events.close()


def sentences_of(reply: Job, stop: Stop) -> Iterator[Sentence]:
    """Yield a chat job's sentences as it writes them; what was cut off in the middle is left out."""
    growing = Sentences()
    for _, event in reply.follow(stop=stop):
        if isinstance(event, Delta) and not event.reasoning:
            yield from growing.take(event.text)
        elif isinstance(event, Done):
            yield from growing.rest()


def voices(registry: Registry, language: str) -> list[ModelSpec]:
    """Return the voices here that speak a language, the default one first."""
    usual = registry.default("speech")
    fit = [
        spec
        for spec in registry.installed("speech")
        if (language in spec.languages or not spec.languages) and not engines.missing(engines.ENGINES[spec.engine])
    ]
    return sorted(fit, key=lambda spec: usual is None or spec.id != usual.id)


def voice_for(registry: Registry, language: str | None) -> ModelSpec:
    """Return a voice for a language: the default one, another here, else eSpeak's robotic one.

    Raises:
        ModelNotInstalled: There is none.
    """
    if language is None:
        return registry.find(None, "speech")
    fit = voices(registry, language)
    robotic = None if fit else engines.robotic_voice(f"espeak-{language}")
    if robotic is not None and not engines.missing(engines.ENGINES[robotic.engine]):
        return robotic
    if not fit:
        raise ModelNotInstalled(
            f"No voice on this machine speaks {language!r}. Open Models and download one.",
            kind="speech",
            language=language,
        )
    return fit[0]
