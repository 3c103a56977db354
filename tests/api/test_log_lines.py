"""The server's log is JSON, and one request id ties the door, the log line, the answer and the database row."""

import json

import httpx

from tests.echo_models import until
from tests.serving import Server


def test_one_id_goes_from_the_door_to_the_row(echo_server: Server) -> None:
    body = {"text": "a secret sentence", "source_lang": "en", "target_lang": "pt", "model": "nope"}
    asked = "door-to-row-0001"

    answer = httpx.post(f"{echo_server.url}/translations", json=body, headers={"X-Request-ID": asked}, timeout=60)

    def statuses() -> list[str]:
        rows = httpx.get(f"{echo_server.url}/interactions", params={"limit": 5}, timeout=60).json()["data"]
        return [row["status"] for row in rows if row["request_id"] == asked]

    assert answer.headers["x-request-id"] == answer.json()["request_id"] == asked
    until(lambda: statuses() == ["refused"])  # the row is written beside the answer


def test_an_id_that_is_none_is_replaced(echo_server: Server) -> None:
    answer = httpx.get(f"{echo_server.url}/jobs/x", headers={"X-Request-ID": "a b<script>"}, timeout=60)

    assert answer.headers["x-request-id"].isalnum()


def test_every_line_is_json_and_the_job_s_lines_carry_the_id(echo_server: Server) -> None:
    asked = "loads-a-model-01"
    httpx.post(f"{echo_server.url}/models/unloads", json={"model": "echo-image"}, timeout=60)
    httpx.post(
        f"{echo_server.url}/v1/images/generations", json={"prompt": "x"}, headers={"X-Request-ID": asked}, timeout=60
    )

    lines = [json.loads(line) for line in echo_server.log_path.read_text().splitlines()]

    assert [line["model"] for line in lines if line.get("request_id") == asked] == ["echo-image"]
    assert all({"event", "level", "timestamp"} <= set(line) for line in lines)
    assert "a secret sentence" not in echo_server.log_path.read_text()
