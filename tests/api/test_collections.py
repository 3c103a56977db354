"""Collections over HTTP: revisions, pages, idempotency, files in and out, search, and a conversation asked with one."""

from collections.abc import Iterator

import httpx
import pytest


@pytest.fixture
def collection(http: httpx.Client, request: pytest.FixtureRequest) -> Iterator[str]:
    """The path of an empty collection named after the test."""
    made = http.post("/collections", json={"name": request.node.name[:60]}).raise_for_status()
    yield made.headers["Location"]
    http.delete(made.headers["Location"])


def add(http: httpx.Client, collection: str, name: str, text: str) -> dict[str, object]:
    found: dict[str, object] = (
        http.post(f"{collection}/files", files={"file": (name, text.encode())}).raise_for_status().json()
    )
    return found


def test_a_collection_is_made_once_for_one_key_listed_renamed_and_deleted_at_its_revision(http: httpx.Client) -> None:
    headers = {"Idempotency-Key": "collections-1"}
    first = http.post("/collections", json={"name": "Papers"}, headers=headers)
    again = http.post("/collections", json={"name": "Papers"}, headers=headers)
    place, etag = first.headers["Location"], first.headers["ETag"]

    assert again.json()["id"] == first.json()["id"]
    assert http.get(place, headers={"If-None-Match": etag}).status_code == 304
    assert first.json() in http.get("/collections").json()["data"]
    renamed = http.patch(place, json={"name": "Letters"}, headers={"If-Match": etag})
    assert renamed.json()["name"] == "Letters" and renamed.headers["ETag"] != etag
    assert http.patch(place, json={"name": "Late"}, headers={"If-Match": etag}).status_code == 412
    assert http.delete(place, headers={"If-Match": etag}).status_code == 412
    assert http.delete(place, headers={"If-Match": renamed.headers["ETag"]}).status_code == 204
    assert http.get(place).status_code == 404


def test_pages_of_collections_hold_each_once(http: httpx.Client) -> None:
    places = [http.post("/collections", json={"name": f"Page {n}"}).headers["Location"] for n in range(3)]
    seen, cursor = [], None
    while True:
        page = http.get("/collections", params={"limit": 2} | ({"cursor": cursor} if cursor else {})).json()
        seen += [each["id"] for each in page["data"]]
        if (cursor := page["next"]) is None:
            break

    assert len(seen) == len(set(seen)) and {place.rpartition("/")[2] for place in places} <= set(seen)
    for place in places:
        http.delete(place)


def test_a_file_is_added_found_cited_and_taken_out(http: httpx.Client, collection: str) -> None:
    file = add(http, collection, "swans.txt", "Swans mate for life. They guard their nest.")
    add(http, collection, "mills.txt", "The mill grinds rye on Mondays.")

    assert file["passages"] == 1 and http.get(collection).json()["files"] == 2
    found = http.post(f"{collection}/search", json={"query": "mill grinds rye"}).json()["data"]
    assert (found[0]["name"], found[0]["label"]) == ("mills.txt", "lines 1–1")
    conversation = http.post("/conversations", json={}).json()["id"]
    body = {"content": "What do swans guard?", "collections": [collection.rpartition("/")[2]]}
    reply = http.post(f"/conversations/{conversation}/messages", json=body).json()["message"]
    assert "Swans mate for life." in reply["content"]
    cited = next(source for source in reply["sources"] if source["name"] == "swans.txt")
    view = f"/documents/{cited['document_id']}/view?page={cited['page']}&start={cited['start']}&end={cited['end']}"
    assert '<mark id="passage">Swans mate for life. They guard their nest.</mark>' in http.get(view).text

    assert http.delete(f"{collection}/files/{file['id']}").status_code == 204
    assert http.get(f"/documents/{file['id']}").status_code == 404
    assert [each["name"] for each in http.get(f"{collection}/files").json()["data"]] == ["mills.txt"]


def test_files_that_cannot_be_read_or_searched_are_refused_and_leave_the_collection_as_it_was(
    http: httpx.Client, collection: str
) -> None:
    for name, content in (("a.zip", b"PK\x03\x04broken"), ("empty.txt", b""), ("blank.txt", b"  \n")):
        assert http.post(f"{collection}/files", files={"file": (name, content)}).status_code == 422
    assert http.get(collection).json()["files"] == 0


@pytest.mark.parametrize("path", ["", "/files", "/search", "/index"])
def test_a_collection_that_is_not_there_is_404_by_every_route(http: httpx.Client, path: str) -> None:
    place = f"/collections/{'0' * 32}{path}"
    if path in ("", "/files"):
        assert http.get(place).status_code == 404
    if path:
        options = {"files": {"file": ("a.txt", b"a")}} if path == "/files" else {"json": {"query": "a"}}
        assert http.post(place, **options).status_code == 404


def test_a_conversation_with_a_collection_that_is_not_there_keeps_the_question(http: httpx.Client) -> None:
    conversation = http.post("/conversations", json={}).json()["id"]
    place = f"/conversations/{conversation}/messages"
    refused = http.post(place, json={"content": "What?", "collections": ["0" * 32]})

    assert refused.status_code == 404 and "collection" in refused.json()["detail"]
    assert http.get(place).json()["data"][0]["content"] == "What?"


def test_indexing_anew_has_nothing_to_do_while_the_model_is_the_same(http: httpx.Client, collection: str) -> None:
    add(http, collection, "a.txt", "Herons fish at dawn.")

    assert http.get(f"{collection}/files").json()["stale"] == []
    assert http.post(f"{collection}/index").json() == {"jobs": []}
