"""What the owner does with models: settings that count, switching off, deletion and what depends on it, leftovers."""

import json
from pathlib import Path

import pytest

from contract.models import ModelSpec
from store import ModelRow
from studio import (
    Alias,
    Caller,
    Conflict,
    DoesNotFit,
    DownloadRequest,
    Forbidden,
    InvalidRequest,
    ModelDisabled,
    Settings,
    Studio,
    StudioError,
    UnknownModel,
    fitting,
)
from studio.fitting import Room
from studio.model_settings import with_settings
from tests.echo_models import install_echo, until
from tests.studio.asking import LOCAL, chat

OWNER, GUEST = Caller(), Caller(owner="guest-1", role="user")


def reopened(studio: Studio) -> Studio:
    studio.close()
    return Studio.open(studio.settings)


def parameters(studio: Studio) -> dict[str, object]:
    return dict(json.loads(studio.interactions.latest(None, 1)[0]["parameters"]))


def test_settings_stand_in_where_a_request_names_none_and_the_log_tells_them(odd_studio: Studio) -> None:
    odd_studio.change_model("slow-chat", OWNER, settings={"temperature": 0.3, "max_tokens": 2})
    job = odd_studio.submit(chat("one two three", model="slow-chat"), LOCAL)
    job.wait()
    assert job.text() == "one two"
    assert (parameters(odd_studio)["temperature"], parameters(odd_studio)["max_tokens"]) == (0.3, 2)
    asked = odd_studio.submit(chat("one two three", model="slow-chat", max_tokens=3, temperature=1.0), LOCAL)
    asked.wait()
    assert asked.text() == "one two three"
    with reopened(odd_studio) as again:
        assert again.model_details("slow-chat").values == {"temperature": 0.3, "max_tokens": 2}
        again.change_model("slow-chat", OWNER, settings={"temperature": None, "max_tokens": None})
        assert again.model_details("slow-chat").values == {}


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"temperature": 3}, "from 0 to 2"),
        ({"top_k": 1.5}, "whole number"),
        ({"n_ctx": 4096}, "has no setting 'n_ctx'"),
        ({"temperature": float("nan")}, "must be a number"),
    ],
)
def test_a_setting_that_can_not_be_is_refused_and_changes_nothing(
    odd_studio: Studio, settings: dict[str, float], words: str
) -> None:
    with pytest.raises(InvalidRequest, match=words):
        odd_studio.change_model("slow-chat", OWNER, settings={"min_p": 0.1, **settings})
    assert odd_studio.model_details("slow-chat").values == {}


def test_loading_settings_become_options_of_the_spec_and_load_it_anew(starters: Path) -> None:
    (path,) = (starters / "llama_cpp").glob("smollm2-135m/*.gguf")
    spec = ModelSpec(
        id="s", engine="llama_cpp", kind="chat", title="S", paths=(path,), size_bytes=98_000_000, memory_bytes=10**9
    )
    row = ModelRow(id="s", kind="chat", engine="llama_cpp", title="S", settings={"n_ctx": 2048, "slots": 2})
    changed = with_settings(spec, row)
    assert (changed.options["n_ctx"], changed.options["slots"]) == (2048, 2)
    assert changed.memory_bytes < spec.memory_bytes
    from engines.llama_cpp import LlamaCpp

    engine = LlamaCpp(changed)
    assert engine.slots == 2
    assert engine.serves(changed) and not engine.serves(spec)


def test_a_model_that_is_switched_off_is_listed_used_by_nobody_and_no_default(odd_studio: Studio) -> None:
    odd_studio.registry.set_default("chat", "slow-chat")
    assert odd_studio.change_model("slow-chat", OWNER, enabled=False).state == "disabled"
    with pytest.raises(ModelDisabled, match="switched off here"):
        odd_studio.submit(chat(model="slow-chat"), LOCAL)
    assert "slow-chat" not in [info.spec.id for info in odd_studio.usable_models()]
    default = odd_studio.spec(None, "chat")
    assert default.id != "slow-chat"
    with reopened(odd_studio) as again:
        assert again.model("slow-chat").state == "disabled"
        again.change_model("slow-chat", OWNER, enabled=True, note="Slow, as it says.")
        assert again.spec(None, "chat").id == "slow-chat"
        assert again.model("slow-chat").remark == "Slow, as it says."


