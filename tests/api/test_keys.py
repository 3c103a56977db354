"""Who has a key comes in as far as its scopes go, nobody else where keys are required; other sites only by setting."""

import io
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, redirect_stderr, redirect_stdout
from pathlib import Path

import anthropic
import httpx
import openai
import pytest
from libretranslate_aio import ForbiddenError, LibreTranslate

from studio import Settings, key_command, new_id
from studio.keys import SCOPES
from tests.echo_models import until
from tests.serving import ROOT, Server

SITE = "https://pages.example"
CHAT = {"model": "echo-chat", "messages": [{"role": "user", "content": "Hello"}]}


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A Hearth that asks for a key, and lets one other site use its API."""
    data_dir = tmp_path_factory.mktemp("locked")
    server = Server(data_dir, "--demo", "--log-json", "--require-key", "--cors-origins", SITE).start()
    yield server
    server.stop()


def process(data_dir: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `app.py keys`."""
    whole = [sys.executable, "app.py", "keys", *arguments, "--data-dir", str(data_dir)]
    return subprocess.run(whole, cwd=ROOT, capture_output=True, text=True)


def command(data_dir: Path, *arguments: str) -> str:
    """Do here what `app.py keys` does in a process of its own, which takes seconds to start; returns its output."""
    said = io.StringIO()
    with redirect_stdout(said), redirect_stderr(io.StringIO()):
        key_command.run([*arguments, "--data-dir", str(data_dir)])
    return said.getvalue()


def make_key(server: Server, name: str, *options: str) -> str:
    """Make a key as on the command line and return its text."""
    return command(server.data_dir, "add", name, *options).strip()


@pytest.fixture(scope="module")
def admin(locked: Server) -> Iterator[httpx.Client]:
    """A client with a key for everything."""
    done = process(locked.data_dir, "add", "admin", "--scope", "admin")
    assert done.returncode == 0, done.stderr
    key = done.stdout.strip()
    with httpx.Client(base_url=locked.url, headers={"Authorization": f"Bearer {key}"}, timeout=30) as made:
        yield made


def with_key(server: Server, key: str) -> httpx.Client:
    """A client with a key in the other header."""
    return httpx.Client(base_url=server.url, headers={"x-api-key": key}, timeout=30)


PROTECTED = [
    *("/health", "/metrics", "/v1/models", "/api/tags", "/jobs", "/aliases", "/api-keys"),
    *("/jobs/x/events", "/files/x", "/gradio_api/info", "/config", "/", "/whatever"),
]


@pytest.mark.parametrize("path", PROTECTED)
@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer none"}, {"x-api-key": "hearth_" + "x" * 43}])
def test_nothing_answers_without_a_valid_key(locked: Server, path: str, headers: dict[str, str]) -> None:
    answer = httpx.get(locked.url + path, headers=headers, timeout=60)

    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")


def test_what_only_says_that_the_process_lives_needs_no_key(locked: Server) -> None:
    locked.wait_ready()
    for path in ("/live", "/ping", "/ready"):
        assert httpx.get(locked.url + path, timeout=60).status_code == 200


def test_the_refusal_has_the_form_of_its_path(locked: Server) -> None:
    assert httpx.get(f"{locked.url}/v1/models", timeout=60).json()["error"]["code"] == "key_required"
    problem = httpx.get(f"{locked.url}/jobs", timeout=60)
    assert problem.headers["content-type"] == "application/problem+json"
    assert problem.json()["request_id"] == problem.headers["x-request-id"]


def test_the_official_clients_come_in_with_a_key(locked: Server) -> None:
    key = make_key(locked, "clients")
    with openai.OpenAI(base_url=f"{locked.url}/v1", api_key=key, max_retries=0) as client:
        assert client.chat.completions.create(**CHAT).choices[0].message.content == "Hello"  # type: ignore[call-overload]
    with anthropic.Anthropic(base_url=locked.url, api_key=key, max_retries=0) as claude:
        said = claude.messages.create(model="echo-chat", max_tokens=9, messages=[{"role": "user", "content": "Hello"}])
    assert said.content[0].text == "Hello"  # type: ignore[union-attr]
    with (
        openai.OpenAI(base_url=f"{locked.url}/v1", api_key="wrong", max_retries=0) as stranger,
        pytest.raises(openai.AuthenticationError),
    ):
        stranger.models.list()


