"""A conversation as one page has it open: a window on its branch in view, and the job that writes in it."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from studio import Caller, ChatRequest, Conversation, Document, Job, QueuedMessage, Source, StoredMessage, Studio

WINDOW = 50
AROUND = 10  # messages shown below one that was searched for
LOOK_AGAIN_S = 0.02
JOB_TIMEOUT_S = 1.0


@dataclass(frozen=True, slots=True)
class Opened:
    """A conversation as the page shows it.

    Attributes:
        more, later: Whether the branch goes on above and below what is shown.
        siblings: Of each message, the versions that there are.
        queued: What waits to be sent.
        files: Of each message that has any.
        sources: What each reply may cite, by its id.
    """

    conversation: Conversation
    messages: Sequence[StoredMessage]
    more: bool
    siblings: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    queued: Sequence[QueuedMessage] = ()
    later: bool = False
    files: Mapping[str, tuple[Document, ...]] = field(default_factory=dict)
    sources: Mapping[str, tuple[Source, ...]] = field(default_factory=dict)

    @property
    def growing(self) -> StoredMessage | None:
        """The reply that is being written, if there is one."""
        last = self.messages[-1] if self.messages else None
        return last if last is not None and last.state == "growing" else None


def read(studio: Studio, conversation_id: str, owner: str, window: int, bottom: str = "") -> Opened:
    """Read the last messages of a conversation.

    Args:
        window: How many.
        bottom: The last message to show; "": the last there is.

    Raises:
        NotFound: It is not this owner's, or deleted.
    """
    store = studio.conversations
    conversation = store.get(conversation_id, owner)
    messages = store.messages(conversation_id, owner, limit=window + 1, until=bottom or None)
    shown = messages[-window:]
    return Opened(
        conversation,
        shown,
        more=len(messages) > window,
        siblings=store.siblings(shown),
        queued=store.queued(conversation_id, owner),
        later=bool(bottom and shown and shown[-1].id != conversation.leaf_id),
        files=studio.documents.of_messages([message.id for message in shown]),
        sources=studio.documents.sources_of([message.id for message in shown]),
    )


def bottom_for(studio: Studio, conversation_id: str, owner: str, message_id: str) -> str:
    """Look at the branch of a message, and return the last message to show with it ("": the last there is)."""
    store = studio.conversations
    below = store.depth(conversation_id, owner, message_id)
    if below is None:
        store.choose(conversation_id, owner, message_id)
        below = store.depth(conversation_id, owner, message_id) or 0
    if below < WINDOW - AROUND:
        return ""
    return store.messages(conversation_id, owner, limit=below + 1)[AROUND].id


def job_of(studio: Studio, opened: Opened, caller: Caller) -> Job | None:
    """Return the job that writes the growing reply."""
    growing = opened.growing
    if growing is None:
        return None
    for job in studio.jobs(caller):
        if isinstance(job.request, ChatRequest) and job.request.reply_id == growing.id:
            return job
    return None


async def look(
    studio: Studio, conversation_id: str, caller: Caller, window: int, bottom: str = "", job: Job | None = None
) -> tuple[Opened, Job | None]:
    """Return the conversation and the job that writes in it, the two as of one moment."""
    opened = await asyncio.to_thread(read, studio, conversation_id, caller.owner, window, bottom)
    job = job_of(studio, opened, caller) or job
    deadline = time.monotonic() + JOB_TIMEOUT_S
    while opened.growing is not None and job is None and time.monotonic() < deadline:
        # It ended between the two looks, or its message is stored and the job comes in a moment.
        await asyncio.sleep(LOOK_AGAIN_S)
        opened = await asyncio.to_thread(read, studio, conversation_id, caller.owner, window, bottom)
        job = job_of(studio, opened, caller)
    return opened, job


async def next_look(
    studio: Studio, conversation_id: str, caller: Caller, window: int, ended: Job
) -> tuple[Opened, Job | None]:
    """Look again after a reply's end: at the finished reply, or at the answer to the message that waited."""
    opened, job = await look(studio, conversation_id, caller, window)
    deadline = time.monotonic() + JOB_TIMEOUT_S
    while job is None and opened.queued and ended.state == "done" and time.monotonic() < deadline:
        await asyncio.sleep(LOOK_AGAIN_S)
        opened, job = await look(studio, conversation_id, caller, window)
    return opened, job


def goes_on(job: Job) -> bool:
    """Whether a job continues a reply that was begun before."""
    return isinstance(job.request, ChatRequest) and job.request.messages[-1].role == "assistant"


def id_of(place: object) -> str:
    """Return the conversation that a page says it shows; anything odd is none."""
    found = place.get("id") if isinstance(place, Mapping) else None
    return found if isinstance(found, str) else ""


def revision_of(place: object) -> int | None:
    """Return the revision that a page says it was loaded at."""
    found = place.get("revision") if isinstance(place, Mapping) and id_of(place) else None
    return found if isinstance(found, int) else None


def text_of(value: object) -> str:
    """Return a text that a page sent; anything else is ""."""
    return value if isinstance(value, str) else ""
