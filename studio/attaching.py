"""Files that go with messages, by way of the Studio: read, weighed against the model's context, thrown away."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import engines
from contract.document_requests import DocumentRequest
from contract.documents import Attachment
from contract.engine import Stop
from contract.errors import InvalidRequest
from contract.limits import Limits
from contract.messages import Message
from contract.models import Kind, ModelSpec
from contract.requests import ChatRequest, Request
from store import Conversations, Document, Documents, StoredMessage
from studio import context, grounding
from studio.caller import Caller
from studio.chat_settings import ChatSettings
from studio.job import Job
from studio.residency import Residency

NOT_SEEN = "[A picture, which this model can't see.]"


@dataclass(frozen=True, slots=True)
class Weight:
    """What a message would weigh if it were sent now.

    Attributes:
        tokens: Of each file, by its id; pictures are left out.
        total: Of the whole conversation as it would be sent.
        context_tokens: What the model takes; None: not known.
        estimated: The model has no tokenizer at hand, so the figures come from the lengths.
        cut: Files that would be cut, with the share that would be sent.
        blind: Pictures that the model can't see, by name.
    """

    tokens: Mapping[str, int]
    total: int
    context_tokens: int | None
    estimated: bool
    cut: tuple[tuple[str, float], ...] = ()
    blind: tuple[str, ...] = ()


class Attaching:
    """What a Studio does with files that go with messages."""

    conversations: Conversations
    documents: Documents
    limits: Limits
    residency: Residency

    def submit(self, request: Request, caller: Caller | None = None) -> Job:
        """Take a request; see Studio."""
        raise NotImplementedError

    def spec(self, name: str | None, kind: Kind) -> ModelSpec:
        """Return a usable model; see Studio."""
        raise NotImplementedError

    def attach(self, path: Path, name: str, caller: Caller, *, private: bool = False) -> Job:
        """Read a file, to go with a message; its last event but one is DocumentRead.

        Args:
            private: Nothing of it is kept; the event has its text.
        """
        return self.submit(DocumentRequest(path=path, name=name, private=private), caller)

    def check_attachments(self, document_ids: Sequence[str], settings: ChatSettings, caller: Caller) -> None:
        """Raise NotFound for a file of somebody else's, InvalidRequest for pictures that the model can't see."""
        if len(document_ids) > self.limits.attachments:
            raise InvalidRequest(
                f"There are {len(document_ids)} files; a message takes {self.limits.attachments}. Remove some.",
                field="attachments",
            )
        files = [self.documents.get(document_id, caller.owner) for document_id in document_ids]
        spec = self.spec(settings.model, "chat")
        blind = [file.name for file in files if file.form == "image" and not sees(spec)]
        if blind:
            raise no_sight(spec, blind[0])

    def turns(self, messages: Sequence[StoredMessage], model: str | None, owner: str) -> list[Message]:
        """Return stored messages as a model gets them, with their files.

        Raises:
            InvalidRequest: The last one of the user shows a picture, and the model can't see.
        """
        files = self.documents.of_messages([message.id for message in messages])
        if not files:
            return [Message(message.role, message.content) for message in messages if message.content]
        spec = self.spec(model, "chat")
        last = max(place for place, message in enumerate(messages) if message.role == "user")
        made = []
        for place, message in enumerate(messages):
            own = files.get(message.id, ())
            pictures = [file for file in own if file.form == "image"]
            if pictures and place == last and not sees(spec):
                raise no_sight(spec, pictures[0].name)
            if own or message.content:
                made.append(self._turn(message.role, message.content, own, spec, owner))
        return made

    def _turn(self, role: str, text: str, files: Sequence[Document], spec: ModelSpec, owner: str) -> Message:
        pictures = [file for file in files if file.form == "image"]
        seen = tuple(file.path.read_bytes() for file in pictures) if sees(spec) else ()
        texts = [
            Attachment(file.name, NOT_SEEN if file.form == "image" else self.documents.text(file.id, owner))
            for file in files
            if file.form != "image" or not seen
        ]
        return Message(role, text, images=seen, attachments=tuple(texts))  # type: ignore[arg-type]  # a stored role

    def weigh(
        self,
        document_ids: Sequence[str],
        caller: Caller,
        *,
        conversation_id: str | None = None,
        system: str = "",
        settings: ChatSettings | None = None,
    ) -> Weight:
        """Return what files would weigh in a conversation's next message; waits, for the model to load too.

        Raises:
            StudioError: There is no such model or conversation, or the model can't be loaded.
        """
        settings = settings or ChatSettings()
        files = self.documents.some(document_ids, caller.owner)
        before = self.conversations.messages(conversation_id, caller.owner) if conversation_id else []
        turns = self.turns(before, settings.model, caller.owner) if before else []
        texts = {
            file.id: Attachment(file.name, self.documents.text(file.id, caller.owner))
            for file in files
            if file.form != "image"
        }
        pictures = [file.name for file in files if file.form == "image"]
        return self.weigh_texts(texts, pictures, turns, system=system, settings=settings)

    def weigh_texts(
        self,
        texts: Mapping[str, Attachment],
        pictures: Sequence[str],
        turns: Sequence[Message],
        *,
        system: str = "",
        settings: ChatSettings | None = None,
    ) -> Weight:
        """Return what texts would weigh in the next message after some turns; otherwise as ``weigh``.

        Args:
            texts: By the id that the result calls them by.
            pictures: Names of the pictures that go along.
        """
        settings = settings or ChatSettings()
        spec = self.spec(settings.model, "chat")
        first = (Message("system", system),) if system.strip() else ()
        mine = Message("user", "", attachments=tuple(texts.values()))
        chat = ChatRequest(messages=(*first, *turns, mine), **asdict(settings))
        engine = engines.ENGINES[spec.engine]
        engines.require(engine)
        with self.residency.use(context.spec_for(chat, spec), Stop(), lambda: None) as ready:
            context_tokens = context.length_of(chat, spec, ready)
            fitted = grounding.fit(chat, (), grounding.counter(ready), context_tokens, self.limits.chat_characters)
        own = fitted.tokens[len(fitted.tokens) - len(texts) :]
        return Weight(
            tokens=dict(zip(texts, own, strict=True)),
            total=fitted.total,
            context_tokens=context_tokens,
            estimated="count_tokens" not in engine.options,
            cut=fitted.cut,
            blind=() if sees(spec) else tuple(pictures),
        )


def sees(spec: ModelSpec) -> bool:
    """Whether a model's engine takes pictures."""
    return "images" in engines.ENGINES[spec.engine].options


def no_sight(spec: ModelSpec, name: str) -> InvalidRequest:
    """Return the refusal of a picture."""
    return InvalidRequest(
        f"{spec.title} can't see pictures, so {name} can't be sent to it. Remove the picture, or choose a model that "
        "sees, such as gemma3:4b on Ollama.",
        field="images",
        model=spec.id,
    )
