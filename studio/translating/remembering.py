"""What surfaces ask of glossaries and of the memory of accepted translations, and how a translation gets them."""

from collections.abc import Sequence

from contract.errors import InputTooLarge, InvalidRequest
from contract.limits import check_pair
from contract.messages import check_plain
from contract.requests import TranslateRequest
from store import Database, Direction, Glossaries, Memory, Term, TranslatedDocument, TranslationMemory
from studio.caller import Caller
from studio.translating import exchange, exports
from studio.translating.glossary import Enforcer
from studio.translating.papers import Prepare
from studio.translating.recalling import Match, Recaller, Recollection
from studio.translating.segments import Guide, SentenceTranslator

LONGEST_TERM = 200
LONGEST_SENTENCE = 4_000
MOST_TERMS = 20_000
MOST_MEMORIES = 200_000


class Remembering:
    """A part of the Studio; see there."""

    def begin_remembering(self, database: Database) -> Prepare:
        """Open the glossaries and the memory; returns what gives a translation its owner's."""
        self._glossaries = Glossaries(database)
        self._memory = TranslationMemory(database)
        self._recaller = Recaller(self._memory)
        return self._prepare

    def _prepare(self, owner: str, request: TranslateRequest, sentences: SentenceTranslator) -> None:
        direction = Direction(owner, sentences.source_lang, sentences.target_lang)
        memory = self._recaller.of(direction) if request.memory else Recollection(())
        if memory.entries:
            sentences.recall = memory.recall
        terms = self._glossaries.terms(direction) if request.glossary else []
        enforcer = Enforcer(terms, sentences.source_lang, sentences.target_lang)
        if terms:
            sentences.glossary = enforcer
        if terms or memory.entries:
            sentences.guide = Guide(memory.recall, memory.similar, enforcer.wanted)

    # Memory

    def remember(
        self, pairs: Sequence[tuple[str, str]], source_lang: str, target_lang: str, caller: Caller, origin: str = "edit"
    ) -> int:
        """Keep accepted translations of sentences; returns how many.

        Raises:
            InvalidRequest: A sentence is empty or too long, or the languages can't be.
        """
        direction = _direction(caller, source_lang, target_lang)
        for source, target in pairs:
            for field, text in (("source", source), ("target", target)):
                _check_line(field, text, LONGEST_SENTENCE)
        if len(pairs) > MOST_MEMORIES:
            raise InputTooLarge(f"{len(pairs):,} translations are too many; send up to {MOST_MEMORIES:,}.")
        return self._memory.accept(direction, [(s.strip(), t.strip()) for s, t in pairs], origin[:LONGEST_TERM])

    def accept(self, source: str, target: str, document: TranslatedDocument, caller: Caller) -> None:
        """Keep a person's translation of a document's sentence."""
        if document.source_lang and len(source) <= LONGEST_SENTENCE and len(target) <= LONGEST_SENTENCE:
            self.remember([(source, target)], document.source_lang, document.target_lang, caller, document.name)

    def memories(
        self, source_lang: str, target_lang: str, caller: Caller, limit: int = 100, before: str | None = None
    ) -> list[Memory]:
        """Return a page of what is kept of a direction, the newest first."""
        return self._memory.page(_direction(caller, source_lang, target_lang), limit, before)

    def memory_matches(
        self, text: str, source_lang: str, target_lang: str, caller: Caller, limit: int = 5
    ) -> list[Match]:
        """Return the accepted translations of sentences that are most like ``text``, best first."""
        _check_line("text", text, LONGEST_SENTENCE)
        return self._recaller.of(_direction(caller, source_lang, target_lang)).matches(text, limit)

    def forget(self, memory_id: str, caller: Caller) -> None:
        """Delete one accepted translation; raises NotFound."""
        self._memory.forget(memory_id, caller.owner)

    def forget_all(self, source_lang: str, target_lang: str, caller: Caller) -> int:
        """Delete all of a direction; returns how many there were."""
        return self._memory.forget_all(_direction(caller, source_lang, target_lang))

    def memory_directions(self, caller: Caller) -> list[tuple[str, str, int]]:
        """Return each pair of languages that something is kept of, with how much."""
        return self._memory.directions(caller.owner)

    def import_memory(self, data: bytes, source_lang: str, target_lang: str, caller: Caller, origin: str) -> int:
        """Keep the translations of a TMX file; returns how many. Raises InvalidRequest for a bad file."""
        pairs = [
            (source, target)
            for source, target in exchange.read_tmx(data, source_lang, target_lang)
            if max(len(source), len(target)) <= LONGEST_SENTENCE
        ]
        return self.remember(pairs, source_lang, target_lang, caller, origin)

    def export_memory(self, source_lang: str, target_lang: str, caller: Caller) -> bytes:
        """Return everything of a direction as TMX."""
        found = self._memory.all(_direction(caller, source_lang, target_lang))
        return exports.tmx(
            (exports.Pair(each.source, each.target, each.origin) for each in found), source_lang, target_lang
        )

    # Glossaries

    def import_glossary(self, data: bytes, source_lang: str, target_lang: str, caller: Caller) -> int:
        """Add the terms of a CSV or TBX file; returns how many. Raises InvalidRequest for a bad file."""
        terms = exchange.read_glossary(data, source_lang, target_lang)
        self.put_terms(terms, source_lang, target_lang, caller)
        return len(terms)

    def export_glossary(
        self, source_lang: str, target_lang: str, caller: Caller, form: exchange.GlossaryFormat
    ) -> bytes:
        """Return the caller's terms of a direction as a file."""
        return exchange.write_glossary(self.glossary(source_lang, target_lang, caller), source_lang, target_lang, form)

    def glossary(self, source_lang: str, target_lang: str, caller: Caller) -> list[Term]:
        """Return the caller's terms of a direction; empty where there are none."""
        return self._glossaries.terms(_direction(caller, source_lang, target_lang))

    def put_terms(self, terms: Sequence[Term], source_lang: str, target_lang: str, caller: Caller) -> None:
        """Add terms to the caller's glossary, or change those that are there.

        Raises:
            InvalidRequest: A term is empty or too long. InputTooLarge: There would be too many.
        """
        direction = _direction(caller, source_lang, target_lang)
        for term in terms:
            _check_line("source", term.source, LONGEST_TERM)
            _check_line("target", term.target, LONGEST_TERM)
            if len(term.note) > LONGEST_SENTENCE:
                raise InvalidRequest("note is too long. Shorten it.", field="note")
        if len(terms) + len(self._glossaries.terms(direction)) > MOST_TERMS:
            raise InputTooLarge(f"A glossary takes up to {MOST_TERMS:,} terms. Remove some first.", limit=MOST_TERMS)
        self._glossaries.put(direction, [_trimmed(term) for term in terms])

    def remove_term(self, source: str, source_lang: str, target_lang: str, caller: Caller) -> None:
        """Take a term out of the caller's glossary; raises NotFound."""
        self._glossaries.remove(_direction(caller, source_lang, target_lang), source)

    def clear_glossary(self, source_lang: str, target_lang: str, caller: Caller) -> int:
        """Delete the caller's glossary of a direction; returns how many terms it had."""
        return self._glossaries.clear(_direction(caller, source_lang, target_lang))

    def glossary_directions(self, caller: Caller) -> list[tuple[str, str, int]]:
        """Return each pair of languages that the caller has a glossary of, with how many terms."""
        return self._glossaries.directions(caller.owner)


def _direction(caller: Caller, source_lang: str, target_lang: str) -> Direction:
    check_pair(source_lang, target_lang)
    return Direction(caller.owner, source_lang, target_lang)


def _check_line(field: str, text: str, most: int) -> None:
    if not text.strip():
        raise InvalidRequest(f"{field} is empty. Write some text and try again.", field=field)
    check_plain(field, text)
    if len(text) > most:
        raise InputTooLarge(f"{field} has {len(text):,} characters; the limit is {most:,}.", field=field, limit=most)


def _trimmed(term: Term) -> Term:
    return Term(
        source=" ".join(term.source.split()),
        target=" ".join(term.target.split()),
        match_case=term.match_case,
        note=term.note,
    )
