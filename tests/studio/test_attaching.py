"""Files that go with messages: read by a job, kept in the tree, deleted and carried with it, their owner's alone."""

import json
import threading
from pathlib import Path

import pytest

from studio import Caller, ChatRequest, DocumentRead, DocumentRequest, InputTooLarge, InvalidRequest, NotFound, Studio
from studio.reading import clean_name
from tests import files
from tests.echo_models import until
from tests.studio.asking import LOCAL, rows

TEXT = b"oak and birch"
OTHER = Caller(owner="other", via="ui")


def attach(
    studio: Studio, folder: Path, name: str = "notes.txt", content: bytes = b"oak and birch", caller=LOCAL
) -> str:
    path = folder / "upload"
    path.write_bytes(content)
    job = studio.attach(path, name, caller)
    job.wait()
    return next(event for _, event in job.snapshot() if isinstance(event, DocumentRead)).id


def say(studio: Studio, *documents: str, text: str = "What burns?", conversation: str | None = None):
    found, job = studio.say(conversation, text, LOCAL, attachments=documents)
    job.wait()
    return found, job


def branch(studio: Studio, conversation_id: str):
    return studio.conversations.messages(conversation_id, LOCAL.owner)


def test_a_file_goes_to_the_model_with_the_message_and_stays_with_it(echo_studio: Studio, tmp_path: Path) -> None:
    document = attach(echo_studio, tmp_path)
    conversation, job = say(echo_studio, document)

    assert "oak and birch" in job.text() and job.text().endswith("What burns?")
    user, reply = branch(echo_studio, conversation.id)
    assert user.content == "What burns?", "the file is not written into what the person said"
    assert [file.name for file in echo_studio.documents.of_messages([user.id])[user.id]] == ["notes.txt"]
    assert "oak" in reply.content


def test_reading_is_a_job_in_the_log(echo_studio: Studio, tmp_path: Path) -> None:
    attach(echo_studio, tmp_path)
    row = rows(echo_studio)[-1]

    assert (row["kind"], row["status"], row["input"], row["characters"]) == ("document", "done", "notes.txt", 13)


def test_the_next_turn_still_knows_the_file(echo_studio: Studio, tmp_path: Path) -> None:
    conversation, _ = say(echo_studio, attach(echo_studio, tmp_path))
    _, job = say(echo_studio, text="And then?", conversation=conversation.id)

    assert isinstance(job.request, ChatRequest)
    assert job.request.messages[0].attachments[0].text == "oak and birch"


def test_an_edited_message_keeps_its_files_and_a_reply_written_again_sees_them(
    echo_studio: Studio, tmp_path: Path
) -> None:
    conversation, _ = say(echo_studio, attach(echo_studio, tmp_path))
    user, reply = branch(echo_studio, conversation.id)
    _, again = echo_studio.regenerate(conversation.id, reply.id, LOCAL)
    again.wait()
    _, edited = echo_studio.edit(conversation.id, user.id, "What else burns?", LOCAL)
    edited.wait()

    assert "oak and birch" in again.text() and "oak and birch" in edited.text()
    other = branch(echo_studio, conversation.id)[0]
    assert other.id != user.id
    assert len(echo_studio.documents.of_messages([other.id])[other.id]) == 1


def test_an_edit_can_leave_the_files_out(echo_studio: Studio, tmp_path: Path) -> None:
    conversation, _ = say(echo_studio, attach(echo_studio, tmp_path))
    user = branch(echo_studio, conversation.id)[0]
    _, job = echo_studio.edit(conversation.id, user.id, "Bare.", LOCAL, attachments=())
    job.wait()

    assert job.text() == "Bare."


def test_a_message_may_be_a_file_alone(echo_studio: Studio, tmp_path: Path) -> None:
    _, job = say(echo_studio, attach(echo_studio, tmp_path), text="")

    assert "oak and birch" in job.text()


def test_the_same_file_is_known_again_and_another_name_is_another_file(echo_studio: Studio, tmp_path: Path) -> None:
    first = attach(echo_studio, tmp_path)

    assert attach(echo_studio, tmp_path) == first
    assert attach(echo_studio, tmp_path, "other.txt") != first
    assert attach(echo_studio, tmp_path, caller=OTHER) != first


