"""Tables of pictures: those that are starred or deleted (0012, 0020), and the queue of those still to be drawn."""

IMAGES = (
    "ALTER TABLE artifacts ADD COLUMN starred INTEGER NOT NULL DEFAULT 0 CHECK (starred IN (0, 1))",
    "CREATE INDEX artifacts_job ON artifacts (job_id)",
    "CREATE INDEX interactions_job ON interactions (job_id)",
    # What is to be drawn, whole, so that a restart can draw it; gone once it is drawn.
    """CREATE TABLE image_queue (
        id TEXT PRIMARY KEY,
        owner TEXT NOT NULL,
        job_id TEXT,
        state TEXT NOT NULL CHECK (state IN ('waiting', 'running', 'failed', 'cancelled', 'interrupted')),
        place INTEGER NOT NULL,
        request TEXT NOT NULL CHECK (json_valid(request)),
        image BLOB,
        mask BLOB,
        error_message TEXT,
        created_at TEXT NOT NULL
    )""",
    "CREATE INDEX image_queue_owner ON image_queue (owner, place)",
    "CREATE INDEX image_queue_job ON image_queue (job_id)",
)
TAKEN_BACK = (
    "ALTER TABLE artifacts ADD COLUMN deleted_at TEXT",
    "CREATE INDEX artifacts_deleted ON artifacts (deleted_at) WHERE deleted_at IS NOT NULL",
)
