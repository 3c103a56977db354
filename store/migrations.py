"""The numbered steps that make the database, each in one transaction with its record.

A step that has landed is never edited; a change is a new step at the end. Every row that belongs
to a person has an owner. Times are UTC in ISO 8601 with milliseconds, so that they sort as text,
read well in Datasette and parse in pandas. ``interactions`` refers to nothing by foreign key: it
outlives what it tells about.
"""

from store.audio_tables import AUDIO
from store.document_tables import DOCUMENTS, TRANSLATION
from store.image_tables import GRIDS, IMAGES, TAKEN_BACK
from store.model_tables import BENCHMARKS, DOWNLOADS, MODELS
from store.reading_tables import READING
from store.sqlite import Migrations, sqlite_utils

migrations = Migrations("hearth")


@migrations(name="0001_first")
def first(db: sqlite_utils.Database) -> None:
    """Make the log, jobs, conversations, artifacts and preferences."""
    for statement in FIRST:
        db.execute(statement)


@migrations(name="0002_growing_and_request_id")
def growing_and_request_id(db: sqlite_utils.Database) -> None:
    """Find replies that a crash left growing without reading every message; tie the log to the door."""
    db.execute("CREATE INDEX messages_growing ON messages (created_at) WHERE state = 'growing'")
    db.execute("ALTER TABLE interactions ADD COLUMN request_id TEXT")


@migrations(name="0003_api_keys")
def api_keys(db: sqlite_utils.Database) -> None:
    """Keep API keys by the digest of their text."""
    db.execute(
        """CREATE TABLE api_keys (
            id TEXT PRIMARY KEY,
            owner TEXT NOT NULL,
            name TEXT NOT NULL,
            hint TEXT NOT NULL,
            digest BLOB NOT NULL UNIQUE,
            scopes TEXT NOT NULL CHECK (json_valid(scopes)),
            created_at TEXT NOT NULL,
            expires_at TEXT,
            last_used_at TEXT,
            revoked_at TEXT
        )"""
    )


@migrations(name="0004_responses")
def responses(db: sqlite_utils.Database) -> None:
    """Keep what /v1/responses answered, so that the next request can go on from it."""
    db.execute(
        """CREATE TABLE responses (
            id TEXT PRIMARY KEY,
            owner TEXT NOT NULL,
            previous_id TEXT,
            created_at TEXT NOT NULL,
            turns TEXT NOT NULL CHECK (json_valid(turns)),
            input TEXT NOT NULL CHECK (json_valid(input)),
            response TEXT NOT NULL CHECK (json_valid(response))
        )"""
    )
    db.execute("CREATE INDEX responses_owner ON responses (owner, created_at)")


def known_steps() -> tuple[str, ...]:
    """Return the names of all steps that this Hearth knows."""
    return tuple(step.name for step in migrations._migrations)  # the library tells only applied and pending ones


@migrations(name="0005_trees_and_search")
def trees_and_search(db: sqlite_utils.Database) -> None:
    """Number the messages for the full-text index; let conversations be pinned, filed, tagged and taken back.

    The index needs a rowid that a backup by VACUUM INTO keeps, and only an INTEGER PRIMARY KEY is one.
    The parent no longer cascades: SQLite ends a chain of cascades after 1,000 messages.
    """
    for statement in TREES_AND_SEARCH:
        db.execute(statement)


@migrations(name="0006_providers")
def providers(db: sqlite_utils.Database) -> None:
    """Keep the model servers that were connected; of their keys only what the master key opens."""
    db.execute(
        """CREATE TABLE providers (
            id TEXT PRIMARY KEY,
            name TEXT NOT NULL UNIQUE,
            kind TEXT NOT NULL,
            url TEXT NOT NULL,
            created_at TEXT NOT NULL,
            secret BLOB,
            hint TEXT NOT NULL DEFAULT '',
            own_network INTEGER NOT NULL DEFAULT 0,
            timeout_s INTEGER NOT NULL,
            models TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(models)),
            found TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(found)),
            status TEXT NOT NULL,
            since TEXT NOT NULL,
            revision INTEGER NOT NULL DEFAULT 1
        )"""
    )


@migrations(name="0007_documents")
def documents(db: sqlite_utils.Database) -> None:
    """Keep files with their text, attached to messages and searchable in collections."""
    for statement in DOCUMENTS:
        db.execute(statement)


@migrations(name="0008_templates")
def templates(db: sqlite_utils.Database) -> None:
    """Keep prompt templates."""
    db.execute(
        """CREATE TABLE templates (
            id TEXT PRIMARY KEY,
            owner TEXT NOT NULL,
            name TEXT NOT NULL,
            text TEXT NOT NULL,
            created_at TEXT NOT NULL,
            updated_at TEXT NOT NULL
        )"""
    )
    db.execute("CREATE INDEX templates_owner ON templates (owner)")


@migrations(name="0009_translation")
def translation(db: sqlite_utils.Database) -> None:
    """Keep documents with their translated segments, glossaries, and the translations that people accepted."""
    for statement in TRANSLATION:
        db.execute(statement)


