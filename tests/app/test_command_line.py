"""The options: complete in the help, each from the command line and from the environment, wrong ones explained."""

import re
from dataclasses import fields
from pathlib import Path

import pytest

from studio import Settings
from tests.app.starting import Ended, ended

# Two values an option: one for the environment, another for the command line.
VALUES: dict[str, tuple[str, str]] = {
    "host": ("127.0.0.1", "localhost"),
    "port": ("7001", "7002"),
    "data_dir": ("/srv/one", "/srv/two"),
    "ollama_host": ("http://10.0.0.1:11434", "http://10.0.0.2:11434"),
    "cors_origins": ("https://a.example", "https://b.example"),
    "servers": ("one=http://127.0.0.1:8001/v1", "two=http://127.0.0.1:8002/v1"),
    "threads": ("3", "5"),
    "memory_budget_mb": ("1000", "2000"),
    "card_budget_mb": ("3000", "4000"),
    "keep_alive_s": ("10", "20"),
    "workers": ("off", "llama_cpp, piper"),
    "worker_timeout_s": ("30", "90"),
}
SWITCHES = [field.name for field in fields(Settings) if isinstance(field.default, bool)]


def flag(name: str) -> str:
    return "--" + name.replace("_", "-")


def read(name: str, argv: list[str], environ: dict[str, str]) -> object:
    """One setting, with ``--open`` beside it so that any address may be asked for."""
    return getattr(Settings.load([*argv, "--open"], environ), name)


def test_every_setting_is_a_switch_or_has_values_here() -> None:
    assert {field.name for field in fields(Settings)} == {*SWITCHES, *VALUES}


def test_the_help_has_every_setting_with_its_variable_and_a_word_on_it() -> None:
    done = ended("--help")

    assert done.status == 0
    told = dict(re.findall(r"^  (--[a-z-]+)(?: [A-Z_]+)?\s{2,}(.+)$", done.output, flags=re.MULTILINE))
    for field in fields(Settings):
        assert f"[HEARTH_{field.name.upper()}]" in told[flag(field.name)]
        assert len(told[flag(field.name)].split()) > 4
    assert len(told) == len(fields(Settings))


@pytest.mark.parametrize("name", VALUES)
def test_an_option_is_read_from_the_environment_and_the_command_line_wins(name: str) -> None:
    environ, argv = VALUES[name]
    variable = {f"HEARTH_{name.upper()}": environ}

    assert str(read(name, [], variable)) == environ
    assert str(read(name, [flag(name), argv], {})) == argv
    assert str(read(name, [flag(name), argv], variable)) == argv


@pytest.mark.parametrize("name", SWITCHES)
def test_a_switch_is_read_from_both(name: str) -> None:
    variable = f"HEARTH_{name.upper()}"

    assert getattr(Settings.load(["--open"] if name == "share" else [], {}), name) is False
    assert read(name, [flag(name)], {}) is True
    assert read(name, [], {variable: "1"}) is True
    assert read(name, [flag(name)], {variable: "0"}) is True


def test_an_empty_variable_says_nothing() -> None:
    """Compose files leave them so; an empty HEARTH_DATA_DIR must not mean the current folder."""
    environ = {f"HEARTH_{field.name.upper()}": "" for field in fields(Settings)}

    assert Settings.load([], environ) == Settings.load([], {})


def test_the_real_process_obeys_the_environment(tmp_path: Path) -> None:
    blocked = tmp_path / "a file"
    blocked.write_text("x")

    done = ended("--demo", env={"HEARTH_DATA_DIR": str(blocked), "HEARTH_PORT": "0"})

    assert done.status == 1
    assert str(blocked) in done.sentence()


@pytest.mark.parametrize(
    ("arguments", "env", "told"),
    [
        (["--nonsense"], {}, "--nonsense"),
        (["--dem"], {}, "--dem"),
        (["extra"], {}, "extra"),
        (["--port", "http"], {}, "'http' is not a port"),
        (["--port", "65536"], {}, "'65536' is not a port"),
        (["--port"], {}, "--port"),
        (["--threads", "0"], {}, "'0' is not a whole number above 0"),
        (["--threads", "9" * 5_000], {}, "is not a whole number"),
        (["--data-dir", "~no-such-user-of-mine/data"], {}, "can't be a folder"),
        (["--data-dir", "a\0b"], {}, "can't be a folder"),
        ([], {"HEARTH_PORT": "http"}, "HEARTH_PORT: 'http' is not a port"),
        ([], {"HEARTH_DEMO": "perhaps"}, "HEARTH_DEMO: 'perhaps' is neither yes nor no"),
        (["--host", "0.0.0.0"], {}, "--open to let in anybody"),
        (["--host", ""], {}, "--open to let in anybody"),
        ([], {"HEARTH_HOST": "::"}, "--open to let in anybody"),
        (["--share"], {}, "--open to let in anybody"),
        (["--workers", "piper,ollama"], {}, "'ollama' is no engine that runs here: use on, all, off, or of diffusers"),
        (["--worker-timeout-s", "0"], {}, "'0' is not a whole number above 0"),
    ],
)
def test_what_can_not_be_is_told_in_one_sentence(
    arguments: list[str], env: dict[str, str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        Settings.load(arguments, env)

    sentence = Ended(2, "", capsys.readouterr().err).sentence()
    assert end.value.code == 2
    assert told in sentence
    assert "--help" in sentence


def test_engines_with_large_native_libraries_run_in_processes_of_their_own_unless_asked_otherwise() -> None:
    def chosen(*argv: str, **environ: str) -> frozenset[str]:
        return Settings.load(argv, environ).in_workers

    assert chosen() == {"llama_cpp", "llama_embedding", "transformers", "transformers_chat", "diffusers"}
    assert {"piper", "whisper", "firefox"} < chosen("--workers", "all")
    assert "ollama" not in chosen("--workers", "all")
    assert chosen("--workers", "off") == frozenset()
    assert chosen("--workers", "piper, llama_cpp") == {"piper", "llama_cpp"}
    # A Space with a GPU on loan lends it to the main process alone.
    assert chosen(SPACES_ZERO_GPU="1") == frozenset()
    assert chosen("--workers", "on", SPACES_ZERO_GPU="1") == chosen()


def test_the_real_process_ends_with_2_and_that_sentence() -> None:
    done = ended("--demo", "--host", "0.0.0.0")

    assert done.status == 2
    assert "--open to let in anybody" in done.sentence()
