"""Conversations out of the studio and into it, by way of files."""

from collections.abc import Iterator
from dataclasses import dataclass

from contract.errors import NotFound
from store import Conversations, Database, Documents, add_trees, tree_of
from studio import exporting, importing
from studio.caller import Caller

EXPORTED_MOST = 1_000_000


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import stored.

    Attributes:
        ids: Of the new conversations, in the file's order.
        messages: How many they hold.
        left_out: How many parts of messages were no text.
    """

    ids: tuple[str, ...]
    messages: int
    left_out: int


class Carrying:
    """What a Studio does with files of conversations."""

    conversations: Conversations
    documents: Documents
    _database: Database

    def export_conversation(
        self, conversation_id: str, caller: Caller, form: exporting.Format = "json"
    ) -> exporting.Exported:
        """Return a conversation of the caller's as a file; raises NotFound when it is not theirs."""
        conversation = self.conversations.get(conversation_id, caller.owner)
        return exporting.export(
            tree_of(conversation, self.conversations.all_messages(conversation_id, caller.owner), self.documents), form
        )

    def export_conversations(self, caller: Caller) -> Iterator[str]:
        """Yield all conversations of the caller's as one JSON file that can be imported again, piece by piece."""
        yield "["
        begun = False
        # Which ones there are is read at once: a conversation that is changed meanwhile moves to another place.
        for conversation in self.conversations.page(caller.owner, EXPORTED_MOST):
            try:
                messages = self.conversations.all_messages(conversation.id, caller.owner)
            except NotFound:  # it was deleted meanwhile
                continue
            yield (",\n" if begun else "\n") + exporting.to_json(tree_of(conversation, messages, self.documents))
            begun = True
        yield "\n]\n"

    def import_conversations(self, data: bytes, caller: Caller) -> Imported:
        """Store every conversation of a file for the caller, or none; waits for the store.

        Args:
            data: What ``export_conversation`` made as JSON, ChatGPT's ``conversations.json``, or a zip with it.

        Raises:
            InvalidRequest: The file is damaged; the message names the place.
            InputTooLarge: It has more than 100 MB.
        """
        found = importing.read_file(data)
        ids = add_trees(self._database, caller.owner, found.trees, self.documents)
        return Imported(tuple(ids), sum(len(tree.messages) for tree in found.trees), found.left_out)
