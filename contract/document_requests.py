"""The request to read a file, to attach it or to make it searchable in a collection."""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from contract.errors import InputTooLarge, InvalidRequest
from contract.limits import Limits, check_model
from contract.messages import check_plain
from contract.models import Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentRequest:
    """Read a file into text and keep both, to be attached; in a collection, make it searchable too.

    Attributes:
        path: The file; it stays where it is, and a copy is kept.
        name: What a person calls it.
        document: One that is kept already, instead of a file.
        collection: The collection that it goes into.
        model: The embedding model; None: the default one.
        private: Keep nothing of it: its text comes with DocumentRead, and the log has its figures alone.
    """

    kind: ClassVar[Kind] = "document"
    path: Path | None = None
    name: str = ""
    document: str | None = None
    collection: str | None = None
    model: str | None = None
    private: bool = False

    def check(self, limits: Limits) -> None:
        """Raise InvalidRequest or InputTooLarge with the field, the value and the rule."""
        check_model(self.model)
        if (self.path is None) == (self.document is None):
            raise InvalidRequest("There is no file. Choose one to attach.", field="file")
        if self.private and (self.collection is not None or self.document is not None):
            raise InvalidRequest("private goes with a file that is not kept. Leave one of them out.", field="private")
        if self.path is None:
            return
        check_plain("name", self.name)
        if not self.path.is_file():
            raise InvalidRequest("There is no file. Choose one to attach.", field="file")
        size = self.path.stat().st_size
        if size == 0:
            raise InvalidRequest(f"{self.name} is empty (0 bytes). Choose another file.", field="file")
        if size > limits.document_bytes:
            raise InputTooLarge(
                f"{self.name} has {size / 1e6:,.0f} MB; the limit is {limits.document_bytes / 1e6:,.0f} MB. "
                "Split it and attach the part that matters.",
                field="file",
                limit=limits.document_bytes,
            )
