"""The request that translates a document; the document itself was handed in before."""

from dataclasses import dataclass
from typing import ClassVar

from contract.limits import Limits, check_model, check_pair
from contract.models import Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class TranslateDocumentRequest:
    """Translate a document that was handed in before, or go on with it; what is translated already is kept.

    Attributes:
        document: Its id.  name: The name of its file.
        glossary, memory: As in TranslateRequest.
    """

    kind: ClassVar[Kind] = "translation"
    document: str
    name: str
    target_lang: str
    source_lang: str | None = None
    model: str | None = None
    glossary: bool = True
    memory: bool = True

    def check(self, limits: Limits) -> None:
        """Raise InvalidRequest with the field, the value and the rule."""
        check_model(self.model)
        check_pair(self.source_lang, self.target_lang)
