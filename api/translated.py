"""A translation sentence by sentence: where each stands, other wordings, what its checks and one's own terms say."""

from api.schemas import Reply
from studio import Aligned, Checked, Job


class Sentence(Reply):
    """A sentence and its translation, each by its place in code points, and what there is to say of it.

    ``alternatives`` are other wordings. ``faults`` names what a check found wrong: empty, echoed, repeated, truncated,
    overlong, language, numbers, placeholders, tags, addresses. ``origin`` is ``memory`` where an earlier edit was
    taken, ``similarity`` how like the memory's most similar sentence this one is, ``terms`` the glossary's terms in
    the translation.
    """

    source_start: int
    source_end: int
    start: int
    end: int
    alternatives: list[str]
    faults: list[str]
    origin: str
    similarity: float
    terms: list[str]


def sentences_of(job: Job) -> list[dict[str, object]]:
    """Return the sentences of a translation job as JSON."""
    events = [event for _, event in job.snapshot()]
    told = {event.start: event for event in events if isinstance(event, Checked)}
    found: list[dict[str, object]] = []
    for event in events:
        if isinstance(event, Aligned):
            said = told.get(event.start, Checked(event.start, event.end))
            found.append(
                {
                    "source_start": event.source_start,
                    "source_end": event.source_end,
                    "start": event.start,
                    "end": event.end,
                    "alternatives": list(event.alternatives),
                    "faults": list(said.faults),
                    "origin": said.origin,
                    "similarity": round(said.similarity, 3),
                    "terms": list(said.terms),
                }
            )
    return found