@migrations(name="0010_downloads")
def downloads(db: sqlite_utils.Database) -> None:
    """Keep downloads that are not finished, so that they go on after a restart."""
    for statement in DOWNLOADS:
        db.execute(statement)


@migrations(name="0010_models")
def models(db: sqlite_utils.Database) -> None:
    """Keep what the owner sets for each model, and what was measured of it."""
    for statement in MODELS:
        db.execute(statement)


@migrations(name="0010_benchmarks")
def benchmarks(db: sqlite_utils.Database) -> None:
    """Keep what models were measured at."""
    for statement in BENCHMARKS:
        db.execute(statement)


@migrations(name="0011_audio")
def audio(db: sqlite_utils.Database) -> None:
    """Keep the audio library: recordings, their steps, and what they look like."""
    for statement in AUDIO:
        db.execute(statement)


@migrations(name="0012_images")
def images(db: sqlite_utils.Database) -> None:
    """Star pictures, find what the log knows of each, and keep the queue of those to be drawn."""
    for statement in IMAGES:
        db.execute(statement)


@migrations(name="0014_document_audio")
def document_audio(db: sqlite_utils.Database) -> None:
    """Tell which file is a translated document read aloud."""
    db.execute("ALTER TABLE translated_documents ADD COLUMN audio_id TEXT")


@migrations(name="0018_reading")
def reading(db: sqlite_utils.Database) -> None:
    """Keep long texts that are read aloud, and transcripts that are edited."""
    for statement in READING:
        db.execute(statement)


@migrations(name="0020_pictures_taken_back")
def pictures_taken_back(db: sqlite_utils.Database) -> None:
    """Let deleted pictures be brought back for a while."""
    for statement in TAKEN_BACK:
        db.execute(statement)


@migrations(name="0023_image_grids")
def image_grids(db: sqlite_utils.Database) -> None:
    """Keep the grid of pictures that each person had drawn last."""
    for statement in GRIDS:
        db.execute(statement)


FIRST = (
    """CREATE TABLE interactions (
        id TEXT PRIMARY KEY,
        created_at TEXT NOT NULL,
        kind TEXT NOT NULL,
        engine TEXT,
        model TEXT,
        via TEXT NOT NULL,
        owner TEXT NOT NULL,
        job_id TEXT,
        conversation_id TEXT,
        parameters TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(parameters)),
        input TEXT,
        output TEXT,
        artifacts TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(artifacts)),
        tokens_in INTEGER,
        tokens_out INTEGER,
        tokens_cached INTEGER,
        characters INTEGER,
        audio_s REAL,
        queued_s REAL,
        load_s REAL,
        first_output_s REAL,
        duration_s REAL,
        status TEXT NOT NULL CHECK (status IN ('done', 'failed', 'cancelled', 'refused', 'interrupted')),
        error_code TEXT,
        error_message TEXT
    )""",
    "CREATE INDEX interactions_created ON interactions (created_at)",
    "CREATE INDEX interactions_owner ON interactions (owner, created_at)",
    """CREATE TABLE jobs (
        id TEXT PRIMARY KEY,
        owner TEXT NOT NULL,
        via TEXT NOT NULL,
        kind TEXT NOT NULL,
        model TEXT,
        state TEXT NOT NULL CHECK (state IN ('queued', 'running', 'done', 'failed', 'cancelled', 'interrupted')),
        created_at TEXT NOT NULL,
        finished_at TEXT,
        input TEXT,
        reply_id TEXT,
        instance TEXT NOT NULL,
        error_code TEXT,
        error_message TEXT
    )""",
    "CREATE INDEX jobs_owner ON jobs (owner, created_at)",
    "CREATE INDEX jobs_open ON jobs (state) WHERE state IN ('queued', 'running')",
    """CREATE TABLE conversations (
        id TEXT PRIMARY KEY,
        owner TEXT NOT NULL,
        title TEXT NOT NULL,
        revision INTEGER NOT NULL DEFAULT 0,
        leaf_id TEXT,
        settings TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(settings)),
        created_at TEXT NOT NULL,
        updated_at TEXT NOT NULL
    )""",
    "CREATE INDEX conversations_owner ON conversations (owner, updated_at)",
    """CREATE TABLE messages (
        id TEXT PRIMARY KEY,
        conversation_id TEXT NOT NULL REFERENCES conversations(id) ON DELETE CASCADE,
        parent_id TEXT REFERENCES messages(id) ON DELETE CASCADE,
        role TEXT NOT NULL CHECK (role IN ('system', 'user', 'assistant')),
        content TEXT NOT NULL DEFAULT '',
        reasoning TEXT NOT NULL DEFAULT '',
        state TEXT NOT NULL CHECK (state IN ('done', 'growing', 'failed', 'cancelled', 'interrupted')),
        model TEXT,
        job_id TEXT,
        figures TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(figures)),
        error_message TEXT,
        created_at TEXT NOT NULL
    )""",
    "CREATE INDEX messages_conversation ON messages (conversation_id, created_at)",
    "CREATE INDEX messages_parent ON messages (parent_id)",
    """CREATE TABLE artifacts (
        id TEXT PRIMARY KEY,
        owner TEXT NOT NULL,
        job_id TEXT,
        mime TEXT NOT NULL,
        name TEXT NOT NULL,
        path TEXT NOT NULL,
        size_bytes INTEGER NOT NULL,
        details TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(details)),
        created_at TEXT NOT NULL
    )""",
    "CREATE INDEX artifacts_owner ON artifacts (owner, created_at)",
    """CREATE TABLE preferences (
        owner TEXT NOT NULL,
        key TEXT NOT NULL,
        value TEXT NOT NULL CHECK (json_valid(value)),
        PRIMARY KEY (owner, key)
    ) WITHOUT ROWID""",
)

