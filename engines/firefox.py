"""Translation with Firefox's compact models through fxtranslate, directly or by way of English.

The text is cut into sentences and what stands between them (spaces, blank lines, indentation, list
marks) is given back untouched; each sentence is one Delta, so that the first can be read before the
last is done. fxtranslate binds a translator to the thread that made it (another one panics), so
each engine has one thread of its own on which its models live, and several requests take turns on
it by the sentence. Limits: a sentence is translated without its neighbours; one of over 400
characters is cut at a clause.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, TypeVar

from contract.engine import Engine, Stop
from contract.errors import EngineFailed, InvalidRequest
from contract.events import Delta, EngineEvent, Progress, Usage
from contract.models import Kind
from contract.requests import Request, TranslateRequest
from engines.checks import damaged, expect, loaded, model_path
from engines.sentences import pieces

if TYPE_CHECKING:
    from fxtranslate import Translator

T = TypeVar("T")
LONGEST_WORD = 60  # an unbroken run beyond it is an address or a key, not a word; the model would babble
UNSPACED = ("zh", "ja", "th", "ko")


class Firefox(Engine):
    """One pair of languages; ``spec.paths`` is its folder, or the two folders of its legs."""

    name: ClassVar[str] = "firefox"
    kind: ClassVar[Kind] = "translation"
    lane: ClassVar[str] = "translation"
    requires: ClassVar[tuple[str, ...]] = ("fxtranslate",)

    _legs: "tuple[Translator, ...]" = ()
    _thread: ThreadPoolExecutor | None = None

    @property
    def slots(self) -> int:
        """How many requests take turns."""
        return 8

    def load(self) -> None:
        """Read the models' files: milliseconds each."""
        model_path(self.spec)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="firefox")
        try:
            self._on_thread(self._load_legs)
        except BaseException:
            self.unload()
            raise

    def _on_thread(self, work: Callable[[], T]) -> T:
        try:
            return loaded(self._thread, self.spec).submit(work).result()
        except BaseException as exc:
            # A panic of the Rust code is a BaseException of pyo3's, to be known by its name only.
            if type(exc).__name__ != "PanicException":
                raise
            raise EngineFailed(f"{self.spec.id} broke down: {exc}. Try again.", model=self.spec.id) from exc

    def _load_legs(self) -> None:
        self._legs = tuple(self._load_leg(folder) for folder in self.spec.paths)

    def _load_leg(self, folder: Path) -> "Translator":
        from fxtranslate import Translator

        if not folder.is_dir():
            raise damaged(self.spec, f"{folder.name} is missing")
        model = self._one(folder, "model*.bin")
        lexicon = next(iter(sorted(folder.glob("lex*.bin"))), None)
        source = next(iter(sorted(folder.glob("srcvocab*.spm"))), None) or self._one(folder, "vocab*.spm")
        target = next(iter(sorted(folder.glob("trgvocab*.spm"))), None) or source
        try:
            return Translator(
                model.read_bytes(),
                source.read_bytes(),
                target.read_bytes(),
                lexicon.read_bytes() if lexicon is not None else None,
            )
        except (ValueError, OSError) as exc:
            raise damaged(self.spec, str(exc)) from exc

    def _one(self, folder: Path, pattern: str) -> Path:
        found = sorted(folder.glob(pattern))
        if not found:
            raise damaged(self.spec, f"{folder.name} has no {pattern}")
        return found[0]

    def run(self, request: Request, stop: Stop) -> Iterator[EngineEvent]:
        """Yield a Delta with each sentence and what follows it, and Progress in sentences."""
        asked = expect(request, TranslateRequest, self.spec)
        loaded(self._thread, self.spec)
        for field, value, ours in (
            ("source_lang", asked.source_lang, self.spec.source_lang),
            ("target_lang", asked.target_lang, self.spec.target_lang),
        ):
            if value is not None and ours is not None and value != ours:
                raise InvalidRequest(
                    f"{field} is {value!r}; {self.spec.id} translates from {self.spec.source_lang} to "
                    f"{self.spec.target_lang}. Choose another model, or leave the model out.",
                    field=field,
                )
        cut = list(pieces(asked.text))
        done = 0
        for number, piece in enumerate(cut, start=1):
            if stop.is_set():
                break
            text = self._translate(piece.text) + piece.gap if piece.text else piece.gap
            done += len(piece.text) + len(piece.gap)
            if text:
                yield Delta(text)
            yield Progress(number, len(cut))
        yield Usage(characters=done)

    def _translate(self, sentence: str) -> str:
        if not any(character.isalpha() for character in sentence):
            return sentence  # figures and signs need none, and the model would invent words for them
        if len(sentence) > LONGEST_WORD and len(sentence.split()) == 1 and self.spec.source_lang not in UNSPACED:
            return sentence
        return self._on_thread(lambda: self._through_legs(sentence)).strip()

    def _through_legs(self, sentence: str) -> str:
        try:
            for leg in self._legs:
                sentence = leg.translate(sentence)
        except ValueError as exc:
            raise EngineFailed(f"{self.spec.id} failed on a sentence: {exc}.", model=self.spec.id) from exc
        return sentence

    def unload(self) -> None:
        """Give the memory back, on the thread that owns it."""
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.submit(self._drop_legs).result()
            thread.shutdown()

    def _drop_legs(self) -> None:
        self._legs = ()
