"""Keys of other services at rest: AES-256-GCM under a master key from the environment or a file only its owner reads.

The master key is ``HEARTH_MASTER_KEY`` (32 bytes as 64 hex digits or base64), else the file
``master.key`` in the data folder, made when the first secret is kept. A secret is bound to what it
belongs to: put into another row, or another place's row, it opens no more. Whoever can read the
process's memory or both the database and the master key reads the secrets; a copy of the database
alone says nothing. Nothing is ever made anew over a key that can't be read.
"""

import base64
import binascii
import contextlib
import os
import secrets
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from contract.errors import SecretUnreadable, StorageFailed
from contract.ids import new_id

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32
NONCE_BYTES = 12
VARIABLE = "HEARTH_MASTER_KEY"
_FORM = b"\x01"  # of what is stored: this byte, the nonce, the text with its tag


class Vault:
    """Encrypts and decrypts short texts.

    Args:
        folder: Where ``master.key`` is, or will be.
        given: What ``HEARTH_MASTER_KEY`` says; "": the file counts.
    """

    def __init__(self, folder: Path, given: str = "") -> None:
        self.path = folder / "master.key"
        self._given = given.strip()
        self._lock = threading.Lock()

    def seal(self, text: str, bound_to: str) -> bytes:
        """Return a text encrypted.

        Args:
            text: The secret.
            bound_to: What it belongs to; ``open`` must name the same.

        Raises:
            SecretUnreadable: The master key is no key. StorageFailed: Its file can't be written.
        """
        nonce = secrets.token_bytes(NONCE_BYTES)
        return _FORM + nonce + _cipher(self._master(make=True)).encrypt(nonce, text.encode(), bound_to.encode())

    def open(self, sealed: bytes, bound_to: str) -> str:
        """Return the text that ``seal`` was given.

        Raises:
            SecretUnreadable: The master key is lost, no key, or another one; or the bytes were changed.
        """
        from cryptography.exceptions import InvalidTag

        master = self._master(make=False)
        nonce, text = sealed[1 : 1 + NONCE_BYTES], sealed[1 + NONCE_BYTES :]
        try:
            if sealed[:1] != _FORM:
                raise InvalidTag
            return _cipher(master).decrypt(nonce, text, bound_to.encode()).decode()
        except (InvalidTag, ValueError) as exc:
            raise SecretUnreadable(
                f"The key was encrypted with another master key than {self._where()}. Put the right one back, or enter "
                "the key again; nothing else is lost."
            ) from exc

    def _where(self) -> str:
        return f"that of {VARIABLE}" if self._given else f"{self.path}"

    def _master(self, *, make: bool) -> bytes:
        if self._given:
            return self._from_text(self._given)
        with self._lock:
            if make and not self.path.exists():
                self._make()
            try:
                found = self.path.read_bytes()
            except FileNotFoundError as exc:
                raise SecretUnreadable(
                    f"The master key {self.path} is gone, and keys of servers can't be read without it. Put it back "
                    "from a copy, or enter those keys again; nothing else is lost."
                ) from exc
            except OSError as exc:
                raise SecretUnreadable(
                    f"The master key {self.path} can't be read ({exc.strerror}). Mend its rights: its owner must be "
                    "able to read it."
                ) from exc
        if len(found) != KEY_BYTES:
            raise SecretUnreadable(
                f"The master key {self.path} has {len(found)} bytes and must have {KEY_BYTES}: it is damaged. Put it "
                "back from a copy, or delete it and enter the keys of your servers again."
            )
        return found

    @staticmethod
    def _from_text(text: str) -> bytes:
        for decode in (bytes.fromhex, lambda value: base64.b64decode(value, altchars=b"-_", validate=True)):
            with contextlib.suppress(ValueError, binascii.Error):
                found = decode(text)
                if len(found) == KEY_BYTES:
                    return found
        raise SecretUnreadable(
            f"{VARIABLE} is no key: it must be {KEY_BYTES} bytes, as {2 * KEY_BYTES} hex digits or in base64. "
            "`python -c 'import secrets; print(secrets.token_hex(32))'` makes one."
        )

    def _make(self) -> None:
        """Put a new master key in place, whole or not at all, and never over one that is there."""
        draft = self.path.with_name(f"{self.path.name}.{new_id()}")
        try:
            with open(draft, "wb", opener=lambda name, flags: os.open(name, flags | os.O_EXCL, 0o600)) as file:
                file.write(secrets.token_bytes(KEY_BYTES))
                file.flush()
                os.fsync(file.fileno())
            with contextlib.suppress(FileExistsError):  # another process was faster: its key counts
                os.link(draft, self.path)
        except OSError as exc:
            raise StorageFailed(
                f"The master key {self.path} can't be written ({exc.strerror}). Make the folder writable, or set "
                f"{VARIABLE}."
            ) from exc
        finally:
            draft.unlink(missing_ok=True)


def _cipher(key: bytes) -> "AESGCM":
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    return AESGCM(key)
