"""Translation by Firefox Translations models, on the CPU, a sentence at a time.

``fxtranslate`` is the compiled engine that Firefox uses too: 10 ms a sentence on one slow core. Its
translator may only be used on the thread that made it, so each model has a thread of its own; runs
take turns on it sentence by sentence, and a short text does not wait for a long one.

Line breaks, blank lines, indentation and list marks stay as they are, and so does what a model's
vocabulary has no letters for, which it would drop: addresses, tags, placeholders, emoji, names such
as "Łódź" in an English to Portuguese model. Limits: a sentence of over 300 characters is translated
in parts; and while a sentence is translated no other Python code runs (the library keeps the
interpreter's lock): 10 ms as a rule, 0.15 s for the longest, 1.5 s for 300 characters of nonsense.
"""

import math
import re
import struct
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import ClassVar

from contract.engine import Engine, Stop
from contract.errors import EngineFailed, InvalidRequest, StudioError
from contract.events import Aligned, Delta, EngineEvent, Progress, Usage
from contract.models import Kind
from contract.requests import Request, TranslateRequest
from engines.checks import damaged, expect, loaded, model_path
from engines.sentences import pieces

_LONGEST = 300  # characters; from about 500 on the models begin to leave things out
_LONGEST_DENSE = 100  # in scripts where a character is a syllable or a word
_DENSE = frozenset({"zh", "ja", "ko", "th"})
# What the models would lose or damage: tags, addresses, words with signs they don't know, keys, emoji.
_KEPT = (
    r"</?[A-Za-z!][^<>]*>|[<>]+|`[^`\n]*`|(?:https?://|www\.)[^\s<>]*[^\s<>.,;:!?)\]\"'”’»]"
    r"|[^\s<>`]*[#@\\^{}~](?:[^\s<>`]*[^\s<>`.,;:!?)\]\"'”’»])?|[!-~]{50,}"
    r"|[•§\u2190-\u21ff\u2300-\u23ff\u25a0-\u27bf\u2b00-\u2bff\ufe0f\u200d\u20e3\U0001f000-\U0001faff]+"
)
_LETTER = re.compile(r"[^\W\d_]")
_WORD = re.compile(r"[^\W\d_]{2,}")
_QUOTES = {"«": '"', "»": '"', "„": '"', "‹": "'", "›": "'"}
_SHORTLIST_MAGIC = 0xF11A48D5013417F5
_MODEL_HEAD, _TENSOR_HEAD = struct.Struct("<2Q"), struct.Struct("<4Q")
_MODEL_VERSION = 1
_PIECE, _DELIMITED = 0x0A, 2  # protobuf: field 1, length-delimited; the wire type of all its fields
_SHORTLIST_HEAD = struct.Struct("<6Q")  # magic, checksum, two counts, then how many u64 and u32 follow


class Firefox(Engine):
    """One direction: ``spec.paths`` is its folder, or two folders to go through a language between."""

    name: ClassVar[str] = "firefox"
    kind: ClassVar[Kind] = "translation"
    lane: ClassVar[str] = "translation"
    requires: ClassVar[tuple[str, ...]] = ("fxtranslate",)
    _thread: ThreadPoolExecutor | None = None

    @property
    def slots(self) -> int:
        return 8

    def load(self) -> None:
        model_path(self.spec)
        thread = ThreadPoolExecutor(1, thread_name_prefix=self.spec.id)
        self._legs: list[_Leg] = []
        try:
            for folder in self.spec.paths:
                thread.submit(self._add_leg, folder).result()
        except StudioError:
            thread.submit(self._legs.clear).result()
            thread.shutdown()
            raise
        self._thread = thread

    def unload(self) -> None:
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.submit(self._legs.clear).result()
            thread.shutdown()

    def run(self, request: Request, stop: Stop) -> Iterator[EngineEvent]:
        asked = expect(request, TranslateRequest, self.spec)
        thread = loaded(self._thread, self.spec)
        pair = asked.source_lang or self.spec.source_lang, asked.target_lang
        if pair != (self.spec.source_lang, self.spec.target_lang):
            raise InvalidRequest(
                f"{self.spec.id} translates {self.spec.source_lang} to {self.spec.target_lang}, and was asked for "
                f"{pair[0]} to {pair[1]}. Choose another model.",
                field="target_lang",
            )
        parts = list(pieces(asked.text, _LONGEST_DENSE if self.spec.source_lang in _DENSE else _LONGEST))
        characters = written = 0
        for number, part in enumerate(parts, 1):
            if stop.is_set():
                break
            # Nothing is made ahead: the library holds the interpreter's lock, so the sentence before would come later.
            text = thread.submit(self._translate, part.text).result()
            if text + part.gap:
                yield Delta(text + part.gap)
            if text:
                yield Aligned(characters, characters + len(part.text), written, written + len(text))
            characters += len(part.text) + len(part.gap)
            written += len(text) + len(part.gap)
            yield Progress(number, len(parts))
        yield Usage(characters=characters)

    def _add_leg(self, folder: Path) -> None:
        """Read a folder's files; on the model's thread."""
        source = _file(folder, "srcvocab*.spm", "vocab*.spm")
        target = _file(folder, "trgvocab*.spm", "vocab*.spm")
        model, shortlist = _file(folder, "model*.bin"), _file(folder, "lex*.bin")
        if model is None or source is None or target is None:
            raise damaged(self.spec, f"{folder.name} lacks its model or its vocabulary")
        try:
            self._legs.append(_Leg(model, source, target, shortlist))
        except BaseException as exc:  # besides ValueError and OSError, a panic in Rust, which is no Exception
            # No traceback: its frames would hold the translator, which must be dropped on this thread.
            why = str(exc) if isinstance(exc, ValueError) else f"{model.name} or a file beside it is damaged ({exc})"
            raise damaged(self.spec, why) from exc.with_traceback(None)

    def _translate(self, text: str) -> str:
        """Translate a sentence through all legs; on the model's thread."""
        try:
            for number in range(len(self._legs)):
                text = self._legs[number].translate(text)
        except BaseException as exc:  # besides ValueError, a panic in Rust, which is no Exception
            why = f"{self.spec.id} broke off: {exc}. Try again."
            raise EngineFailed(why, model=self.spec.id) from exc.with_traceback(None)
        return text