def test_another_owner_can_neither_read_nor_attach_nor_discard_it(echo_studio: Studio, tmp_path: Path) -> None:
    document = attach(echo_studio, tmp_path)

    with pytest.raises(NotFound):
        echo_studio.documents.get(document, OTHER.owner)
    with pytest.raises(NotFound):
        echo_studio.documents.pages(document, OTHER.owner)
    with pytest.raises(NotFound):
        echo_studio.say(None, "Mine?", OTHER, attachments=(document,))
    assert echo_studio.documents.discard(document, OTHER.owner) is False
    assert echo_studio.conversations.all(OTHER.owner) == [], "a refused message begins no conversation"


def test_a_file_goes_with_the_last_conversation_that_has_it(echo_studio: Studio, tmp_path: Path) -> None:
    document = attach(echo_studio, tmp_path)
    path = echo_studio.documents.get(document, LOCAL.owner).path
    kept = [say(echo_studio, document)[0], say(echo_studio, document)[0]]
    for number, conversation in enumerate(kept):
        assert path.is_file(), number
        echo_studio.conversations.delete(conversation.id, LOCAL.owner)
        echo_studio.conversations.purge("9999")
        echo_studio.documents.sweep()

    assert not path.exists()
    with pytest.raises(NotFound):
        echo_studio.documents.get(document, LOCAL.owner)


def test_a_chosen_file_waits_for_its_message_and_a_discarded_one_is_gone(echo_studio: Studio, tmp_path: Path) -> None:
    document = attach(echo_studio, tmp_path)
    assert echo_studio.documents.sweep() == 0

    path = echo_studio.documents.get(document, LOCAL.owner).path
    assert echo_studio.documents.discard(document, LOCAL.owner)
    assert not path.exists()


def test_a_waiting_message_keeps_its_files(odd_studio: Studio, tmp_path: Path) -> None:
    from studio import ChatSettings

    document = attach(odd_studio, tmp_path)
    conversation, job = odd_studio.say(None, "word " * 40, LOCAL, settings=ChatSettings(model="slow-chat"))
    odd_studio.enqueue(conversation.id, "And this file?", LOCAL, (document,))
    assert odd_studio.documents.discard(document, LOCAL.owner) is False, "it waits to be sent"
    job.wait()
    until(lambda: len(branch(odd_studio, conversation.id)) == 4, 30)

    user = branch(odd_studio, conversation.id)[2]
    assert [file.id for file in odd_studio.documents.of_messages([user.id])[user.id]] == [document]


def test_a_picture_is_refused_by_name_before_anything_is_stored_where_the_model_cannot_see(
    echo_studio: Studio, tmp_path: Path
) -> None:
    picture = attach(echo_studio, tmp_path, "cat.png", files.png())

    with pytest.raises(InvalidRequest, match=r"can't see pictures, so cat\.png can't be sent.*Remove the picture"):
        echo_studio.say(None, "What is it?", LOCAL, attachments=(picture,))
    assert echo_studio.conversations.all(LOCAL.owner) == []
    assert echo_studio.weigh([picture], LOCAL).blind == ("cat.png",)


def test_what_does_not_fit_is_told_before_sending_and_after(echo_studio: Studio, tmp_path: Path) -> None:
    document = attach(echo_studio, tmp_path, "long.txt", b"word " * 20_000)
    weight = echo_studio.weigh([document], LOCAL)
    conversation, job = say(echo_studio, document)

    assert weight.tokens == {document: 20_000}
    assert weight.context_tokens == 8_192 and not weight.estimated
    assert [name for name, _ in weight.cut] == ["long.txt"] and weight.total <= 8_192 * 3 / 4
    reply = branch(echo_studio, conversation.id)[1]
    assert str(reply.figures["cut"]).startswith("long.txt ")
    assert job.state == "done"


@pytest.mark.parametrize("name", ["../../evil.txt", "C:\\temp\\evil.txt", "/etc/evil.txt", "a\nb/evil.txt"])
def test_a_name_is_one_line_without_folders(name: str) -> None:
    assert clean_name(name) == "evil.txt"


