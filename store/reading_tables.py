"""The tables of migration 0018: long texts read aloud sentence by sentence, and transcripts that are edited."""

READING = (
    """CREATE TABLE narrations (
        id TEXT PRIMARY KEY,
        owner TEXT NOT NULL,
        name TEXT NOT NULL,
        settings TEXT NOT NULL CHECK (json_valid(settings)),
        state TEXT NOT NULL CHECK (state IN ('waiting', 'running', 'done', 'failed', 'cancelled', 'interrupted')),
        job_id TEXT,
        error TEXT,
        sentences INTEGER NOT NULL,
        characters INTEGER NOT NULL,
        done INTEGER NOT NULL DEFAULT 0,
        draft TEXT NOT NULL,
        sample_rate_hz INTEGER NOT NULL DEFAULT 0,
        seconds REAL NOT NULL DEFAULT 0,
        chapters INTEGER NOT NULL DEFAULT 0,
        audio_id TEXT,
        created_at TEXT NOT NULL,
        updated_at TEXT NOT NULL
    )""",
    "CREATE INDEX narrations_owner ON narrations (owner, id)",
    """CREATE TABLE narration_sentences (
        narration_id TEXT NOT NULL REFERENCES narrations(id) ON DELETE CASCADE,
        number INTEGER NOT NULL,
        begins TEXT NOT NULL CHECK (begins IN ('sentence', 'paragraph', 'chapter')),
        chapter TEXT NOT NULL DEFAULT '',
        text TEXT NOT NULL,
        start_s REAL,
        end_s REAL,
        words TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(words)),
        PRIMARY KEY (narration_id, number)
    ) WITHOUT ROWID""",
    """CREATE TABLE transcripts (
        id TEXT PRIMARY KEY,
        owner TEXT NOT NULL,
        recording_id TEXT NOT NULL,
        name TEXT NOT NULL,
        model TEXT,
        language TEXT,
        state TEXT NOT NULL CHECK (state IN ('waiting', 'running', 'done', 'failed', 'cancelled', 'interrupted')),
        job_id TEXT,
        error TEXT,
        original TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(original)),
        segments TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(segments)),
        revision INTEGER NOT NULL DEFAULT 0,
        place INTEGER NOT NULL DEFAULT 0,
        created_at TEXT NOT NULL,
        updated_at TEXT NOT NULL
    )""",
    "CREATE INDEX transcripts_owner ON transcripts (owner, id)",
    # An edit puts some segments in the place of others, so it can be taken back without keeping the whole list.
    """CREATE TABLE transcript_edits (
        transcript_id TEXT NOT NULL REFERENCES transcripts(id) ON DELETE CASCADE,
        place INTEGER NOT NULL,
        at INTEGER NOT NULL,
        removed TEXT NOT NULL CHECK (json_valid(removed)),
        inserted TEXT NOT NULL CHECK (json_valid(inserted)),
        PRIMARY KEY (transcript_id, place)
    ) WITHOUT ROWID""",
)
