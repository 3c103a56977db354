"""Glossaries and the memory over HTTP: put, used by a translation, exchanged as files, another's never seen."""

from collections.abc import Iterator

import httpx
import pytest

from tests.serving import Server


@pytest.fixture(scope="module")
def real_http(real_server: Server) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=real_server.url, timeout=120) as client:
        yield client


def test_a_term_is_put_used_marked_and_taken_out(real_http: httpx.Client) -> None:
    terms = {"terms": [{"source": "bus", "target": "autocarro"}, {"source": "Red Lion"}]}
    put = real_http.put("/glossaries/en/pt", json=terms).json()["data"]
    assert [(each["source"], each["target"]) for each in put] == [("bus", "autocarro"), ("Red Lion", "Red Lion")]
    body = {"text": "We took the bus to the Red Lion.", "source_lang": "en", "target_lang": "pt"}
    answer = real_http.post("/translations", json=body).json()
    [sentence] = answer["sentences"]
    assert sorted(sentence["terms"]) == ["Red Lion", "autocarro"]
    assert "autocarro" in answer["text"] and "Red Lion" in answer["text"]
    without = real_http.post("/translations", json={**body, "glossary": False}).json()
    assert "autocarro" not in without["text"]
    assert {"source_lang": "en", "target_lang": "pt", "count": 2} in real_http.get("/glossaries").json()["data"]
    assert real_http.delete("/glossaries/en/pt?term=bus").json() == {"count": 1}
    assert real_http.delete("/glossaries/en/pt").json() == {"count": 1}
    assert real_http.get("/glossaries/en/pt").json()["data"] == []


def test_a_glossary_goes_out_and_in_as_a_file(http: httpx.Client) -> None:
    http.put("/glossaries/en/pl", json={"terms": [{"source": "fire", "target": "ogień", "note": "=1"}]})
    for form in ("csv", "tbx"):
        file = http.get(f"/glossaries/en/pl/export?format={form}")
        assert file.headers["content-disposition"].startswith("attachment")
        http.delete("/glossaries/en/pl")
        sent = http.post("/glossaries/en/pl/import", files={"file": (f"g.{form}", file.content)})
        assert sent.json() == {"count": 1}, sent.text
        assert http.get("/glossaries/en/pl").json()["data"][0]["target"] == "ogień"
    bad = http.post("/glossaries/en/pl/import", files={"file": ("g.tbx", b"<martif>")})
    assert bad.status_code == 422
    assert http.put("/glossaries/en/en", json={"terms": [{"source": "a"}]}).status_code == 422
    http.delete("/glossaries/en/pl")


def test_an_accepted_translation_is_used_found_exchanged_and_forgotten(http: httpx.Client) -> None:
    pair = {"source_lang": "en", "target_lang": "pt"}
    kept = http.post("/translation-memory", json={"source": "Page 3 of 17.", "target": "Página 3 de 17.", **pair})
    assert (kept.status_code, kept.json()) == (201, {"count": 1})
    answer = http.post("/translations", json={"text": "Page 5 of 20.", **pair}).json()
    assert answer["text"] == "Página 5 de 20."
    assert (answer["sentences"][0]["origin"], answer["sentences"][0]["similarity"]) == ("memory", 0.99)
    [match] = http.post("/translation-memory/search", json={"text": "Page 3 of 18!", **pair}).json()["data"]
    assert match["origin"] == "edit" and 0.75 <= match["similarity"] < 1

    tmx = http.get("/translation-memory/en/pt/export").content
    assert http.delete("/translation-memory/en/pt").json() == {"count": 1}
    sent = http.post("/translation-memory/import", files={"file": ("m.tmx", tmx)}, data=pair)
    assert sent.json() == {"count": 1}, sent.text
    [memory] = http.get("/translation-memory/en/pt").json()["data"]
    assert memory["target"] == "Página 3 de 17." and memory["origin"] == "m.tmx"
    assert http.delete(f"/translation-memory/en/pt?id={memory['id']}").json() == {"count": 1}
    assert http.get("/translation-memory").json()["data"] == []