def test_strangers_change_and_clean_nothing(odd_studio: Studio) -> None:
    with pytest.raises(Forbidden):
        odd_studio.change_model("slow-chat", GUEST, enabled=False)
    with pytest.raises(Forbidden):
        odd_studio.clean_leftovers(GUEST)
    assert odd_studio.model("slow-chat").state == "installed"


def test_deleting_a_model_first_tells_what_depends_on_it(odd_studio: Studio) -> None:
    odd_studio.registry.set_default("chat", "slow-chat")
    odd_studio.aliases.replace([Alias(name="gpt-4o", kind="chat", model="slow-chat")])
    conversation = odd_studio.conversations.create("local", "About stoves")
    odd_studio.say(conversation.id, "one two", LOCAL)[1].wait()
    found = odd_studio.dependants("slow-chat")
    assert (found.jobs, found.aliases, found.conversations) == (("chat",), ("gpt-4o",), 1)
    assert found.freed_bytes > 0
    odd_studio.change_model("slow-chat", OWNER, note="gone soon")
    assert odd_studio.remove_model("slow-chat") == found.freed_bytes
    with pytest.raises(UnknownModel):
        odd_studio.model("slow-chat")
    assert odd_studio.model_settings.of("slow-chat") is None
    assert odd_studio.conversations.get(conversation.id, "local").title == "About stoves"


def test_what_belongs_to_no_model_is_found_and_cleaned_and_nothing_else(odd_studio: Studio, tmp_path: Path) -> None:
    models, outside = tmp_path / "models", tmp_path / "precious"
    outside.mkdir()
    (outside / "file").write_bytes(b"keep me")
    for path, size in ((".partial/old+model/x.part", 3_000), ("llama_cpp/half/model.gguf", 2_000), ("stray.bin", 10)):
        (models / path).parent.mkdir(parents=True, exist_ok=True)
        (models / path).write_bytes(bytes(size))
    (models / "llama_cpp" / "link").symlink_to(outside)
    before = {info.spec.id for info in odd_studio.models() if info.state == "installed"}
    found = odd_studio.leftovers()
    assert [(item.name, item.kind, item.size_bytes) for item in found] == [
        (".partial/old+model", "partial", 3_000),
        ("llama_cpp/half", "orphan", 2_000),
        ("stray.bin", "orphan", 10),
        ("llama_cpp/link", "orphan", 0),
    ]
    assert odd_studio.clean_leftovers(OWNER) == 5_010
    assert odd_studio.leftovers() == []
    assert (outside / "file").read_bytes() == b"keep me"
    assert {info.spec.id for info in odd_studio.models() if info.state == "installed"} == before


def test_a_damaged_model_that_no_catalogue_knows_is_listed_and_can_be_deleted(
    odd_studio: Studio, tmp_path: Path
) -> None:
    (tmp_path / "models" / "echo-chat" / "slow-chat" / "hearth.json").write_text("{")
    odd_studio.registry.refresh()
    broken = odd_studio.model("slow-chat")
    assert broken.state == "damaged" and "can't be read" in broken.error
    assert odd_studio.remove_model("slow-chat") > 0
    with pytest.raises(UnknownModel):
        odd_studio.model("slow-chat")


