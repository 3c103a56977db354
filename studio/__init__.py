"""The one path that every request takes, and all that surfaces and notebooks need of Hearth."""

from contract.audio import AudioAddRequest, AudioEditRequest, AudioForm, Join, Step, step_of
from contract.audio import told as step_told
from contract.document_requests import DocumentRequest
from contract.document_speech import ChapterFormat, SpeakDocumentRequest
from contract.document_translation import TranslateDocumentRequest
from contract.documents import Attachment, Form, Source
from contract.engine import Stop
from contract.errors import (
    Conflict,
    DoesNotFit,
    DownloadFailed,
    EngineFailed,
    EngineMissing,
    Forbidden,
    InputTooLarge,
    Interrupted,
    InvalidRequest,
    LaneFull,
    ModelDamaged,
    ModelDisabled,
    ModelNotInstalled,
    NotFound,
    PreconditionFailed,
    ProviderBusy,
    ProviderFailed,
    ProviderRefusedKey,
    ProviderUnreachable,
    SecretUnreadable,
    StorageFailed,
    StudioError,
    UnknownModel,
    error_class,
)
from contract.events import (
    Aligned,
    Artifact,
    Cancelled,
    Checked,
    Delta,
    Detected,
    DocumentRead,
    Done,
    Embedding,
    Event,
    Failed,
    Grounded,
    Likelihood,
    Loading,
    Progress,
    Queued,
    RecordingAdded,
    Segment,
    Spoken,
    Terminal,
    ToolCallDelta,
    Usage,
    Word,
)
from contract.ids import new_id
from contract.image_requests import ImageMemory, ImageQuality, ImageRequest, UpscaleRequest
from contract.limits import Limits
from contract.messages import Message, Role, Tool, ToolCall, ToolChoice
from contract.model_requests import ImportRequest
from contract.models import ContextRange, ImageRange, Kind, ModelSpec
from contract.narration import NarrateRequest, TranscribeRecordingRequest
from contract.reply_speech import SpeakReplyRequest
from contract.requests import (
    ChatRequest,
    DownloadRequest,
    EmbedRequest,
    Request,
    SpeechRequest,
    Tone,
    TranscribeRequest,
    TranslateRequest,
    TranslationEngine,
)
from store import (
    ApiKey,
    Benchmark,
    Collection,
    Conversation,
    Document,
    FoundPassage,
    GridCell,
    Hit,
    ImageGrid,
    Interaction,
    InteractionFilter,
    KeptTranscript,
    Memory,
    Narration,
    PictureFilter,
    QueuedMessage,
    QueueEntry,
    Recording,
    Revision,
    Sentence,
    StoredFile,
    StoredMessage,
    StoredPicture,
    StoredResponse,
    Term,
    TranslatedDocument,
    TranslatedSegment,
    Version,
)
from studio.aliases import KINDS, Alias, JobKind
from studio.attaching import Weight
from studio.audio_formats import SpeechFormat
from studio.caller import Caller, Via
from studio.carrying import Imported
from studio.chat_settings import ChatSettings, system_of
from studio.conversing import Asking
from studio.downloads import Download, download_id
from studio.drawing import QueuedImage
from studio.exporting import MIME as EXPORT_MIME
from studio.exporting import Exported
from studio.exporting import Format as ExportFormat
from studio.health import Health, LaneLoad, Part
from studio.image_parameters import ImageParameters
from studio.image_parameters import read as read_image_parameters
from studio.job import Job
from studio.keys import SCOPES, Keys, Scope, allows
from studio.languages import language_name
from studio.leftovers import Leftover
from studio.library import Pair
from studio.model_figures import Statistics
from studio.model_info import ModelInfo, ModelState
from studio.model_inventory import Dependants, ModelDetails
from studio.model_settings import Setting
from studio.provider_rows import CheckResult, Draft, ProviderInfo
from studio.results import AudioBook, Clip, Image, Passage, Sound, Stream, Text, Transcript, VoiceSample
from studio.scoring import Score
from studio.scoring import score as score_translations
from studio.settings import Settings
from studio.sound.instructions import Plan
from studio.sound.library import parse_steps, steps_of
from studio.sound.pictures import Waveform
from studio.studio import Studio
from studio.templates import Template, Templates, Variable
from studio.translating.exchange import GlossaryFormat
from studio.translating.exports import MIME as BILINGUAL_MIME
from studio.translating.exports import BilingualFormat
from studio.translating.formats import FORMATS as DOCUMENT_FORMATS
from studio.translating.html_text import words as html_words
from studio.translating.recalling import Match
from studio.usage import Usage as UsageReport

