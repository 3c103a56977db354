"""Reads files into pages of text: PDF, DOCX, XLSX, CSV, code, plain text, and pictures as they are.

The parsers run in a process of their own (``document_child``), with a bound on its time, memory and output and
without this one's environment: what a file can break there is that process.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

from contract.documents import FileText, PageText
from contract.engine import Stop
from contract.errors import EngineFailed, InvalidRequest

TIMEOUT_S = 90.0
LOOK_EVERY_S = 0.1
KEPT_ENVIRONMENT = ("PATH", "PYTHONPATH", "SYSTEMROOT", "TMPDIR", "TEMP", "LANG", "LD_LIBRARY_PATH")
FORMS = "PDF, DOCX, XLSX, CSV, code, plain text or a picture"
# The error table: the child's word for what is wrong, and what a person reads after the file's name.
REASONS = {
    "encrypted": "is locked with a password. Save a copy without one, then attach that.",
    "damaged": "is damaged and can't be read. Open it where it was made, save it again, then attach that.",
    "no_text": "holds no text, as scanned pages do. Run text recognition (OCR) over it, then attach the result.",
    "binary": f"is no text and no form that can be read. Attach {FORMS}.",
    "archive": "is an archive. Unpack it, then attach the files in it.",
    "old_office": "is in an old Office format. Save it as DOCX, XLSX or PDF, then attach that.",
    "wrong_ending": "is not what its ending says. Give it its true ending, then attach it again.",
    "too_long": "holds more than 4,000,000 characters or 5,000 pages. Split it and attach the part that matters.",
    "too_much": "takes too much memory to read: unpacked it is far larger than it looks. Attach a smaller one.",
    "too_slow": f"took over {TIMEOUT_S:.0f} s to read and was given up. Split it and attach the part that matters.",
}
_CHILD = Path(__file__).with_name("document_child.py")


def read(path: Path, name: str, stop: Stop) -> FileText | None:
    """Return what a file holds; None when it was stopped.

    Args:
        path: The file.
        name: What a person calls it; its ending tells code from text.

    Raises:
        InvalidRequest: It can't be read, and why.
    """
    ending = (Path(name).suffix.lstrip(".") or Path(name).name).lower()
    # -P: the engines beside the child are named like the packages that they use.
    command = [sys.executable, "-P", str(_CHILD), str(path), ending]
    environment = {key: os.environ[key] for key in KEPT_ENVIRONMENT if key in os.environ}
    deadline = time.monotonic() + TIMEOUT_S
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment
    ) as child:
        while True:
            try:
                out, err = child.communicate(timeout=LOOK_EVERY_S)
                break
            except subprocess.TimeoutExpired:
                if stop.is_set() or time.monotonic() > deadline:
                    child.kill()
                    child.communicate()
                    if stop.is_set():
                        return None
                    raise _refused(name, "too_slow") from None
    if child.returncode:
        raise _ended(name, child.returncode, err)
    found = json.loads(out)
    if "error" in found:
        raise _refused(name, found["error"])
    return FileText(found["form"], found["mime"], tuple(PageText(label, text) for label, text in found["pages"]))


def _refused(name: str, why: str) -> InvalidRequest:
    return InvalidRequest(f"{name} {REASONS[why]}", field="file", reason=why)


def _ended(name: str, status: int, err: bytes) -> InvalidRequest | EngineFailed:
    """The error of a child that ended otherwise than by answering: out of memory, out of time, or a fault."""
    last = err.decode(errors="replace").strip().rpartition("\n")[2][:200]
    if "ModuleNotFoundError" in last:
        return EngineFailed(f"{name} can't be read: a package is missing ({last}). Run `make install`.")
    if status == -24:  # SIGXCPU
        return _refused(name, "too_slow")
    if status == -9 or "MemoryError" in last or "bad_alloc" in last:
        return _refused(name, "too_much")
    return InvalidRequest(f"{name} {REASONS['damaged']}", field="file", reason="damaged", why=last)