def test_a_key_goes_as_far_as_its_scopes(locked: Server) -> None:
    with with_key(locked, make_key(locked, "scraper", "--scope", "metrics")) as scraper:
        assert scraper.get("/metrics").status_code == 200
        refused = scraper.post("/v1/chat/completions", json=CHAT)
    with with_key(locked, make_key(locked, "writer", "--scope", "generate")) as writer:
        assert writer.post("/v1/chat/completions", json=CHAT).status_code == 200
        assert writer.get("/aliases").status_code == 200
        denied = {path: writer.get(path).status_code for path in ("/metrics", "/api-keys", "/config")}
        changed = writer.put("/aliases", json={"data": []}).status_code

    assert refused.status_code == 403
    assert refused.json()["error"]["code"] == "missing_scope"
    assert denied == {"/metrics": 403, "/api-keys": 403, "/config": 403}
    assert changed == 403


def test_a_key_is_made_shown_once_used_and_revoked_over_http(locked: Server, admin: httpx.Client) -> None:
    made = admin.post("/api-keys", json={"name": "laptop", "scopes": ["generate"], "days": 1})
    assert made.status_code == 201
    key, key_id = made.json()["key"], made.json()["id"]

    with with_key(locked, key) as laptop:
        assert laptop.get("/v1/models").status_code == 200

        def line() -> dict[str, str]:
            return next(line for line in admin.get("/api-keys").json()["data"] if line["id"] == key_id)

        until(lambda: line()["last_used_at"])
        assert line()["expires_at"] > line()["created_at"]
        assert key not in admin.get("/api-keys").text
        assert admin.delete(f"/api-keys/{key_id}").status_code == 204
        assert laptop.get("/v1/models").status_code == 401
    assert admin.delete(f"/api-keys/{key_id}").status_code == 404


def test_a_key_revoked_or_expired_elsewhere_stops_working(locked: Server, admin: httpx.Client) -> None:
    revoked, expired = make_key(locked, "revoked"), make_key(locked, "expired", "--days", "1")
    with with_key(locked, revoked) as one, with_key(locked, expired) as other:
        assert one.get("/v1/models").status_code == other.get("/v1/models").status_code == 200
        key_id = next(line["id"] for line in admin.get("/api-keys").json()["data"] if line["name"] == "revoked")
        command(locked.data_dir, "revoke", key_id)
        with closing(sqlite3.connect(locked.data_dir / "hearth.db")) as database, database:
            database.execute("UPDATE api_keys SET expires_at = '2020-01-01T00:00:00.000Z' WHERE name = 'expired'")
        until(lambda: one.get("/v1/models").status_code == 401)
        until(lambda: other.get("/v1/models").status_code == 401)


def test_no_key_is_kept_anywhere(locked: Server) -> None:
    key = make_key(locked, "secret")
    with with_key(locked, key) as client:
        client.post("/v1/chat/completions", json=CHAT)
        client.get("/nowhere")

    kept = [path for path in locked.data_dir.rglob("*") if path.is_file() and key.encode() in path.read_bytes()]

    assert kept == []
    listed = command(locked.data_dir, "list")
    assert "secret" in listed
    assert key not in listed


def test_the_dashboard_opens_to_a_person_with_an_admin_key(locked: Server, admin: httpx.Client) -> None:
    locked.wait_ready()
    with httpx.Client(base_url=locked.url, headers={"Accept": "text/html"}, timeout=30) as browser:
        page = browser.get("/")
        assert page.status_code == 401
        assert 'name="key"' in page.text

        weak = browser.post("/sign-in", data={"key": make_key(locked, "weak")})
        assert (weak.status_code, "does not open" in weak.text) == (403, True)

        opened = browser.post("/sign-in", data={"key": admin.headers["authorization"].split()[1]})
        assert opened.status_code == 303
        cookie = opened.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=Strict" in cookie
        assert "gradio" in browser.get("/").text
        assert browser.get("/config").status_code == 200
        browser.post("/sign-in/end")
        assert browser.get("/").status_code == 401

        forged = browser.get("/", headers={"Cookie": cookie.split(";")[0] + "0"})
        assert forged.status_code == 401


def test_other_sites_get_in_only_when_a_setting_names_them(locked: Server, admin: httpx.Client) -> None:
    asks = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization,content-type"}
    url = "/v1/chat/completions"

    allowed = admin.options(url, headers={"Origin": SITE, **asks})
    posted = admin.post(url, json=CHAT, headers={"Origin": SITE})
    foreign = admin.options(url, headers={"Origin": "https://evil.example", **asks})
    evil = admin.post(url, json=CHAT, headers={"Origin": "https://evil.example"})
    keyless = httpx.post(locked.url + url, json=CHAT, headers={"Origin": SITE}, timeout=60)

    assert (allowed.status_code, allowed.headers["access-control-allow-origin"]) == (204, SITE)
    assert "authorization" in allowed.headers["access-control-allow-headers"]
    assert (posted.status_code, posted.headers["access-control-allow-origin"]) == (200, SITE)
    assert "access-control-allow-credentials" not in posted.headers
    assert {foreign.status_code, evil.status_code} == {403}
    assert "access-control-allow-origin" not in evil.headers
    assert (keyless.status_code, keyless.headers["access-control-allow-origin"]) == (401, SITE)


