"""The tables of models: downloads under way, what the owner set and saw of each model, and its benchmarks."""

DOWNLOADS = (
    """CREATE TABLE downloads (
        model TEXT PRIMARY KEY,
        asked TEXT NOT NULL,
        owner TEXT NOT NULL,
        via TEXT NOT NULL,
        title TEXT NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('waiting', 'running', 'paused')),
        done_bytes INTEGER NOT NULL DEFAULT 0,
        total_bytes INTEGER NOT NULL DEFAULT 0,
        why TEXT NOT NULL DEFAULT '',
        created_at TEXT NOT NULL
    )""",
)
MODELS = (
    """CREATE TABLE models (
        id TEXT PRIMARY KEY,
        kind TEXT NOT NULL,
        engine TEXT NOT NULL,
        title TEXT NOT NULL,
        enabled INTEGER NOT NULL DEFAULT 1,
        pinned INTEGER NOT NULL DEFAULT 0,
        note TEXT NOT NULL DEFAULT '',
        settings TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(settings)),
        memory_bytes INTEGER NOT NULL DEFAULT 0,
        gone_at TEXT
    )""",
    "CREATE INDEX interactions_model ON interactions (model, kind, created_at)",
)
BENCHMARKS = (
    """CREATE TABLE benchmarks (
        id TEXT PRIMARY KEY,
        model TEXT NOT NULL,
        kind TEXT NOT NULL,
        created_at TEXT NOT NULL,
        figures TEXT NOT NULL CHECK (json_valid(figures))
    )""",
    "CREATE INDEX benchmarks_model ON benchmarks (model, created_at)",
)