__all__ = [
    "BILINGUAL_MIME",
    "DOCUMENT_FORMATS",
    "EXPORT_MIME",
    "KINDS",
    "SCOPES",
    "Alias",
    "Aligned",
    "ApiKey",
    "Artifact",
    "Asking",
    "Attachment",
    "AudioAddRequest",
    "AudioBook",
    "AudioEditRequest",
    "AudioForm",
    "Benchmark",
    "BilingualFormat",
    "Caller",
    "Cancelled",
    "ChapterFormat",
    "ChatRequest",
    "ChatSettings",
    "CheckResult",
    "Checked",
    "Clip",
    "Collection",
    "Conflict",
    "ContextRange",
    "Conversation",
    "Delta",
    "Dependants",
    "Detected",
    "Document",
    "DocumentRead",
    "DocumentRequest",
    "DoesNotFit",
    "Done",
    "Download",
    "DownloadFailed",
    "DownloadRequest",
    "Draft",
    "EmbedRequest",
    "Embedding",
    "EngineFailed",
    "EngineMissing",
    "Event",
    "ExportFormat",
    "Exported",
    "Failed",
    "Forbidden",
    "Form",
    "FoundPassage",
    "GlossaryFormat",
    "GridCell",
    "Grounded",
    "Health",
    "Hit",
    "Image",
    "ImageGrid",
    "ImageMemory",
    "ImageParameters",
    "ImageQuality",
    "ImageRange",
    "ImageRequest",
    "ImportRequest",
    "Imported",
    "InputTooLarge",
    "Interaction",
    "InteractionFilter",
    "Interrupted",
    "InvalidRequest",
    "Job",
    "JobKind",
    "Join",
    "KeptTranscript",
    "Keys",
    "Kind",
    "LaneFull",
    "LaneLoad",
    "Leftover",
    "Likelihood",
    "Limits",
    "Loading",
    "Match",
    "Memory",
    "Message",
    "ModelDamaged",
    "ModelDetails",
    "ModelDisabled",
    "ModelInfo",
    "ModelNotInstalled",
    "ModelSpec",
    "ModelState",
    "NarrateRequest",
    "Narration",
    "NotFound",
    "Pair",
    "Part",
    "Passage",
    "PictureFilter",
    "Plan",
    "PreconditionFailed",
    "Progress",
    "ProviderBusy",
    "ProviderFailed",
    "ProviderInfo",
    "ProviderRefusedKey",
    "ProviderUnreachable",
    "QueueEntry",
    "Queued",
    "QueuedImage",
    "QueuedMessage",
    "Recording",
    "RecordingAdded",
    "Request",
    "Revision",
    "Role",
    "Scope",
    "Score",
    "SecretUnreadable",
    "Segment",
    "Sentence",
    "Setting",
    "Settings",
    "Sound",
    "Source",
    "SpeakDocumentRequest",
    "SpeakReplyRequest",
    "SpeechFormat",
    "SpeechRequest",
    "Spoken",
    "Statistics",
    "Step",
    "Stop",
    "StorageFailed",
    "StoredFile",
    "StoredMessage",
    "StoredPicture",
    "StoredResponse",
    "Stream",
    "Studio",
    "StudioError",
    "Template",
    "Templates",
    "Term",
    "Terminal",
    "Text",
    "Tone",
    "Tool",
    "ToolCall",
    "ToolCallDelta",
    "ToolChoice",
    "TranscribeRecordingRequest",
    "TranscribeRequest",
    "Transcript",
    "TranslateDocumentRequest",
    "TranslateRequest",
    "TranslatedDocument",
    "TranslatedSegment",
    "TranslationEngine",
    "UnknownModel",
    "UpscaleRequest",
    "Usage",
    "UsageReport",
    "Variable",
    "Version",
    "Via",
    "VoiceSample",
    "Waveform",
    "Weight",
    "Word",
    "allows",
    "download_id",
    "error_class",
    "html_words",
    "language_name",
    "new_id",
    "parse_steps",
    "read_image_parameters",
    "score_translations",
    "step_of",
    "step_told",
    "steps_of",
    "system_of",
]
