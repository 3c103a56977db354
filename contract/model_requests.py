"""The request to take in a model that lies on this machine already."""

from dataclasses import dataclass
from typing import ClassVar

from contract.errors import InvalidRequest
from contract.limits import Limits, check_language, check_model
from contract.messages import check_plain
from contract.models import Kind

PATH_CHARACTERS = 4_096


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportRequest:
    """Take in a model from a file or a folder on this machine; what it is, its bytes tell.

    Attributes:
        path: Of the file or folder.
        name: The model's id; None: from the name of the file or folder.
        link: Link the files where they are, on the same disk, in place of copying them.
        source_lang, target_lang: Of a translation model whose files do not tell.
    """

    kind: ClassVar[Kind] = "download"
    model: ClassVar[None] = None
    path: str
    name: str | None = None
    link: bool = False
    source_lang: str | None = None
    target_lang: str | None = None

    def check(self, limits: Limits) -> None:
        """Raise InvalidRequest with the field, the value and the rule."""
        if not isinstance(self.path, str) or not self.path.strip() or len(self.path) > PATH_CHARACTERS:
            raise InvalidRequest("path is empty or too long. Name one file or folder of this machine.", field="path")
        check_plain("path", self.path)
        check_model(self.name, "name")
        check_language("source_lang", self.source_lang)
        check_language("target_lang", self.target_lang)