def test_what_an_ollama_server_has_no_more_is_marked_and_can_be_forgotten(
    odd_studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    from engines import ollama

    held = [
        ModelSpec(id=f"ollama/{name}", engine="ollama", kind="chat", title=name, remote=True, options={"name": name})
        for name in ("one", "two")
    ]
    monkeypatch.setattr(ollama, "discover", lambda host: list(held))
    odd_studio.registry.look_for_ollama()
    assert odd_studio.model("ollama/one").state == "remote"
    held.pop(0)
    odd_studio.registry.look_for_ollama()
    gone = odd_studio.model("ollama/one")
    assert gone.state == "missing" and "has it no more since" in gone.error
    with pytest.raises(StudioError):
        odd_studio.submit(chat(model="ollama/one"), LOCAL)
    with reopened(odd_studio) as again:
        assert again.model("ollama/one").state == "missing"
        assert again.remove_model("ollama/one") == 0
        with pytest.raises(UnknownModel):
            again.model("ollama/one")


def test_a_model_fits_is_tight_or_too_big_by_what_is_free() -> None:
    def fit(size: int, engine: str = "llama_cpp", memory: int = 0) -> str:
        spec = ModelSpec(id="m", engine=engine, kind="chat", title="M", size_bytes=size, memory_bytes=memory)
        return fitting.fit(spec, Room(bytes=8_000_000_000))

    assert [fit(size) for size in (0, 2_000_000_000, 6_000_000_000, 9_000_000_000)] == [
        "unknown",
        "fits",
        "tight",
        "too_big",
    ]
    assert fit(9_000_000_000, memory=1_000_000_000) == "fits"  # measured counts
    assert fit(3_900_000_000, "diffusers") == "too_big"
    assert Room.now(10**15, 0).bytes < 10**15


def test_a_pinned_model_stays_and_what_it_leaves_no_room_for_is_refused(tmp_path: Path) -> None:
    for name in ("one", "two"):
        install_echo(tmp_path, name, memory_bytes=600 * 1024**2)
    settings = Settings(data_dir=tmp_path, ollama_host="http://127.0.0.1:9", no_starters=True, memory_budget_mb=1000)
    with Studio.open(settings) as studio:
        studio.change_model("one", OWNER, pinned=True)
        studio.load("one")
        with pytest.raises(DoesNotFit, match=r"pinned \(One\) leaves 400 MB"):
            studio.submit(chat(model="two"), LOCAL).wait()
        studio.change_model("one", OWNER, pinned=False)
        studio.submit(chat(model="two"), LOCAL).wait()
        assert set(studio.residency.loaded()) == {"two"}


def test_two_models_that_do_not_fit_together_take_turns_and_all_fifty_requests_are_done(tmp_path: Path) -> None:
    for name in ("one", "two"):
        install_echo(tmp_path, name, memory_bytes=600 * 1024**2, delay_s=0.002, load_s=0.01)
    settings = Settings(data_dir=tmp_path, ollama_host="http://127.0.0.1:9", no_starters=True, memory_budget_mb=1000)
    with Studio.open(settings) as studio:
        jobs = [studio.submit(chat("a b c", model=("one", "two")[n % 2]), LOCAL) for n in range(50)]
        assert [type(job.wait()).__name__ for job in jobs] == ["Done"] * 50
        assert [job.text() for job in jobs] == ["a b c"] * 50


def test_figures_of_a_model_come_from_the_log_of_everybody(odd_studio: Studio) -> None:
    assert odd_studio.model("slow-chat").calls == 0
    odd_studio.submit(chat("one two three four five six seven eight nine", model="slow-chat"), LOCAL).wait()
    odd_studio.submit(chat("one two three four five six seven eight nine", model="slow-chat"), GUEST).wait()
    with pytest.raises(StudioError):
        odd_studio.submit(chat("one two", model="breaks-chat"), LOCAL).wait()
    info = odd_studio.model("slow-chat")
    assert info.calls == 2 and info.last_used_at and info.tokens_per_s is not None and 0 < info.tokens_per_s < 1_000
    figures = odd_studio.model_statistics("slow-chat")
    assert (figures.calls, figures.errors, figures.tokens_out) == (2, 0, 18)
    broken = odd_studio.model_statistics("breaks-chat")
    assert (broken.calls, broken.by_error) == (1, {"engine_failed": 1})
    with reopened(odd_studio) as again:  # read from the log anew
        assert (again.model("slow-chat").calls, again.model_statistics("slow-chat", 1).calls) == (2, 2)


def test_a_model_at_work_is_not_deleted(odd_studio: Studio) -> None:
    job = odd_studio.submit(chat("word " * 2_000, model="slow-chat"), LOCAL)
    until(job.text)
    with pytest.raises(Conflict, match="at work"):
        odd_studio.remove_model("slow-chat")
    job.cancel()


def test_a_download_that_is_not_begun_is_no_download(odd_studio: Studio) -> None:
    with pytest.raises(InvalidRequest):
        odd_studio.submit(DownloadRequest(model="../x"), LOCAL)
    assert odd_studio.downloads.all() == []
