"""Prompt templates over HTTP."""

import httpx


def test_a_template_is_made_listed_changed_exported_imported_and_deleted(http: httpx.Client) -> None:
    made = http.post("/templates", json={"name": "Greet", "text": "Say {{word|hello}}."})
    assert made.status_code == 201
    template = made.json()
    assert template["variables"] == [{"name": "word", "default": "hello"}] and not template["built_in"]
    assert http.post("/templates", json={"name": "greet", "text": "x"}).status_code == 409

    listed = http.get("/templates", params={"language": "pl"}).json()["data"]
    assert listed[0] == template and listed[1]["name"] == "Streść tekst"

    changed = http.put(f"/templates/{template['id']}", json={"name": "Greet", "text": "Say {{word}}."})
    assert changed.json()["text"] == "Say {{word}}."
    file = http.get("/templates/export")
    assert "hearth-templates.json" in file.headers["content-disposition"]

    assert http.delete(f"/templates/{template['id']}").status_code == 204
    assert http.delete(f"/templates/{template['id']}").status_code == 404
    assert http.post("/templates/import", content=file.content).json() == {"imported": 1}
    assert http.post("/templates/import", content=b'{\n"format').json()["detail"].startswith("The file is damaged at")
    [back] = [one for one in http.get("/templates").json()["data"] if one["name"] == "Greet"]
    http.delete(f"/templates/{back['id']}")

    built_in = listed[1]["id"]
    assert http.delete(f"/templates/{built_in}").status_code == 204
    assert built_in not in [one["id"] for one in http.get("/templates").json()["data"]]
    assert built_in in [one["id"] for one in http.post("/templates/restore").json()["data"]]
