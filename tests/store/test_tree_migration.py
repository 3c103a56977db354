"""Databases from before messages were a tree in use: every text is kept, linked and found."""

from pathlib import Path

import pytest

from store import Conversations, Database, Search, Transaction
from store.migrations import migrations
from store.sqlite import Migrations


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> Migrations:
    """The project's migrations, which a test may take some of."""
    monkeypatch.setattr(migrations, "_migrations", list(migrations._migrations))
    return migrations


def test_conversations_from_before_the_tree_are_kept_and_found(tmp_path: Path, steps: Migrations) -> None:
    later = steps._migrations[2:]
    del steps._migrations[2:]
    old = Database(tmp_path)

    def fill(db: Transaction) -> None:
        db.execute(
            "INSERT INTO conversations (id, owner, title, created_at, updated_at) VALUES ('c', 'o', 't', '', '')"
        )
        for number in range(1_500):  # a chain longer than SQLite's depth of triggers
            db.execute(
                """INSERT INTO messages (id, conversation_id, parent_id, role, content, state, created_at)
                   VALUES (?, 'c', ?, 'user', ?, 'done', '2026')""",
                (f"m{number}", f"m{number - 1}" if number else None, f"text{number}"),
            )
        db.execute("UPDATE conversations SET leaf_id = 'm1499'")

    old.write(fill)
    old.close()
    steps._migrations.extend(later)

    new = Database(tmp_path)
    assert [message.content for message in Conversations(new).messages("c", "o")] == [f"text{n}" for n in range(1_500)]
    assert [hit.message_id for hit in Search(new).find("o", "text77 ")] == ["m77"]
    assert new.rows("PRAGMA foreign_key_check") == []
    new.close()
