"""Conversations over HTTP: arranged, found, branched, restored; of writers at one moment one is first."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from tests.api.test_native import events, fail
from tests.serving import Server


@pytest.fixture
def url(http: httpx.Client) -> str:
    """A conversation with one exchange."""
    made = http.post("/conversations", json={}).headers["location"]
    assert http.post(f"{made}/messages", json={"content": "one two three"}).status_code == 201
    return str(made)


def messages(http: httpx.Client, url: str) -> list[dict[str, Any]]:
    """The branch in view."""
    return list(http.get(f"{url}/messages").json()["data"])


def texts(http: httpx.Client, url: str) -> list[str]:
    """What the branch in view says."""
    return [message["content"] for message in messages(http, url)]


# Arranging


def test_a_conversation_is_filed_tagged_pinned_and_archived_in_one_step(http: httpx.Client, url: str) -> None:
    change = {"folder": " Summer  house ", "tags": ["Bees", "honey", "bees"], "pinned": True, "archived": True}
    changed = http.patch(url, json=change).json()

    assert (changed["folder"], changed["tags"]) == ("Summer house", ["bees", "honey"])
    assert (changed["pinned"], changed["archived"], changed["title"]) == (True, True, "one two three")
    for query in ({"folder": "summer house"}, {"tag": "honey"}, {"pinned": True}, {"archived": True}):
        assert changed["id"] in [found["id"] for found in http.get("/conversations", params=query).json()["data"]]
    for query in ({"folder": ""}, {"tag": "wax"}, {"pinned": False}, {"archived": False}):
        assert changed["id"] not in [found["id"] for found in http.get("/conversations", params=query).json()["data"]]
    assert {"name": "Summer house"} in http.get("/conversations/folders").json()["data"]
    assert {"name": "honey"} in http.get("/conversations/tags").json()["data"]

    cleared = http.patch(url, json={"folder": "", "tags": []}).json()
    assert (cleared["folder"], cleared["tags"], cleared["pinned"]) == ("", [], True)


def test_a_change_that_can_not_be_made_whole_is_not_made_at_all(http: httpx.Client, url: str) -> None:
    before = http.get(url).json()

    assert fail(http, "PATCH", url, json={"title": "New", "folder": "x" * 61})[0] == 422
    assert fail(http, "PATCH", url, json={"title": "New", "tags": ["x"] * 21})[0] == 422
    assert fail(http, "PATCH", url, json={"title": "New", "pinned": 1})[0] == 422
    assert http.get(url).json() == before


def test_of_many_who_change_the_same_revision_one_is_first_and_the_others_are_told(
    echo_server: Server, http: httpx.Client, url: str
) -> None:
    at = {"If-Match": http.get(url).headers["etag"]}

    def change(number: int) -> tuple[int, str]:
        title = f"Writer {number}"
        return httpx.patch(f"{echo_server.url}{url}", json={"title": title}, headers=at, timeout=60).status_code, title

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(change, range(8)))

    assert sorted(status for status, _ in answers) == [200, *[412] * 7]
    [written] = [title for status, title in answers if status == 200]
    assert http.get(url).json()["title"] == written


def test_a_list_of_etags_holds_when_one_does(http: httpx.Client, url: str) -> None:
    now = http.get(url).headers["etag"]

    assert http.get(url, headers={"If-None-Match": f'"other", {now}'}).status_code == 304
    assert http.get(url, headers={"If-None-Match": '"other"'}).status_code == 200
    assert http.patch(url, json={"pinned": True}, headers={"If-Match": f'{now}, "other"'}).status_code == 200
    assert http.patch(url, json={"pinned": True}, headers={"If-Match": "*"}).status_code == 200
    assert fail(http, "PATCH", url, json={"pinned": True}, headers={"If-Match": "other"})[0] == 412


def test_a_whole_number_is_one_however_it_is_written(http: httpx.Client, url: str) -> None:
    def said(body: str) -> int:
        return http.post(f"{url}/messages", content=body, headers={"Content-Type": "application/json"}).status_code

    assert said('{"content": "one two", "max_tokens": 1.0}') == 201
    assert said('{"content": "one two", "max_tokens": 1.5}') == 422
    assert said('{"content": "one two", "max_tokens": true}') == 422
    assert said('{"content": "one two", "temperature": 1}') == 201


def test_a_deleted_conversation_comes_back_with_its_messages(http: httpx.Client, url: str) -> None:
    assert http.delete(url).status_code == 204
    assert fail(http, "DELETE", url)[0] == 404

    for _ in range(2):
        assert http.post(f"{url}/restore").json()["title"] == "one two three"
    assert texts(http, url) == ["one two three", "one two three"]


# Searching


def test_a_word_is_found_with_its_surroundings_page_by_page(http: httpx.Client, url: str) -> None:
    http.patch(url, json={"tags": ["apiary"]})
    for number in range(4):
        http.post(f"{url}/messages", json={"content": f"a zebra finch, number {number}"})

    first = http.get("/conversations/search", params={"q": "zebra tag:apiary", "limit": 3}).json()
    second = http.get(
        "/conversations/search", params={"q": "zebra tag:apiary", "limit": 3, "cursor": first["next"]}
    ).json()
    rest = http.get("/conversations/search", params={"q": "zebra tag:apiary", "cursor": second["next"]}).json()

    hits = first["data"] + second["data"] + rest["data"]
    assert (len(first["data"]), len(second["data"]), rest["next"]) == (3, 3, None)
    assert len({hit["message_id"] for hit in hits}) == len(hits) == 8
    assert {hit["role"] for hit in hits} == {"user", "assistant"}
    assert [piece["text"] for piece in hits[0]["snippet"] if piece["match"]] == ["zebra"]
    assert http.get(f"{url}/messages/{hits[0]['message_id']}").json()["content"].startswith("a zebra finch")
    assert http.get("/conversations/search", params={"q": "zebra tag:other"}).json() == {"data": [], "next": None}


def test_filters_alone_and_titles_are_found_too(http: httpx.Client) -> None:
    ids = [http.post("/conversations", json={"title": f"Quokka {n}"}).json()["id"] for n in range(3)]
    for made in ids:
        http.patch(f"/conversations/{made}", json={"folder": "Marsupials"})

    seen: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = http.get("/conversations/search", params={"q": "folder:marsupials", "limit": 2, **cursor}).json()
        seen += [hit["conversation_id"] for hit in page["data"]]
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
    titles = http.get("/conversations/search", params={"q": "quokka"}).json()["data"]

    assert sorted(seen) == sorted(ids)
    assert {hit["message_id"] for hit in titles} == {None} and len(titles) == 3
    assert fail(http, "GET", "/conversations/search?q=bees+before:yesterday")[0] == 422


# Branches


def test_an_edit_stands_beside_what_was_said_and_either_can_be_looked_at(http: httpx.Client, url: str) -> None:
    said, reply = messages(http, url)
    edited = http.post(f"{url}/messages/{said['id']}/edits", json={"content": "four five"})
    assert edited.status_code == 201
    assert http.get(edited.headers["location"]).json() == edited.json()["message"]
    assert texts(http, url) == ["four five", "four five"]

    first, second = messages(http, url)[0]["siblings"]
    assert (first, second) == (said["id"], messages(http, url)[0]["id"])
    viewed = http.put(f"{url}/branch", json={"message_id": said["id"]})
    assert viewed.json()["leaf_id"] == reply["id"]
    assert viewed.headers["etag"] == http.get(url).headers["etag"]
    assert texts(http, url) == ["one two three", "one two three"]
    whole = http.get(f"{url}/tree", params={"limit": 3}).json()
    rest = http.get(f"{url}/tree", params={"cursor": whole["next"]}).json()
    assert [message["content"] for message in whole["data"] + rest["data"]] == ["one two three"] * 2 + ["four five"] * 2


def test_a_reply_is_written_again_beside_the_old_one(http: httpx.Client, url: str) -> None:
    _, reply = messages(http, url)
    key = {"Idempotency-Key": f"again-{url}"}

    again = [http.post(f"{url}/messages/{reply['id']}/regenerations", json={}, headers=key) for _ in range(2)]

    assert again[0].json()["message"]["id"] == again[1].json()["message"]["id"]
    assert again[0].json()["message"]["siblings"] == [reply["id"], again[0].json()["message"]["id"]]
    assert len(http.get(f"{url}/tree").json()["data"]) == 3


def test_a_reply_that_was_cut_goes_on_as_a_job_to_follow(http: httpx.Client, url: str) -> None:
    cut = http.post(f"{url}/messages", json={"content": "alpha beta gamma delta", "max_tokens": 2}).json()["message"]
    assert cut["figures"]["finish_reason"] == "length"

    going = http.post(f"{url}/messages/{cut['id']}/continuations", json={}, headers={"Prefer": "respond-async"})
    assert going.status_code == 202
    assert events(http, going.headers["location"])[-1][1]["type"] == "done"
    longer = http.get(f"{url}/messages/{cut['id']}").json()
    assert longer["content"].startswith(cut["content"]) and len(longer["content"]) > len(cut["content"])
    assert fail(http, "POST", f"{url}/messages/{cut['id']}/continuations", json={})[0] == 422


def test_branches_are_bound_to_the_revision_that_was_read(http: httpx.Client, url: str) -> None:
    said, reply = messages(http, url)
    old = {"If-Match": http.get(url).headers["etag"]}
    http.patch(url, json={"title": "Meanwhile"})
    before = http.get(f"{url}/tree").json()

    for method, path, body in (
        ("POST", f"messages/{said['id']}/edits", {"content": "x"}),
        ("POST", f"messages/{reply['id']}/regenerations", {}),
        ("POST", f"messages/{reply['id']}/continuations", {}),
        ("PUT", "branch", {"message_id": said["id"]}),
    ):
        status, problem = fail(http, method, f"{url}/{path}", json=body, headers=old)
        assert (status, problem["code"]) == (412, "precondition_failed"), path
    assert http.get(f"{url}/tree").json() == before


def test_a_message_of_another_conversation_is_not_there(http: httpx.Client, url: str) -> None:
    other = http.post("/conversations", json={}).headers["location"]
    said, reply = messages(http, url)

    for method, path, body in (
        ("GET", f"messages/{said['id']}", None),
        ("POST", f"messages/{said['id']}/edits", {"content": "x"}),
        ("POST", f"messages/{reply['id']}/regenerations", {}),
        ("PUT", "branch", {"message_id": said["id"]}),
    ):
        assert fail(http, method, f"{other}/{path}", json=body)[0] == 404, path
    assert fail(http, "POST", f"{url}/messages/{reply['id']}/edits", json={"content": "x"})[0] == 422