def test_without_the_setting_no_site_gets_in_and_no_key_is_needed(echo_server: Server) -> None:
    url = f"{echo_server.url}/v1/chat/completions"

    assert httpx.post(url, json=CHAT, headers={"Authorization": "Bearer anything"}, timeout=60).status_code == 200
    assert httpx.post(url, json=CHAT, headers={"Authorization": "Bearer hearth_wrong"}, timeout=60).status_code == 401
    assert httpx.post(url, json=CHAT, headers={"Origin": SITE}, timeout=60).status_code == 403
    told = httpx.get(f"{echo_server.url}/live", headers={"Origin": SITE}, timeout=60).headers
    assert "access-control-allow-origin" not in told


def test_a_scope_counts_where_keys_are_not_required_too(echo_server: Server) -> None:
    with with_key(echo_server, make_key(echo_server, "scraper", "--scope", "metrics")) as scraper:
        assert scraper.get("/metrics").status_code == 200
        assert scraper.get("/v1/models").status_code == 403


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--cors-origins", "*"], "is not a site's origin"),
        (["--cors-origins", "https://a.example/path"], "is not a site's origin"),
        (["--host", "0.0.0.0"], "--require-key"),
    ],
)
def test_a_setting_that_would_open_too_much_is_refused(
    arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        Settings.load(arguments, {})

    assert told in capsys.readouterr().err


def test_keys_make_a_public_address_possible_without_letting_anybody_in() -> None:
    assert Settings.load(["--host", "0.0.0.0", "--require-key"], {}).require_key


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": "", "scopes": ["admin"]}, "name"),
        ({"name": "a", "scopes": []}, "scopes"),
        ({"name": "a", "scopes": ["all"]}, "scopes.0"),
        ({"name": "a", "scopes": ["admin"], "days": 0}, "days"),
        ({"name": "a", "scopes": ["admin"], "owner": "b"}, "owner"),
    ],
)
def test_a_bad_key_is_refused_with_the_field(admin: httpx.Client, body: dict[str, object], field: str) -> None:
    answer = admin.post("/api-keys", json=body)

    assert (answer.status_code, answer.json()["details"]["field"]) == (422, field)


def test_the_scopes_of_the_command_are_the_studios(tmp_path: Path) -> None:
    assert process(tmp_path, "add", "x", "--scope", "everything").returncode == 2
    for scope in SCOPES:
        command(tmp_path, "add", scope, "--scope", scope)
    assert [scope for scope in SCOPES if scope not in command(tmp_path, "list")] == []


def test_a_repeated_request_for_a_key_makes_no_second_one_and_shows_no_text_again(http: httpx.Client) -> None:
    once = {"Idempotency-Key": f"key-{new_id()}"}
    body = {"name": "once", "scopes": ["generate"]}

    first, again = (http.post("/api-keys", json=body, headers=once).json() for _ in range(2))

    assert first["key"].startswith("hearth_")
    assert again == {**first, "key": None}
    assert [key["name"] for key in http.get("/api-keys").json()["data"]].count("once") == 1
    other = http.post("/api-keys", json={**body, "name": "other"}, headers=once)
    assert other.status_code == 409
    http.delete(f"/api-keys/{first['id']}")
    revoked = http.post("/api-keys", json=body, headers=once)
    assert (revoked.status_code, "revoked" in revoked.json()["detail"]) == (409, True)


def test_the_body_of_libretranslates_clients_carries_the_key(locked: Server) -> None:
    key = make_key(locked, "libre")
    with LibreTranslate(locked.url, api_key=key) as client:
        assert client.translate("Hello.", "en", "pl").translated_text == "[pl] Hello."
        assert client.languages() and client.detect("Hello.")
        assert client.frontend_settings().key_required
    for wrong in (None, "hearth_" + "x" * 43, "none", make_key(locked, "scraper", "--scope", "metrics")):
        with LibreTranslate(locked.url, api_key=wrong) as stranger:
            with pytest.raises(ForbiddenError):
                stranger.translate("Hello.", "en", "pl")
            with pytest.raises(ForbiddenError):
                stranger.detect("Hello.")
    assert key not in locked.log_path.read_text()
