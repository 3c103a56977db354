"""Every phrase of the dashboard, English and Polish side by side, one file a panel.

``{name}`` is filled in by the server. A phrase that counts holds its forms between bars: English
one|many, Polish one|few|many ("1 token|2 tokeny|5 tokenów").
"""

from ui.phrases.chat import CHAT
from ui.phrases.compare import COMPARE
from ui.phrases.documents import DOCUMENTS
from ui.phrases.errors import ERRORS
from ui.phrases.frame import FRAME
from ui.phrases.images import IMAGES
from ui.phrases.model_details import MODEL_DETAILS
from ui.phrases.models import MODELS
from ui.phrases.reading import READING
from ui.phrases.recordings import RECORDINGS
from ui.phrases.servers import SERVERS
from ui.phrases.speech import SPEECH
from ui.phrases.starters import STARTERS
from ui.phrases.templates import TEMPLATES
from ui.phrases.translate import TRANSLATE
from ui.phrases.translated_documents import TRANSLATED_DOCUMENTS
from ui.phrases.usage import USAGE
from ui.phrases.voice import VOICE

GROUPS = (
    FRAME,
    CHAT,
    COMPARE,
    DOCUMENTS,
    TEMPLATES,
    TRANSLATE,
    TRANSLATED_DOCUMENTS,
    IMAGES,
    SPEECH,
    READING,
    RECORDINGS,
    MODELS,
    MODEL_DETAILS,
    SERVERS,
    USAGE,
    STARTERS,
    VOICE,
    ERRORS,
)
PHRASES: dict[str, tuple[str, str]] = {key: phrase for group in GROUPS for key, phrase in group.items()}