class _Leg:
    """One model and the letters it knows; made, used and dropped on one thread."""

    def __init__(self, model: Path, source: Path, target: Path, shortlist: Path | None) -> None:
        from fxtranslate import Translator

        words = source.read_bytes()
        self._letters = _letters(words, source.name)
        _letters(target.read_bytes(), target.name)  # a damaged one would end in a panic, or in wrong words
        known = "".join(letter for letter in self._letters if letter.isalpha())
        self._kept = re.compile(rf"{_KEPT}|\w*[^\W\d_{known}{known.upper()}]\w*")
        self._translator = Translator(
            _model(model), words, target.read_bytes(), None if shortlist is None else _shortlist(shortlist)
        )
        if not known or not self._translator.translate("1."):
            raise ValueError(f"{source.name} or {target.name} holds no words")

    def translate(self, text: str) -> str:
        """Translate a sentence, but for what is kept."""
        done, at = "", 0
        for kept in self._kept.finditer(text):
            done += self._words(text[at : kept.start()]) + kept[0]
            at = kept.end()
        return done + self._words(text[at:])

    def _words(self, text: str) -> str:
        words = text.strip()
        if not _LETTER.search(words):
            return text
        start = text.index(words)
        result = words
        # The models know few words in capitals: a shouted sentence is translated in small letters and raised again.
        shouted = words.isupper() and len(_WORD.findall(words)) > 1
        if shouted:
            result = words.capitalize()
        for letter in set(result) - self._letters:
            result = result.replace(letter, _QUOTES.get(letter) or (letter.lower() if letter.isalpha() else letter))
        result = self._translator.translate(result)
        if shouted:
            result = result.upper()
        elif words[0].isupper():
            result = result[:1].upper() + result[1:]
        return text[:start] + result + text[start + len(words) :]


def _file(folder: Path, *patterns: str) -> Path | None:
    """The first file in ``folder`` that fits the earliest of the patterns."""
    return next((found for pattern in patterns for found in sorted(folder.glob(pattern))), None)


def _shortlist(file: Path) -> bytes:
    """The lexical shortlist. Raises ValueError when it is cut off, which would end in a panic."""
    content = file.read_bytes()
    if len(content) < _SHORTLIST_HEAD.size:
        raise ValueError(f"{file.name} is cut off")
    magic, _, _, _, words, entries = _SHORTLIST_HEAD.unpack_from(content)
    if magic != _SHORTLIST_MAGIC or len(content) != _SHORTLIST_HEAD.size + 8 * words + 4 * entries:
        raise ValueError(f"{file.name} is cut off or no shortlist")
    return content


def _model(file: Path) -> bytes:
    """A model in Marian's binary form. Raises ValueError unless its parts fill it, or the library would
    take memory for whatever a damaged length says, and end the process.

    A version and a count; a head for each tensor (bytes of its name, type, dimensions, bytes of its
    data); the names; the dimensions; padding with its length before; the data. A type's last byte is
    the size of an element.
    """
    content = file.read_bytes()
    why = f"{file.name} is cut off or damaged"
    try:
        version, count = _MODEL_HEAD.unpack_from(content)
        if version != _MODEL_VERSION or count * _TENSOR_HEAD.size > len(content):
            raise ValueError(why)
        at = _MODEL_HEAD.size + count * _TENSOR_HEAD.size
        heads = list(_TENSOR_HEAD.iter_unpack(content[_MODEL_HEAD.size : at]))
        at += sum(name for name, _, _, _ in heads)
        for _, kind, dimensions, size in heads:
            if dimensions > len(content):
                raise ValueError(why)
            shape = struct.unpack_from(f"<{dimensions}i", content, at)
            at += 4 * dimensions
            if min(shape, default=0) < 0 or math.prod(shape) * (kind & 0xFF) > size:
                raise ValueError(why)
        at += 8 + struct.unpack_from("<Q", content, at)[0] + sum(size for _, _, _, size in heads)
    except struct.error as exc:
        raise ValueError(why) from exc
    if at != len(content):
        raise ValueError(why)
    return content


def _letters(vocabulary: bytes, name: str) -> frozenset[str]:
    """The characters in the pieces of a SentencePiece model (a protobuf; its field 1 is a piece).

    Raises ValueError where it is cut off or no such model.
    """
    found: set[str] = set()
    at = 0
    try:
        while at < len(vocabulary):
            tag, at = _varint(vocabulary, at)
            length, start = _varint(vocabulary, at)
            at = start + length
            if tag & 7 != _DELIMITED or at > len(vocabulary):
                raise ValueError(f"{name} is cut off or damaged")
            if tag == _PIECE:
                size, text = _varint(vocabulary, start + 1)
                found.update(vocabulary[text : text + size].decode())
    except (IndexError, UnicodeDecodeError) as exc:
        raise ValueError(f"{name} is cut off or damaged") from exc
    return frozenset(found)


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """The protobuf number at ``at`` and the position after it."""
    value = shift = 0
    while data[at] >= 0x80:
        value |= (data[at] & 0x7F) << shift
        at, shift = at + 1, shift + 7
    return value | data[at] << shift, at + 1
