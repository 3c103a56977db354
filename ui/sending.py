"""What an open page has just sent: a message is stored once, and in one conversation, before the page is told of it.

Whoever presses Enter twice, or writes on at once, sends again what the page still shows: the same text, or
another one for a new conversation that has long begun.
"""

import asyncio
from collections.abc import Sequence


class Sent:
    """A message on its way.

    Args:
        what: All that the page said of it.
        before: The one that is still on its way, if any.
    """

    def __init__(self, what: Sequence[object], before: "Sent | None") -> None:
        self.what = tuple(what)
        self._before = None if before is None else before._conversation
        self._conversation: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def begun(self) -> str:
        """Return the conversation that the message before it began or went to; "": there is none."""
        return "" if self._before is None else await asyncio.shield(self._before)

    def arrived(self, conversation_id: str) -> None:
        """Say where it went; "": nowhere. Only the first word counts."""
        if not self._conversation.done():
            self._conversation.set_result(conversation_id)


class Sending:
    """The message of each open page that is on its way. Belongs to the event loop."""

    def __init__(self) -> None:
        self._last: dict[str, Sent] = {}

    def begin(self, page: str, what: Sequence[object]) -> Sent | None:
        """Take a message; None: it is on its way already."""
        before = self._last.get(page)
        if before is not None and before.what == tuple(what):
            return None
        self._last[page] = sent = Sent(what, before)
        return sent

    def going(self, page: str) -> bool:
        """Whether a message of the page is on its way, or its reply."""
        return page in self._last

    def end(self, page: str, sent: Sent) -> None:
        """Let go of a message: the page knows of it by now, or it was refused."""
        sent.arrived("")
        if self._last.get(page) is sent:
            del self._last[page]

    def leave(self, page: str) -> None:
        """Forget what a page sent that shows something else now."""
        self._last.pop(page, None)
