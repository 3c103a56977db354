"""Tables of pictures: those that are starred or deleted (0012, 0020), the queue, and the last grids (0023)."""

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
# The grid that each owner had drawn last; a cell's entry leaves the queue once its picture is drawn.
GRIDS = (
    """CREATE TABLE image_grids (
        owner TEXT PRIMARY KEY,
        x TEXT NOT NULL,
        y TEXT NOT NULL,
        across TEXT NOT NULL CHECK (json_valid(across)),
        down TEXT NOT NULL CHECK (json_valid(down))
    )""",
    """CREATE TABLE image_grid_cells (
        owner TEXT NOT NULL,
        place INTEGER NOT NULL,
        job_id TEXT NOT NULL,
        entry_id TEXT,
        PRIMARY KEY (owner, place)
    ) WITHOUT ROWID""",
    "CREATE INDEX image_grid_cells_entry ON image_grid_cells (entry_id)",
)
