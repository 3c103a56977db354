"""Files over HTTP: uploaded, named in a message, fetched, shown with a passage marked; and what can go wrong."""

import httpx
import pytest

from tests import files


def upload(http: httpx.Client, name: str = "notes.txt", content: bytes = b"oak & <birch>") -> httpx.Response:
    return http.post("/documents", files={"file": (name, content)})


def test_an_uploaded_file_goes_with_a_message(http: httpx.Client) -> None:
    document = upload(http).raise_for_status().json()
    conversation = http.post("/conversations", json={}).json()["id"]
    body = {"content": "What burns?", "attachments": [document["id"]]}
    reply = http.post(f"/conversations/{conversation}/messages", json=body).raise_for_status().json()["message"]

    assert "oak & <birch>" in reply["content"]
    told = http.get(f"/conversations/{conversation}/messages").json()["data"]
    assert told[0]["attachments"] == [{"id": document["id"], "name": "notes.txt", "form": "text", "size_bytes": 13}]
    assert told[0]["content"] == "What burns?" and told[1]["sources"] == []


def test_a_file_is_told_read_and_given_back_as_it_came(http: httpx.Client) -> None:
    content = files.pdf(["One.", "Two.", "Three."])
    made = upload(http, "report.pdf", content)
    document = made.json()
    place = made.headers["Location"]

    assert made.status_code == 201 and place == f"/documents/{document['id']}"
    assert (document["form"], document["pages"], document["passages"]) == ("pdf", 3, 0)
    assert http.get(place).json() == document
    page = http.get(f"{place}/pages?limit=2").json()
    assert [each["label"] for each in page["data"]] == ["page 1", "page 2"] and page["next"] == "2"
    fetched = http.get(f"{place}/content")
    assert fetched.content == content
    assert fetched.headers["Content-Type"] == "application/octet-stream"
    assert fetched.headers["Content-Disposition"].startswith("attachment")


def test_a_passage_is_shown_marked_in_its_page_and_nothing_in_it_is_markup(http: httpx.Client) -> None:
    document = upload(http, "<b>.txt", b"before <script>alert(1)</script> after").json()["id"]
    page = http.get(f"/documents/{document}/view?page=0&start=7&end=15")

    assert '<mark id="passage">&lt;script&gt;</mark>' in page.text
    assert "<script" not in page.text and "<b>" not in page.text
    assert page.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert http.get(f"/documents/{document}/view?page=9").status_code == 404


def test_a_file_that_nothing_uses_is_deleted_and_one_in_a_message_is_kept(http: httpx.Client) -> None:
    free, used = upload(http, "free.txt").json()["id"], upload(http, "used.txt").json()["id"]
    conversation = http.post("/conversations", json={}).json()["id"]
    http.post(f"/conversations/{conversation}/messages", json={"content": "a", "attachments": [used]})

    assert http.delete(f"/documents/{free}").status_code == 204
    assert http.get(f"/documents/{free}").status_code == 404
    refused = http.delete(f"/documents/{used}")
    assert refused.status_code == 409 and "used.txt" in refused.json()["detail"]


@pytest.mark.parametrize(
    ("name", "content", "status", "told"),
    [
        ("locked.pdf", files.pdf(["x"], password="a"), 422, "password"),
        ("empty.txt", b"", 422, "empty"),
        ("a.zip", files.zipped({"a": b"a"}), 422, "archive"),
        ("../../etc/passwd", b"root:x", 201, ""),
    ],
)
def test_what_cannot_be_read_is_a_problem_with_a_sentence(
    http: httpx.Client, name: str, content: bytes, status: int, told: str
) -> None:
    answer = upload(http, name, content)

    assert answer.status_code == status
    if status == 201:
        assert answer.json()["name"] == "passwd"
    else:
        assert told in answer.json()["detail"]


def test_a_message_with_a_file_that_is_not_there_is_refused(http: httpx.Client) -> None:
    conversation = http.post("/conversations", json={}).json()["id"]
    place = f"/conversations/{conversation}/messages"

    assert http.post(place, json={"content": "a", "attachments": ["0" * 32]}).status_code == 404
    assert http.post(place, json={"content": "a", "attachments": ["../x"]}).status_code == 422
    assert http.get(place).json()["data"] == []
