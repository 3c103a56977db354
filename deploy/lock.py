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
    "dev": ("setup", "images", "dev"),
}
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


def main() -> None:
    """Write locks/light.txt, full.txt, dev.txt (all without torch) and torch.txt."""
    every = resolve("pyproject.toml", *(f"--extra={extra}" for extra in EXTRAS["dev"]))
    with tempfile.TemporaryDirectory() as folder:
        constraints = Path(folder, "every.txt")
        constraints.write_text(every, encoding="utf-8")
        for name, extras in EXTRAS.items():
            lock = resolve(
                "pyproject.toml", *(f"--extra={extra}" for extra in extras), "--constraint", str(constraints)
            )
            write(name, {package: text for package, text in blocks(lock).items() if not TORCH_ONLY.fullmatch(package)})
    write("torch", {package: text for package, text in blocks(every).items() if TORCH_ONLY.fullmatch(package)})


if __name__ == "__main__":
    main()
