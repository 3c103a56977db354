"""Conversations by way of the Studio: say, edit, write again, go on, wait in line, name, delete with a way back.

Each stores what a person wrote before the model is asked, and the reply grows in the store. What
follows after a reply (the next waiting message, a title) is a task of the background thread.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import TypedDict, Unpack

import engines
from contract.documents import Attachment
from contract.errors import StudioError
from contract.messages import Message
from contract.models import Kind
from contract.requests import ChatRequest, Request
from store import Conversation, Database, Interactions, QueuedMessage, Revision, add_trees
from store.database import timestamp
from studio import titles
from studio.adopting import tree_of_job
from studio.attaching import Attaching
from studio.background import Background
from studio.caller import Caller
from studio.chat_settings import ChatSettings, system_of
from studio.job import Job
from studio.lanes import Lane

KEPT_DELETED_S = 600.0
ECHO_LANE = "echo"
HEARD = (
    "This is a conversation by voice: your reply is read aloud. Answer in the language you are spoken to, in a few "
    "short sentences of plain text, without lists, tables, headings, emoji or code unless you are asked for them."
)
NOTHING_NEW = "…"  # stands for the message where a reply is written again or goes on


class Asking(TypedDict, total=False):
    """How a reply is asked for.

    Attributes:
        revision: The one that the page shows, or a check inside the write; None: whatever it is.
        system: Instructions put before the conversation.
        settings: Model and sampling; the conversation keeps both.
        attachments: Ids of documents that go with the message; None: those that an edited one has.
        spoken: The reply will be heard, so the model is told to be brief and plain; not kept.
    """

    revision: Revision
    system: str
    settings: ChatSettings | None
    attachments: Sequence[str] | None
    spoken: bool


# Puts a growing reply into a conversation: its id, the model and the revision to the reply's id.
Place = Callable[[str, str | None, Revision], str]


class Conversing(Attaching):
    """What a Studio does with conversations."""

    interactions: Interactions
    _database: Database
    lanes: dict[str, Lane]

    def refuse(
        self, request: Request, caller: Caller, error: StudioError, conversation_id: str | None = None
    ) -> StudioError:
        """Log a refused request; see Studio."""
        raise NotImplementedError

    def job(self, job_id: str, caller: Caller) -> Job:
        """Return a job of the caller's; see Studio."""
        raise NotImplementedError

    def jobs(self, caller: Caller | None, kind: Kind | None = None) -> list[Job]:
        """Return the unfinished jobs; see Studio."""
        raise NotImplementedError

    def begin_conversing(self) -> None:
        """Start with no task; what was deleted before the start is purged when its time has come."""
        self.background = Background()
        self._titling: set[Job] = set()
        self.background.put(self._purge)

    def end_conversing(self) -> None:
        """Let the background thread go."""
        self.background.close()

    # Saying: one path for all four ways; they differ in where the growing reply is put in the tree

    def say(
        self, conversation_id: str | None, text: str, caller: Caller, **how: Unpack[Asking]
    ) -> tuple[Conversation, Job]:
        """Say something in a conversation; the reply is saved there as it grows.

        Args:
            conversation_id: None begins a new one.

        Raises:
            Conflict: The conversation was changed elsewhere, or a reply is being written.
            StudioError: The request is refused; the text is kept in the conversation all the same.
        """

        def place(id: str, model: str | None, revision: Revision) -> str:
            return self.conversations.ask(id, caller.owner, text, model, revision, how.get("attachments") or ())[1]

        return self._ask(conversation_id, text, caller, place, **how)

    def edit(
        self, conversation_id: str, message_id: str, text: str, caller: Caller, **how: Unpack[Asking]
    ) -> tuple[Conversation, Job]:
        """Say a user's message in other words, as a branch beside it; otherwise as ``say``."""
        along = how.get("attachments")
        if along is None:
            along = [file.id for file in self.documents.of_messages([message_id]).get(message_id, ())]
        how["attachments"] = along

        def place(id: str, model: str | None, revision: Revision) -> str:
            return self.conversations.edit(id, caller.owner, message_id, text, model, revision, along)[1]

        return self._ask(conversation_id, text, caller, place, **how)

    def regenerate(
        self, conversation_id: str, message_id: str, caller: Caller, **how: Unpack[Asking]
    ) -> tuple[Conversation, Job]:
        """Let a reply be written again, as a branch beside it, or one to a message that has none; as ``say``."""

        def place(id: str, model: str | None, revision: Revision) -> str:
            return self.conversations.regenerate(id, caller.owner, message_id, model, revision)

        return self._ask(conversation_id, None, caller, place, **how)

    def resume(
        self, conversation_id: str, message_id: str, caller: Caller, **how: Unpack[Asking]
    ) -> tuple[Conversation, Job]:
        """Let the last reply go on from where it was cut; otherwise as ``say``."""

        def place(id: str, model: str | None, revision: Revision) -> str:
            self.conversations.resume(id, caller.owner, message_id, revision)
            return message_id

        return self._ask(conversation_id, None, caller, place, **how)

    def _ask(
        self,
        conversation_id: str | None,
        text: str | None,
        caller: Caller,
        place: Place,
        *,
        revision: Revision = None,
        system: str = "",
        settings: ChatSettings | None = None,
        attachments: Sequence[str] | None = None,
        spoken: bool = False,
    ) -> tuple[Conversation, Job]:
        """Check, put the growing reply into its place, and ask the model for it.

        Args:
            text: What the person says now; None: nothing new.
        """
        settings = settings or ChatSettings()
        request = self._checked(text, settings, caller, conversation_id, attachments or ())
        try:
            if conversation_id is None:
                conversation_id = self.conversations.create(caller.owner, "", settings.kept(system)).id
            reply_id = place(conversation_id, settings.model, revision)
        except StudioError as error:
            self.refuse(request, caller, error, conversation_id)
            raise
        return self._answer(conversation_id, reply_id, caller, system, settings, HEARD if spoken else "")

    def _checked(
        self,
        text: str | None,
        settings: ChatSettings,
        caller: Caller,
        conversation_id: str | None,
        attachments: Sequence[str] = (),
    ) -> ChatRequest:
        """Return the request that a text alone would be, refused and logged before anything is stored."""
        along = tuple(Attachment(document_id, "") for document_id in attachments)
        said = Message("user", NOTHING_NEW if text is None else text, attachments=along)
        request = ChatRequest(messages=(said,), **asdict(settings))
        try:
            request.check(self.limits)
            if attachments:
                self.check_attachments(attachments, settings, caller)
            if conversation_id is not None:
                self.conversations.get(conversation_id, caller.owner)
        except StudioError as error:
            self.refuse(request, caller, error, conversation_id)
            raise
        return request

    def _answer(
        self, conversation_id: str, reply_id: str, caller: Caller, system: str, settings: ChatSettings, heard: str = ""
    ) -> tuple[Conversation, Job]:
        """Ask the model for a growing reply, and for what follows once it ended.

        Args:
            heard: Instructions for this reply alone, behind those that are kept.
        """
        for job in tuple(self._titling):
            job.cancel()  # who writes never waits for a title
        try:
            stored = self.conversations.messages(conversation_id, caller.owner)
            turns = self.turns(stored, settings.model, caller.owner)
            told = "\n\n".join(text for text in (system, heard) if text.strip())
            before = (Message("system", told),) if told else ()
            request = ChatRequest(messages=(*before, *turns), reply_id=reply_id, **asdict(settings))
            job = self.submit(request, caller)
        except StudioError as error:
            self.conversations.fail_reply(reply_id, error.message)
            raise
        conversation = self.conversations.keep_settings(conversation_id, caller.owner, settings.kept(system))
        job.on_end(lambda: self.background.put(lambda: self._after(conversation_id, job)))
        return conversation, job

    def adopt(self, job_id: str, caller: Caller) -> Conversation:
        """Make a conversation of a finished chat job, as if it had been asked there.

        Raises:
            NotFound: There is no such job. InvalidRequest: It said nothing that can be gone on with.
        """
        job = self.job(job_id, caller)
        [made] = add_trees(self._database, caller.owner, [tree_of_job(job)], self.documents)
        self.interactions.belong_to(job.id, made)
        return self.conversations.get(made, caller.owner)

    # Waiting in line

    def enqueue(
        self, conversation_id: str, text: str, caller: Caller, attachments: Sequence[str] = ()
    ) -> QueuedMessage:
        """Keep a message until the reply that is being written is done; then it is sent by itself.

        After a reply that was stopped or failed it goes on waiting, for the person to decide.

        Raises:
            StudioError: The text is refused, or too many wait.
        """
        kept = ChatSettings.of(self.conversations.get(conversation_id, caller.owner).settings)
        self._checked(text, kept, caller, conversation_id, attachments)
        message = self.conversations.enqueue(conversation_id, caller.owner, text, attachments)
        if not any(job.conversation_id == conversation_id for job in self.jobs(caller, "chat")):
            self.background.put(lambda: self.send_queued(conversation_id, caller))  # it ended meanwhile
        return message

    def send_queued(
        self, conversation_id: str, caller: Caller, message_id: str | None = None
    ) -> tuple[Conversation, Job] | None:
        """Send a waiting message, the next one unless named; None when there is none.

        Raises:
            StudioError: As in ``say``; the message waits on.
        """
        conversation = self.conversations.get(conversation_id, caller.owner)
        message = self.conversations.take_queued(conversation_id, caller.owner, message_id)
        if message is None:
            return None
        kept = conversation.settings
        try:
            return self.say(
                conversation_id,
                message.content,
                caller,
                system=system_of(kept),
                settings=ChatSettings.of(kept),
                attachments=message.attachments,
            )
        except StudioError:
            self.conversations.enqueue(conversation_id, caller.owner, message.content, message.attachments)
            raise

    def _after(self, conversation_id: str, job: Job) -> None:
        if job.state != "done":
            return
        try:
            if self.send_queued(conversation_id, job.caller) is None:
                self._name(conversation_id, job)
        except StudioError:
            return  # it is deleted, or another tab was first

    # Titles

    def _name(self, conversation_id: str, job: Job) -> None:
        """Let the model name a conversation after its first exchange, while nobody else needs it."""
        spec, caller = job.spec, job.caller
        conversation = self.conversations.get(conversation_id, caller.owner)
        if conversation.title_by != "words" or spec is None:
            return
        lane = engines.ENGINES[spec.engine].lane
        busy = self.lanes[lane].waiting or self.lanes[lane].running > 1
        # Echo would say the first words again, and those the conversation is called by already.
        if lane == ECHO_LANE or busy:
            return
        turns = self.conversations.messages(conversation_id, caller.owner, limit=titles.EXCHANGES * 2 + 1)
        said = [Message(turn.role, turn.content) for turn in turns if turn.content]
        context_tokens = job.request.context_tokens if isinstance(job.request, ChatRequest) else None
        request = titles.request(said, spec.id, context_tokens)
        if len(turns) > titles.EXCHANGES * 2 or request is None:
            return
        naming = self.submit(request, caller)
        self._titling.add(naming)

        def named() -> None:
            self._titling.discard(naming)
            title = titles.clean(naming.text(), [turn.content for turn in turns]) if naming.state == "done" else None
            if title is not None:
                self.background.put(lambda: self.conversations.propose_title(conversation_id, caller.owner, title))

        naming.on_end(named)

    # Deleting

    def delete_conversation(self, conversation_id: str, caller: Caller, revision: Revision = None) -> None:
        """Take a conversation out of sight and stop its reply; ``restore`` has ten minutes, then it is purged."""
        self.conversations.delete(conversation_id, caller.owner, revision)
        for job in self.jobs(caller, "chat"):
            if job.conversation_id == conversation_id:
                job.cancel()
        self.background.later(KEPT_DELETED_S + 1, self._purge)

    def _purge(self) -> None:
        """Purge what was deleted long enough ago; what a crash left has its time from the start on."""
        self.conversations.purge(timestamp(datetime.now(UTC) - timedelta(seconds=KEPT_DELETED_S)))
        self.documents.sweep()
