"""The project can be installed and deployed: requirements, locks, image, Compose file and Space agree."""

import ast
import fnmatch
import importlib.metadata
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import tomllib
import zipfile
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.version import Version

from deploy import lock
from studio import Settings

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
PACKAGES = ("contract", "studio", "engines", "store", "ui", "api")
SPACE_COLOURS = {"red", "yellow", "green", "blue", "indigo", "purple", "pink", "gray"}
HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}")


def locked(name: str) -> dict[str, str]:
    """The blocks of a lock file by package."""
    text = (ROOT / "locks" / f"{name}.txt").read_text(encoding="utf-8")
    return lock.blocks(text.removeprefix(lock.HEADER))


def versions(blocks: dict[str, str]) -> dict[str, Version]:
    """The version of each package in a lock."""
    return {name: Version(lock.pin(text).split(";")[0].split("==")[1]) for name, text in blocks.items()}


def declared(*extras: str) -> list[Requirement]:
    """What pyproject.toml asks for, with some extras."""
    listed = list(PROJECT["dependencies"])
    for extra in extras:
        listed += PROJECT["optional-dependencies"][extra]
    return [Requirement(text) for text in listed]


# pyproject.toml and the locks


def test_every_requirement_is_bounded_below_and_above() -> None:
    loose = []
    for requirement in declared("setup", "images", "telemetry", "scoring", "dev"):
        operators = {specifier.operator for specifier in requirement.specifier}
        if "==" not in operators and not (operators & {">=", ">"} and operators & {"<", "<="}):
            loose.append(str(requirement))

    assert loose == []


@pytest.mark.parametrize(("name", "extras"), lock.EXTRAS.items())
def test_a_lock_satisfies_what_pyproject_asks_for(name: str, extras: tuple[str, ...]) -> None:
    pinned = versions(locked(name) | locked("torch"))

    unmet = [str(wish) for wish in declared(*extras) if not wish.specifier.contains(pinned[wish.name])]

    assert unmet == []


def test_every_locked_package_has_its_hashes() -> None:
    for name in (*lock.EXTRAS, "torch"):
        assert [package for package, text in locked(name).items() if not HASH.search(text)] == []


def test_a_fuller_lock_holds_the_smaller_one_unchanged() -> None:
    light, full, dev = locked("light"), locked("full"), locked("dev")

    assert light.items() <= full.items() <= dev.items()
    assert not [name for name in dev if lock.TORCH_ONLY.fullmatch(name)], "torch has a lock of its own"


# Imported only inside Jupyter, which brings it.
GIVEN = {"IPython"}


def test_every_package_that_the_code_imports_is_declared() -> None:
    providers = importlib.metadata.packages_distributions()
    names = {re.sub(r"[-_.]+", "-", wish.name).lower() for wish in declared("images", "telemetry", "scoring")}
    undeclared = set()
    for path in (ROOT / "app.py", *(path for room in PACKAGES for path in (ROOT / room).rglob("*.py"))):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.module and not node.level:
                modules = [node.module]
            for top in {module.split(".")[0] for module in modules} - sys.stdlib_module_names - {*PACKAGES, "app"}:
                dists = {re.sub(r"[-_.]+", "-", dist).lower() for dist in providers.get(top, [top])}
                if not dists & names and top not in GIVEN:
                    undeclared.add(f"{path.relative_to(ROOT)}: {top}")

    assert sorted(undeclared) == []


