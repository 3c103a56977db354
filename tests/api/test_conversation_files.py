"""Export and import over HTTP: the file as it is, its name, its limits, and a damaged one named at its place."""

import json

import httpx
import pytest

from tests.api.test_native import fail, made

__all__ = ["made"]


def test_an_export_is_a_download_and_imports_again(http: httpx.Client, made: str) -> None:
    assert http.post(f"/conversations/{made}/messages", json={"content": "What is a hearth?"}).status_code == 201
    answer = http.get(
        f"/conversations/{made}/export", params={"format": "json"}, headers={"Accept": "application/json"}
    )
    assert answer.headers["content-disposition"] == "attachment; filename*=UTF-8''winter.json"

    done = http.post("/conversations/import", content=answer.content)
    assert done.status_code == 201
    assert done.json()["messages"] == 2
    (id,) = done.json()["ids"]
    assert http.get(f"/conversations/{id}/export").content == answer.content
    before = http.get(f"/conversations/{made}/messages").json()["data"]
    again = http.get(f"/conversations/{id}/messages").json()["data"]
    assert [each["content"] for each in again] == [each["content"] for each in before]


@pytest.mark.parametrize(
    ("form", "mime"), [("markdown", "text/markdown"), ("html", "text/html"), ("notebook", "application/x-ipynb+json")]
)
def test_each_format_has_its_type(http: httpx.Client, made: str, form: str, mime: str) -> None:
    answer = http.get(f"/conversations/{made}/export", params={"format": form}, headers={"Accept": mime})
    assert answer.status_code == 200
    assert answer.headers["content-type"].partition(";")[0] == mime
    assert answer.headers["content-disposition"].startswith("attachment")


def test_all_conversations_are_one_file_that_imports_again(http: httpx.Client, made: str) -> None:
    assert http.post(f"/conversations/{made}/messages", json={"content": "What is a hearth?"}).status_code == 201
    count = len(http.get("/conversations", params={"limit": 200}).json()["data"])
    answer = http.get("/conversations/export")
    assert answer.headers["content-disposition"] == 'attachment; filename="conversations.json"'
    assert len(answer.json()) == count
    done = http.post("/conversations/import", content=answer.content)
    assert done.status_code == 201 and len(done.json()["ids"]) == count
    one = http.get(f"/conversations/{made}/export").json()
    assert one in http.get("/conversations/export").json()


def test_a_damaged_file_is_refused_at_its_place_and_nothing_is_stored(http: httpx.Client) -> None:
    before = http.get("/conversations").json()
    good = {"title": "x", "mapping": {}}
    status, problem = fail(http, "POST", "/conversations/import", content=json.dumps([good, {**good, "title": 7}]))
    assert status == 422 and "[1].title is damaged" in str(problem["detail"])
    assert fail(http, "POST", "/conversations/import", content=b"")[0] == 422
    assert fail(http, "POST", "/conversations/import", content=b" " * (100 * 1024 * 1024 + 1))[0] == 413
    assert http.get("/conversations").json() == before


def test_an_unknown_format_and_an_unknown_conversation_are_refused(http: httpx.Client, made: str) -> None:
    assert fail(http, "GET", f"/conversations/{made}/export?format=pdf")[0] == 422
    assert fail(http, "GET", "/conversations/nowhere/export")[0] == 404
