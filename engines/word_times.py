"""When each word of a spoken sentence is heard, from when each of its phonemes is.

A voice speaks words that may not stand in the text ("$3" is "three dollars"), and espeak-ng may join two words into
one run of phonemes. So the runs are first matched with the spoken words, then these with the written ones; what
has no counterpart of its own shares the time between its neighbours, by its length.
"""

from collections.abc import Sequence
from difflib import SequenceMatcher

from contract.events import Word

Span = tuple[float, float]


def words_of(written: str, said: str, phonemes: Sequence[tuple[str, float]]) -> tuple[Word, ...]:
    """Return the times of the words of ``written``, which are its parts between spaces.

    Args:
        said: What was spoken for it.
        phonemes: Each phoneme and how long it lasts, in seconds, from the first to the last; " " is between words.
    """
    spoken = said.split()
    runs = _runs(phonemes)
    if not spoken or not runs:
        return ()
    times = runs if len(runs) == len(spoken) else _shared((runs[0][0], runs[-1][1]), spoken)
    words = written.split()
    return tuple(
        Word(start, end, word) for word, (start, end) in zip(words, matched(words, spoken, times), strict=True)
    )


def _runs(phonemes: Sequence[tuple[str, float]]) -> list[Span]:
    """Return when each run of phonemes between two spaces is heard; marks of sentences are no phonemes."""
    runs: list[Span] = []
    at, began = 0.0, -1.0
    for phoneme, lasts_s in phonemes:
        if phoneme == " ":
            if began >= 0:
                runs.append((began, at))
            began = -1.0
        elif began < 0 and phoneme not in "^$_.,;:!?…":
            began = at
        at += lasts_s
    if began >= 0:
        runs.append((began, at))
    return runs


def matched(words: Sequence[str], spoken: Sequence[str], times: Sequence[Span]) -> list[Span]:
    """Return when each of ``words`` is heard, of which ``spoken`` were at ``times``; both have one word at least."""
    plain = [_plain(word) for word in words]
    match = SequenceMatcher(None, plain, [_plain(word) for word in spoken], autojunk=False)
    found: list[Span] = []
    for _, first, last, begin, end in match.get_opcodes():
        if last == first:  # spoken, and nowhere written: the word before takes it
            if found:
                found[-1] = (found[-1][0], times[end - 1][1])
            continue
        if end == begin:  # written, and not spoken
            at = times[begin - 1][1] if begin else times[0][0]
            found += [(at, at)] * (last - first)
        elif last - first == end - begin:
            found += times[begin:end]
        else:
            found += _shared((times[begin][0], times[end - 1][1]), words[first:last])
    return found


def _shared(span: Span, words: Sequence[str]) -> list[Span]:
    """Return a span cut into one for each word, as long as the word is."""
    start, end = span
    total, at, found = sum(len(word) + 1 for word in words), 0, list[Span]()
    for word in words:
        begin, at = at, at + len(word) + 1
        found.append((start + (end - start) * begin / total, start + (end - start) * at / total))
    return found


def _plain(word: str) -> str:
    return "".join(letter for letter in word.lower() if letter.isalnum())