def test_a_wheel_of_the_project_holds_its_code_and_data(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    for name in ("app.py", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, tree)
    for room in PACKAGES:
        shutil.copytree(ROOT / room, tree / room, ignore=shutil.ignore_patterns("__pycache__"))
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
        "-w",
        str(tmp_path),
    ]
    done = subprocess.run([*command, str(tree)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr

    with zipfile.ZipFile(next(tmp_path.glob("hearth-*.whl"))) as wheel:
        inside = set(wheel.namelist())
    wanted = {
        str(path.relative_to(ROOT))
        for room in PACKAGES
        for path in (ROOT / room).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert wanted | {"app.py"} <= inside


# The image and the Compose file


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile's instructions, continued lines joined, without comments."""
    text = re.sub(r"^#.*\n", "", (ROOT / "Dockerfile").read_text(encoding="utf-8"), flags=re.MULTILINE)
    lines = [line for line in re.sub(r"\\\n\s*", "", text).splitlines() if line.strip()]
    return [(word, rest.strip()) for word, _, rest in (line.partition(" ") for line in lines)]


def image_environment() -> dict[str, str]:
    """What the image sets with ENV."""
    pairs = " ".join(rest for word, rest in instructions() if word == "ENV")
    return dict(re.findall(r"(\w+)=(\S+)", pairs))


def in_build_context(name: str) -> bool:
    """Whether .dockerignore lets a path through; the last pattern that matches it or a folder above decides."""
    sent = True
    for pattern in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines():
        wanted = pattern.lstrip("!").removeprefix("**/")
        if wanted and wanted[0] != "#" and any(fnmatch.fnmatch(part, wanted) for part in (name, *Path(name).parts)):
            sent = pattern.startswith("!")
    return sent


def test_the_image_copies_what_exists_and_all_that_runs() -> None:
    copied = [part for word, rest in instructions() if word == "COPY" for part in rest.split()[:-1]]

    assert [name for name in copied if not (ROOT / name).exists() or not in_build_context(name.rstrip("/"))] == []
    assert {"app.py", *(f"{room}/" for room in PACKAGES)} <= set(copied)


def test_nothing_private_enters_the_build_context() -> None:
    assert not any(in_build_context(name) for name in (".git", ".venv", ".env", "hearth.db", "tests", "ui/__pycache__"))
    assert in_build_context("ui/chat.py")


def test_the_image_runs_as_an_ordinary_user_on_port_7860_with_its_data_in_a_volume() -> None:
    steps = instructions()
    words = [word for word, _ in steps]

    assert dict(steps)["EXPOSE"] == "7860"
    assert dict(steps)["VOLUME"] == "/data"
    assert [rest for word, rest in steps if word == "USER"] == ["hearth"]
    assert "--uid 1000" in " ".join(rest for word, rest in steps if word == "RUN")
    assert words.index("USER") < words.index("CMD")
    assert "/live" in dict(steps)["HEALTHCHECK"]


def test_the_images_settings_are_settings_of_hearth() -> None:
    settings = Settings.load([], image_environment())

    assert (settings.host, settings.port, settings.open) == ("0.0.0.0", 7860, True)
    assert settings.data_dir == Path("/data")
    known = {f"HEARTH_{name.upper()}" for name in Settings.__slots__}
    compose = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
    used = {*image_environment(), *compose["services"]["hearth"]["environment"]}
    assert {name for name in used if name.startswith("HEARTH_")} <= known


def test_compose_publishes_to_this_machine_alone_and_does_not_wait_for_ollama() -> None:
    compose = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
    hearth = compose["services"]["hearth"]

    assert "depends_on" not in hearth
    assert all(port.startswith("127.0.0.1:") for port in hearth["ports"])
    assert "ports" not in compose["services"]["ollama"]
    mounted = {mount.split(":")[0] for service in compose["services"].values() for mount in service["volumes"]}
    assert mounted == set(compose["volumes"])
    assert set(hearth["build"]["args"]) == {rest.split("=")[0] for word, rest in instructions() if word == "ARG"}


# The Space


def front_matter() -> dict[str, str]:
    """The README's front matter, which a Space reads."""
    found = re.match(r"---\n(.*?)\n---\n", (ROOT / "README.md").read_text(encoding="utf-8"), flags=re.DOTALL)
    assert found, "README.md must begin with front matter"
    return yaml.safe_load(found[1])


def test_the_front_matter_is_what_a_space_takes() -> None:
    card = front_matter()

    assert {card["colorFrom"], card["colorTo"]} <= SPACE_COLOURS
    assert (card["sdk"], card["license"]) == ("gradio", PROJECT["license"].lower())
    assert card["sdk_version"] == str(versions(locked("light"))["gradio"])
    assert isinstance(card["python_version"], str)
    assert Requirement(f"python{PROJECT['requires-python']}").specifier.contains(card["python_version"] + ".0")
    assert (ROOT / card["app_file"]).is_file()
    assert card["suggested_hardware"] == "cpu-basic"
    assert len(card["emoji"]) <= 2
    assert len(card["short_description"]) <= 60


def test_the_spaces_requirements_are_the_locked_versions() -> None:
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    wishes = [Requirement(line) for line in lines if line and not line.startswith(("#", "--"))]
    pinned = {wish.name: Version(str(wish.specifier).removeprefix("==")) for wish in wishes}
    expected = {name: found for name, found in versions(locked("full")).items() if name not in lock.NOT_IN_SPACE}
    torch = versions(locked("torch"))["torch"]

    assert pinned == {**expected, "torch": Version(f"{torch}+cpu")}


def test_a_space_is_reached_from_outside_without_any_option() -> None:
    settings = Settings.load([], {"SPACE_ID": "somebody/hearth"})

    assert settings.host == "0.0.0.0"


# The image's own steps, as far as they go without Docker


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.skipif(os.environ.get("HEARTH_SLOW_TESTS") != "1", reason="takes minutes: HEARTH_SLOW_TESTS=1")
def test_the_images_steps_lead_to_a_healthy_hearth(tmp_path: Path) -> None:
    app, steps = tmp_path / "app", dict(instructions())
    for *sources, target in (rest.split() for word, rest in instructions() if word == "COPY"):
        for source in sources:
            if (ROOT / source).is_dir():
                shutil.copytree(ROOT / source, app / target)
            else:
                into = app / target if Path(target).name == Path(source).name else app / target / source
                into.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / source, into)
    subprocess.run([sys.executable, "deploy/install.py", "--profile", "light"], cwd=app, check=True)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    environment = {**os.environ, **image_environment(), "HEARTH_PORT": port, "HEARTH_DEMO": "1"}
    environment["HEARTH_DATA_DIR"] = str(tmp_path / "data")
    check = [part.replace("7860", port) for part in json.loads(steps["HEALTHCHECK"].partition("CMD ")[2])]

    with subprocess.Popen(json.loads(steps["CMD"]), cwd=app, env=environment) as hearth:
        try:
            until = time.monotonic() + 60
            while subprocess.run(check, cwd=app, capture_output=True).returncode:
                assert hearth.poll() is None
                assert time.monotonic() < until, "not healthy after a minute"
        finally:
            hearth.terminate()
        assert hearth.wait(timeout=20) is not None
