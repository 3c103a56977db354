"""Writes the lock files: every version that is installed, with its hashes (`make lock`).

One resolution over all extras decides the versions, for Linux, macOS and Windows and every supported
Python; the smaller files are resolved under it, so that a package has the same version in each. torch and
the CUDA packages that its ordinary Linux wheel pulls in stand in a file of their own, because which build
of torch is right depends on the machine: deploy/install.py decides it there.
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ROOT / "locks"
EXTRAS: dict[str, tuple[str, ...]] = {
    "light": ("setup",),
    "full": ("setup", "images"),
    "dev": ("setup", "images", "telemetry", "scoring", "dev"),
}
REQUIREMENTS = ROOT / "requirements.txt"
SPACE_HEADER = """\
# What a Hugging Face Space installs. Written by `make lock` from locks/full.txt. Do not edit.
# Without hashes, because Spaces install it together with packages of their own choice. On a Space with a GPU
# replace the next two lines by torch=={version}.
--extra-index-url https://download.pytorch.org/whl/cpu
torch=={version}+cpu
"""
# A Space has its own, and nothing here is built there.
NOT_IN_SPACE = ("pip", "setuptools")
HEADER = "# Written by `make lock` from pyproject.toml. Do not edit.\n"
TORCH_ONLY = re.compile(r"torch|triton|nvidia-.*|cuda-.*")


def resolve(source: str, *options: str) -> str:
    """Resolve one requirements source for every platform, with hashes.

    Args:
        source: The file that names the requirements.
        options: Further options of ``uv pip compile``.

    Returns:
        The text of the lock, without comments.

    Raises:
        SystemExit: The requirements cannot be met together; uv has said why.
    """
    command = [sys.executable, "-m", "uv", "pip", "compile", source, "--quiet", "--universal", "--no-header"]
    command += ["--fork-strategy", "fewest", "--python-version", "3.11", "--generate-hashes", "--no-annotate"]
    done = subprocess.run([*command, *options], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        raise SystemExit(done.returncode)
    return done.stdout


def blocks(lock: str) -> dict[str, str]:
    """The lock's text by package: the line that pins it and the hashes below it."""
    found: dict[str, str] = {}
    for text in re.split(r"\n(?=\S)", lock.strip()):
        found[re.split(r"[=\s]", text, maxsplit=1)[0]] = text
    return found


def write(name: str, packages: dict[str, str]) -> None:
    """Write one lock file."""
    LOCKS.mkdir(exist_ok=True)
    path = LOCKS / f"{name}.txt"
    path.write_text(HEADER + "\n".join(packages.values()) + "\n", encoding="utf-8")
    print(f"{path.relative_to(ROOT)}: {len(packages)} packages")


def pin(text: str) -> str:
    """The line of a block that names version and marker, without the hashes."""
    return text.split(" \\\n", maxsplit=1)[0]


def main() -> None:
    """Write locks/light.txt, full.txt, dev.txt (all without torch), torch.txt and requirements.txt."""
    every = resolve("pyproject.toml", *(f"--extra={extra}" for extra in EXTRAS["dev"]))
    whole = blocks(every)
    torch = {package: text for package, text in whole.items() if TORCH_ONLY.fullmatch(package)}
    locks: dict[str, dict[str, str]] = {"torch": torch}
    with tempfile.TemporaryDirectory() as folder:
        constraints = Path(folder, "every.txt")
        constraints.write_text(every, encoding="utf-8")
        for name, extras in EXTRAS.items():
            chosen = (f"--extra={extra}" for extra in extras)
            packages = blocks(resolve("pyproject.toml", *chosen, "--constraint", str(constraints)))
            # In the fuller one's words: the same package may be wanted there on more platforms.
            locks[name] = {package: whole[package] for package in packages if package not in torch}
    for name, packages in locks.items():
        write(name, packages)
    pins = [pin(text) for package, text in locks["full"].items() if package not in NOT_IN_SPACE]
    header = SPACE_HEADER.format(version=pin(torch["torch"]).partition("==")[2])
    REQUIREMENTS.write_text(header + "\n".join(pins) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
