"""Names that clients have built in answer; the table can be seen, edited, emptied; any other name is unknown."""

import httpx
import openai
import pytest

from studio.aliases import BUILT_IN


def test_a_built_in_name_answers_and_the_reply_tells_the_real_model(client: openai.OpenAI) -> None:
    reply = client.chat.completions.create(model="gpt-4o-mini", messages=[{"role": "user", "content": "Hello there"}])

    assert reply.choices[0].message.content == "Hello there"
    assert reply.model == "echo-chat"


def test_the_table_lists_every_built_in_name(http: httpx.Client) -> None:
    listed = {(line["name"], line["kind"]) for line in http.get("/aliases").json()["data"]}

    assert listed == {(name, kind) for kind, names in BUILT_IN.items() for name in names}


def test_an_emptied_table_makes_the_names_unknown_with_a_list_of_what_there_is(
    http: httpx.Client, client: openai.OpenAI
) -> None:
    assert http.put("/aliases", json={"data": []}).json() == {"data": []}

    with pytest.raises(openai.NotFoundError) as refused:
        client.chat.completions.create(model="gpt-4o-mini", messages=[{"role": "user", "content": "Hello"}])

    assert "gpt-4o-mini" in refused.value.message
    assert "echo-chat" in refused.value.message
    assert refused.value.code == "model_not_found"


def test_an_own_alias_points_to_the_model_it_names(http: httpx.Client, client: openai.OpenAI) -> None:
    lines = [{"name": "house", "kind": "chat", "model": "echo-chat"}, {"name": "gone", "kind": "chat", "model": "nope"}]
    assert http.put("/aliases", json={"data": lines}).status_code == 200

    assert client.models.retrieve("house").id == "echo-chat"
    with pytest.raises(openai.NotFoundError, match="nope"):
        client.chat.completions.create(model="gone", messages=[{"role": "user", "content": "Hello"}])


def test_a_star_at_the_end_stands_for_any_ending(http: httpx.Client) -> None:
    body = {"model": "claude-anything-2099", "messages": [{"role": "user", "content": "Hello"}]}

    assert http.post("/v1/chat/completions", json=body).json()["model"] == "echo-chat"


def test_an_alias_is_of_one_job_only(client: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError):
        client.chat.completions.create(model="whisper-1", messages=[{"role": "user", "content": "Hello"}])


@pytest.mark.parametrize(
    "line",
    [
        {"name": "two words", "kind": "chat"},
        {"name": "a*b", "kind": "chat"},
        {"name": "", "kind": "chat"},
        {"name": "x", "kind": "download"},
        {"name": "x", "kind": "chat", "extra": 1},
    ],
)
def test_a_bad_line_is_refused_and_the_table_stays(http: httpx.Client, line: dict[str, object]) -> None:
    before = http.get("/aliases").json()

    assert http.put("/aliases", json={"data": [line]}).status_code == 422
    assert http.get("/aliases").json() == before


def test_a_name_that_comes_twice_is_refused(http: httpx.Client) -> None:
    line = {"name": "same", "kind": "chat"}

    answer = http.put("/aliases", json={"data": [line, line]})

    assert answer.status_code == 422
    assert "'same' for chat twice" in answer.json()["detail"]
