"""The tables of files that go along in chat, of collections, and of translated documents, glossaries and memory."""

DOCUMENTS = (
    # ``attached``: it was in use since it was last read, so it goes as soon as nothing uses it any more.
    """CREATE TABLE documents (
        id TEXT PRIMARY KEY,
        owner TEXT NOT NULL,
        name TEXT NOT NULL,
        form TEXT NOT NULL,
        mime TEXT NOT NULL,
        sha256 TEXT NOT NULL,
        size_bytes INTEGER NOT NULL,
        path TEXT NOT NULL,
        characters INTEGER NOT NULL,
        pages INTEGER NOT NULL,
        indexed_model TEXT,
        passages INTEGER NOT NULL DEFAULT 0,
        attached INTEGER NOT NULL DEFAULT 0,
        created_at TEXT NOT NULL,
        touched_at TEXT NOT NULL
    )""",
    "CREATE INDEX documents_owner ON documents (owner, sha256)",
    """CREATE TABLE document_pages (
        document_id TEXT NOT NULL REFERENCES documents(id) ON DELETE CASCADE,
        number INTEGER NOT NULL,
        label TEXT NOT NULL,
        text TEXT NOT NULL,
        PRIMARY KEY (document_id, number)
    )""",
    """CREATE TABLE message_attachments (
        message_id TEXT NOT NULL REFERENCES messages(id) ON DELETE CASCADE,
        place INTEGER NOT NULL,
        document_id TEXT NOT NULL REFERENCES documents(id),
        PRIMARY KEY (message_id, place)
    ) WITHOUT ROWID""",
    "CREATE INDEX message_attachments_document ON message_attachments (document_id)",
    "ALTER TABLE queued_messages ADD COLUMN attachments TEXT NOT NULL DEFAULT '[]'",
    """CREATE TABLE message_sources (
        message_id TEXT NOT NULL REFERENCES messages(id) ON DELETE CASCADE,
        number INTEGER NOT NULL,
        document_id TEXT REFERENCES documents(id) ON DELETE SET NULL,
        name TEXT NOT NULL,
        page INTEGER NOT NULL,
        label TEXT NOT NULL,
        start INTEGER NOT NULL,
        end INTEGER NOT NULL,
        text TEXT NOT NULL,
        PRIMARY KEY (message_id, number)
    ) WITHOUT ROWID""",
    "CREATE INDEX message_sources_document ON message_sources (document_id)",
    """CREATE TABLE collections (
        id TEXT PRIMARY KEY,
        owner TEXT NOT NULL,
        name TEXT NOT NULL,
        revision INTEGER NOT NULL DEFAULT 0,
        created_at TEXT NOT NULL,
        updated_at TEXT NOT NULL
    )""",
    "CREATE INDEX collections_owner ON collections (owner, updated_at)",
    """CREATE TABLE collection_files (
        collection_id TEXT NOT NULL REFERENCES collections(id) ON DELETE CASCADE,
        document_id TEXT NOT NULL REFERENCES documents(id),
        added_at TEXT NOT NULL,
        PRIMARY KEY (collection_id, document_id)
    ) WITHOUT ROWID""",
    "CREATE INDEX collection_files_document ON collection_files (document_id)",
    """CREATE TABLE passages (
        number INTEGER PRIMARY KEY,
        document_id TEXT NOT NULL REFERENCES documents(id) ON DELETE CASCADE,
        page INTEGER NOT NULL,
        start INTEGER NOT NULL,
        end INTEGER NOT NULL,
        text TEXT NOT NULL,
        language TEXT NOT NULL DEFAULT '',
        vector BLOB NOT NULL
    )""",
    "CREATE INDEX passages_document ON passages (document_id)",
    """CREATE VIRTUAL TABLE passages_fts USING fts5 (
        text, content = 'passages', content_rowid = 'number', tokenize = "unicode61 remove_diacritics 2"
    )""",
    """CREATE TRIGGER passages_fts_insert AFTER INSERT ON passages BEGIN
        INSERT INTO passages_fts (rowid, text) VALUES (new.number, new.text);
    END""",
    """CREATE TRIGGER passages_fts_delete AFTER DELETE ON passages BEGIN
        INSERT INTO passages_fts (passages_fts, rowid, text) VALUES ('delete', old.number, old.text);
    END""",
)


TRANSLATION = (
    """CREATE TABLE translated_documents (
        id TEXT PRIMARY KEY,
        owner TEXT NOT NULL,
        name TEXT NOT NULL,
        digest TEXT NOT NULL,
        file_id TEXT NOT NULL,
        source_lang TEXT,
        target_lang TEXT NOT NULL,
        model TEXT,
        state TEXT NOT NULL,
        job_id TEXT,
        result_id TEXT,
        segments INTEGER NOT NULL DEFAULT 0,
        created_at TEXT NOT NULL,
        updated_at TEXT NOT NULL
    )""",
    "CREATE INDEX translated_documents_owner ON translated_documents (owner, updated_at)",
    """CREATE TABLE translated_segments (
        document_id TEXT NOT NULL REFERENCES translated_documents(id) ON DELETE CASCADE,
        number INTEGER NOT NULL,
        source TEXT NOT NULL,
        target TEXT,
        faults TEXT NOT NULL DEFAULT '',
        origin TEXT NOT NULL DEFAULT 'model',
        similarity REAL NOT NULL DEFAULT 0,
        PRIMARY KEY (document_id, number)
    ) WITHOUT ROWID""",
    """CREATE INDEX translated_segments_open ON translated_segments (document_id, number) WHERE target IS NULL""",
    """CREATE TABLE glossary_terms (
        owner TEXT NOT NULL,
        source_lang TEXT NOT NULL,
        target_lang TEXT NOT NULL,
        source TEXT NOT NULL,
        target TEXT NOT NULL,
        match_case INTEGER NOT NULL DEFAULT 0,
        note TEXT NOT NULL DEFAULT '',
        updated_at TEXT NOT NULL,
        PRIMARY KEY (owner, source_lang, target_lang, source)
    ) WITHOUT ROWID""",
    """CREATE TABLE translation_memory (
        id TEXT PRIMARY KEY,
        owner TEXT NOT NULL,
        source_lang TEXT NOT NULL,
        target_lang TEXT NOT NULL,
        source TEXT NOT NULL,
        target TEXT NOT NULL,
        origin TEXT NOT NULL DEFAULT '',
        updated_at TEXT NOT NULL,
        UNIQUE (owner, source_lang, target_lang, source)
    )""",
)