def test_a_long_name_keeps_its_ending() -> None:
    assert len(clean_name("x" * 500 + ".pdf")) == 200 and clean_name("x" * 500 + ".pdf").endswith(".pdf")


def test_a_file_over_the_limit_is_refused_with_the_numbers(echo_studio: Studio, tmp_path: Path) -> None:
    path = tmp_path / "large.csv"
    with path.open("wb") as file:
        file.truncate(50_000_000)

    with pytest.raises(InputTooLarge, match=r"large\.csv has 50 MB; the limit is 34 MB"):
        echo_studio.attach(path, "large.csv", LOCAL)
    with pytest.raises(InvalidRequest, match="There is no file"):
        echo_studio.attach(tmp_path / "nothing", "nothing", LOCAL)


def test_a_stopped_reading_keeps_nothing(echo_studio: Studio, tmp_path: Path) -> None:
    path = tmp_path / "large.pdf"
    path.write_bytes(files.pdf(["\n".join(["word " * 15] * 50)] * 3_000))
    job = echo_studio.submit(DocumentRequest(path=path, name="large.pdf"), LOCAL)
    threading.Timer(0.2, job.cancel).start()
    job.wait()

    assert job.state == "cancelled"
    assert not any(echo_studio.documents.folder.glob("*/*"))


def test_an_exported_conversation_brings_its_files_to_another_hearth(echo_studio: Studio, tmp_path: Path) -> None:
    conversation, _ = say(echo_studio, attach(echo_studio, tmp_path, "a.pdf", files.pdf(["Oak.", "Birch."])))
    exported = echo_studio.export_conversation(conversation.id, LOCAL)
    imported = echo_studio.import_conversations(exported.data, OTHER)

    assert json.loads(exported.data)["version"] == 2
    message = echo_studio.conversations.messages(imported.ids[0], OTHER.owner)[0]
    (file,) = echo_studio.documents.of_messages([message.id])[message.id]
    assert file.owner == OTHER.owner and file.path.read_bytes().startswith(b"%PDF")
    assert [page.label for page in echo_studio.documents.pages(file.id, OTHER.owner)] == ["page 1", "page 2"]
    assert "Attached: a.pdf" in echo_studio.export_conversation(conversation.id, LOCAL, "markdown").data.decode()


def test_a_conversation_without_files_is_exported_as_an_older_hearth_reads_it(echo_studio: Studio) -> None:
    conversation, _ = say(echo_studio)
    told = json.loads(echo_studio.export_conversation(conversation.id, LOCAL).data)

    assert told["version"] == 1 and "attachments" not in told["messages"][0]


@pytest.mark.parametrize(
    "change",
    [
        {"content": "no base64!"},
        {"form": "film"},
        {"form": "image", "content": "aGVsbG8="},
        {"name": ""},
        {"extra": 1},
    ],
)
def test_a_damaged_file_in_an_import_names_its_place_and_imports_nothing(
    echo_studio: Studio, tmp_path: Path, change: dict[str, object]
) -> None:
    conversation, _ = say(echo_studio, attach(echo_studio, tmp_path))
    told = json.loads(echo_studio.export_conversation(conversation.id, LOCAL).data)
    told["messages"][0]["attachments"][0] |= change

    with pytest.raises(InvalidRequest, match="messages"):
        echo_studio.import_conversations(json.dumps(told).encode(), OTHER)
    assert echo_studio.conversations.all(OTHER.owner) == []


def test_a_file_that_a_crash_left_without_a_row_is_removed_at_the_next_start(tmp_path: Path) -> None:
    from studio import Settings

    with Studio.open(Settings(demo=True, data_dir=tmp_path)) as studio:
        kept = studio.documents.get(attach(studio, tmp_path), LOCAL.owner).path
        stray = kept.with_name("0" * 32)
        stray.write_bytes(b"half a file")
        studio.documents.remove_orphans()

        assert kept.is_file() and not stray.exists()


def test_a_notebook_shows_a_picture_to_a_model_or_is_told_that_it_cannot_see(
    echo_studio: Studio, tmp_path: Path
) -> None:
    picture = tmp_path / "cat.png"
    picture.write_bytes(files.png())

    with pytest.raises(InvalidRequest, match="can't do images"):
        echo_studio.ask("What is it?", attachments=[picture])