_COLUMNS = (
    "id, conversation_id, parent_id, role, content, reasoning, state, model, job_id, figures, error_message, created_at"
)
TREES_AND_SEARCH = (
    """CREATE TABLE messages_numbered (
        number INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        conversation_id TEXT NOT NULL REFERENCES conversations(id) ON DELETE CASCADE,
        parent_id TEXT REFERENCES messages_numbered(id) DEFERRABLE INITIALLY DEFERRED,
        role TEXT NOT NULL CHECK (role IN ('system', 'user', 'assistant')),
        content TEXT NOT NULL DEFAULT '',
        reasoning TEXT NOT NULL DEFAULT '',
        state TEXT NOT NULL CHECK (state IN ('done', 'growing', 'failed', 'cancelled', 'interrupted')),
        model TEXT,
        job_id TEXT,
        figures TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(figures)),
        error_message TEXT,
        created_at TEXT NOT NULL
    )""",
    f"INSERT INTO messages_numbered ({_COLUMNS}) SELECT {_COLUMNS} FROM messages ORDER BY created_at, rowid",
    "UPDATE messages SET parent_id = NULL",
    "DROP TABLE messages",
    "ALTER TABLE messages_numbered RENAME TO messages",
    "CREATE INDEX messages_conversation ON messages (conversation_id, created_at)",
    "CREATE INDEX messages_parent ON messages (parent_id)",
    "CREATE INDEX messages_growing ON messages (created_at) WHERE state = 'growing'",
    """CREATE VIRTUAL TABLE messages_fts USING fts5 (
        content, content = 'messages', content_rowid = 'number', tokenize = "unicode61 remove_diacritics 2",
        prefix = '2 3'
    )""",
    "INSERT INTO messages_fts (rowid, content) SELECT number, content FROM messages WHERE state <> 'growing'",
    # A growing reply is indexed once, at its end.
    """CREATE TRIGGER messages_fts_insert AFTER INSERT ON messages WHEN new.state <> 'growing' BEGIN
        INSERT INTO messages_fts (rowid, content) VALUES (new.number, new.content);
    END""",
    """CREATE TRIGGER messages_fts_delete AFTER DELETE ON messages WHEN old.state <> 'growing' BEGIN
        INSERT INTO messages_fts (messages_fts, rowid, content) VALUES ('delete', old.number, old.content);
    END""",
    """CREATE TRIGGER messages_fts_end AFTER UPDATE OF content, state ON messages
    WHEN old.state = 'growing' AND new.state <> 'growing' BEGIN
        INSERT INTO messages_fts (rowid, content) VALUES (new.number, new.content);
    END""",
    """CREATE TRIGGER messages_fts_resume AFTER UPDATE OF content, state ON messages
    WHEN old.state <> 'growing' AND new.state = 'growing' BEGIN
        INSERT INTO messages_fts (messages_fts, rowid, content) VALUES ('delete', old.number, old.content);
    END""",
    """CREATE TRIGGER messages_fts_change AFTER UPDATE OF content, state ON messages
    WHEN old.state <> 'growing' AND new.state <> 'growing' AND new.content IS NOT old.content BEGIN
        INSERT INTO messages_fts (messages_fts, rowid, content) VALUES ('delete', old.number, old.content);
        INSERT INTO messages_fts (rowid, content) VALUES (new.number, new.content);
    END""",
    "ALTER TABLE conversations ADD COLUMN pinned INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE conversations ADD COLUMN archived INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE conversations ADD COLUMN folder TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE conversations ADD COLUMN title_by TEXT NOT NULL DEFAULT 'words'",
    "ALTER TABLE conversations ADD COLUMN deleted_at TEXT",
    "CREATE INDEX conversations_deleted ON conversations (deleted_at) WHERE deleted_at IS NOT NULL",
    """CREATE TABLE conversation_tags (
        conversation_id TEXT NOT NULL REFERENCES conversations(id) ON DELETE CASCADE,
        tag TEXT NOT NULL,
        PRIMARY KEY (conversation_id, tag)
    ) WITHOUT ROWID""",
    """CREATE TABLE queued_messages (
        id TEXT PRIMARY KEY,
        conversation_id TEXT NOT NULL REFERENCES conversations(id) ON DELETE CASCADE,
        content TEXT NOT NULL,
        created_at TEXT NOT NULL
    )""",
    "CREATE INDEX queued_messages_conversation ON queued_messages (conversation_id, id)",
)
