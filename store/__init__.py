"""SQLite through sqlite-utils: the log, jobs, conversations and artifacts; knows no engine."""

from store.api_keys import ApiKey, ApiKeys
from store.artifacts import Artifacts, StoredFile
from store.benchmarks import Benchmark, Benchmarks
from store.collections import Collection, Collections
from store.conversation_rows import Conversation, Revision
from store.conversation_trees import ConversationTree, TreeFile, TreeMessage, add_trees, tree_of
from store.conversations import Conversations, QueuedMessage
from store.database import Database
from store.documents import Document, Documents
from store.downloads import DownloadRow, Downloads, DownloadState
from store.gallery import Gallery, PictureFilter, StoredPicture
from store.image_grids import CellState, GridCell, ImageGrid, ImageGrids
from store.image_queue import ImageQueue, QueueEntry
from store.interactions import Interaction, InteractionFilter, Interactions
from store.jobs import JobRow, Jobs
from store.message_tree import StoredMessage, title_of
from store.models import ModelRow, Models
from store.narrations import Narration, Narrations, Sentence
from store.passages import FoundPassage, NewPassage, Passages
from store.preferences import Preferences
from store.providers import ProviderRow, Providers
from store.recordings import Picture, Recording, Recordings, StepJson, Version
from store.responses import Responses, StoredResponse
from store.search import Hit, Search
from store.sqlite import Transaction, plain_text
from store.templates import StoredTemplate, Templates
from store.transcripts import KeptTranscript, Transcripts
from store.translated_documents import TranslatedDocument, TranslatedDocuments, TranslatedSegment
from store.translation_memory import Direction, Glossaries, Memory, Term, TranslationMemory

__all__ = [
    "ApiKey",
    "ApiKeys",
    "Artifacts",
    "Benchmark",
    "Benchmarks",
    "CellState",
    "Collection",
    "Collections",
    "Conversation",
    "ConversationTree",
    "Conversations",
    "Database",
    "Direction",
    "Document",
    "Documents",
    "DownloadRow",
    "DownloadState",
    "Downloads",
    "FoundPassage",
    "Gallery",
    "Glossaries",
    "GridCell",
    "Hit",
    "ImageGrid",
    "ImageGrids",
    "ImageQueue",
    "Interaction",
    "InteractionFilter",
    "Interactions",
    "JobRow",
    "Jobs",
    "KeptTranscript",
    "Memory",
    "ModelRow",
    "Models",
    "Narration",
    "Narrations",
    "NewPassage",
    "Passages",
    "Picture",
    "PictureFilter",
    "Preferences",
    "ProviderRow",
    "Providers",
    "QueueEntry",
    "QueuedMessage",
    "Recording",
    "Recordings",
    "Responses",
    "Revision",
    "Search",
    "Sentence",
    "StepJson",
    "StoredFile",
    "StoredMessage",
    "StoredPicture",
    "StoredResponse",
    "StoredTemplate",
    "Templates",
    "Term",
    "Transaction",
    "Transcripts",
    "TranslatedDocument",
    "TranslatedDocuments",
    "TranslatedSegment",
    "TranslationMemory",
    "TreeFile",
    "TreeMessage",
    "Version",
    "add_trees",
    "plain_text",
    "title_of",
    "tree_of",
]
