"""Copies a file of a model and checks it on the way."""

import hashlib
from typing import IO

from contract.engine import Stop
from studio.catalogue import ModelFile

_CHUNK = 1024 * 1024


def checked_copy(source: IO[bytes], target: IO[bytes], file: ModelFile, stop: Stop) -> bool:
    """Copy no more than the file's size; whether that is what it should be."""
    digest, size = hashlib.sha256(), 0
    while not stop.is_set() and (chunk := source.read(_CHUNK)):
        size += len(chunk)
        if size > file.size_bytes:
            return False
        digest.update(chunk)
        target.write(chunk)
    return size == file.size_bytes and digest.hexdigest() == file.sha256
