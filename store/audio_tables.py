"""The tables of the audio library, made by migration 0011."""

AUDIO = (
    """CREATE TABLE recordings (
        id TEXT PRIMARY KEY,
        owner TEXT NOT NULL,
        name TEXT NOT NULL,
        digest TEXT NOT NULL,
        file_id TEXT NOT NULL,
        info TEXT NOT NULL CHECK (json_valid(info)),
        lists TEXT NOT NULL DEFAULT '[[]]' CHECK (json_valid(lists)),
        place INTEGER NOT NULL DEFAULT 0,
        revision INTEGER NOT NULL DEFAULT 0,
        state TEXT NOT NULL,
        job_id TEXT,
        error TEXT,
        results TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(results)),
        result_info TEXT CHECK (result_info IS NULL OR json_valid(result_info)),
        created_at TEXT NOT NULL,
        updated_at TEXT NOT NULL
    )""",
    "CREATE INDEX recordings_owner ON recordings (owner, id)",
    """CREATE TABLE recording_pictures (
        recording_id TEXT NOT NULL REFERENCES recordings(id) ON DELETE CASCADE,
        version TEXT NOT NULL CHECK (version IN ('original', 'edited')),
        peaks BLOB NOT NULL,
        bucket_s REAL NOT NULL,
        spectrum BLOB NOT NULL,
        column_s REAL NOT NULL,
        PRIMARY KEY (recording_id, version)
    )""",
)
