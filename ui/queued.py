"""Messages that wait while a reply is being written: put in the line, and taken back into the box."""

from collections.abc import Sequence

from studio import Caller, Studio
from ui.messages import queue
from ui.opened import job_of, read
from ui.words import Words


def enqueue(
    studio: Studio, conversation_id: str, text: str, attached: Sequence[str], words: Words, caller: Caller
) -> str:
    """Let a message wait where a reply is being written; returns what is drawn, "" where none is written."""
    if job_of(studio, read(studio, conversation_id, caller.owner, 1), caller) is None:
        return ""
    studio.enqueue(conversation_id, text, caller, attached)
    return queue(read(studio, conversation_id, caller.owner, 1), words, running=True)


def take_back(
    studio: Studio, conversation_id: str, message_id: str, written: str, words: Words, caller: Caller
) -> tuple[str, str, Sequence[str]]:
    """Take a message out of the line; returns what is drawn, the box's new text and the message's files.

    Args:
        written: What stands in the box; it stays below the message.
    """
    taken = studio.conversations.take_queued(conversation_id, caller.owner, message_id)
    opened = read(studio, conversation_id, caller.owner, 1)
    drawn = queue(opened, words, running=job_of(studio, opened, caller) is not None)
    if taken is None:
        return drawn, written, ()
    return drawn, "\n\n".join(filter(str.strip, [taken.content, written])), taken.attachments
