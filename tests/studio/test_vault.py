"""Secrets are readable with their own master key alone, and one that is lost or wrong is told, never made anew."""

import stat
import threading
from pathlib import Path

import pytest

from contract.errors import SecretUnreadable, StorageFailed
from studio.vault import Vault

HEX = "0f" * 32


def test_a_secret_comes_back_and_says_nothing_meanwhile(tmp_path: Path) -> None:
    vault = Vault(tmp_path)
    sealed = vault.seal("sk-secret", "provider a")
    assert b"sk-secret" not in sealed and vault.seal("sk-secret", "provider a") != sealed
    assert Vault(tmp_path).open(sealed, "provider a") == "sk-secret"


def test_the_master_key_is_its_owners_alone_and_whole(tmp_path: Path) -> None:
    vault = Vault(tmp_path)
    vault.seal("sk-secret", "a")
    assert stat.S_IMODE(vault.path.stat().st_mode) == 0o600 and vault.path.stat().st_size == 32
    assert [path.name for path in tmp_path.iterdir()] == ["master.key"]


def test_all_who_begin_at_once_get_the_same_master_key(tmp_path: Path) -> None:
    sealed: list[bytes] = []
    threads = [threading.Thread(target=lambda: sealed.append(Vault(tmp_path).seal("x", "a"))) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {Vault(tmp_path).open(one, "a") for one in sealed} == {"x"} and len(sealed) == 16


@pytest.mark.parametrize("given", [HEX, "Dw8PDw8PDw8PDw8PDw8PDw8PDw8PDw8PDw8PDw8PDw8=", f" {HEX}\n"])
def test_the_environment_may_hold_it_in_two_forms_and_no_file_is_made(tmp_path: Path, given: str) -> None:
    sealed = Vault(tmp_path, given).seal("sk-secret", "a")
    assert Vault(tmp_path, HEX).open(sealed, "a") == "sk-secret"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("given", ["short", "0f" * 31, "zz" * 32, "correct horse battery staple"])
def test_what_is_no_master_key_is_told_with_how_to_make_one(tmp_path: Path, given: str) -> None:
    with pytest.raises(SecretUnreadable, match=r"HEARTH_MASTER_KEY is no key.*token_hex") as caught:
        Vault(tmp_path, given).seal("x", "a")
    assert given not in caught.value.message


def test_a_secret_is_bound_to_what_it_belongs_to(tmp_path: Path) -> None:
    sealed = Vault(tmp_path).seal("sk-secret", "provider a")
    with pytest.raises(SecretUnreadable):
        Vault(tmp_path).open(sealed, "provider b")


@pytest.mark.parametrize("place", [0, 1, 20, -1])
def test_a_changed_byte_is_found(tmp_path: Path, place: int) -> None:
    sealed = bytearray(Vault(tmp_path).seal("sk-secret", "a"))
    sealed[place] ^= 1
    with pytest.raises(SecretUnreadable):
        Vault(tmp_path).open(bytes(sealed), "a")


@pytest.mark.parametrize("sealed", [b"", b"\x01", b"\x01" + b"\0" * 12, b"\x02" + b"\0" * 60])
def test_what_was_never_sealed_is_refused(tmp_path: Path, sealed: bytes) -> None:
    with pytest.raises(SecretUnreadable):
        Vault(tmp_path, HEX).open(sealed, "a")


def test_another_master_key_is_told_and_changes_nothing(tmp_path: Path) -> None:
    sealed = Vault(tmp_path).seal("sk-secret", "a")
    with pytest.raises(SecretUnreadable, match="another master key than that of HEARTH_MASTER_KEY"):
        Vault(tmp_path, HEX).open(sealed, "a")
    assert Vault(tmp_path).open(sealed, "a") == "sk-secret"


def test_a_lost_master_key_is_told_and_not_made_anew_by_reading(tmp_path: Path) -> None:
    vault = Vault(tmp_path)
    sealed = vault.seal("sk-secret", "a")
    kept = vault.path.read_bytes()
    vault.path.unlink()
    with pytest.raises(SecretUnreadable, match=r"is gone.*Put it back"):
        vault.open(sealed, "a")
    assert not vault.path.exists()
    vault.path.write_bytes(kept)
    assert vault.open(sealed, "a") == "sk-secret"


def test_a_damaged_master_key_is_never_written_over(tmp_path: Path) -> None:
    vault = Vault(tmp_path)
    vault.path.write_bytes(b"half a key")
    with pytest.raises(SecretUnreadable, match="10 bytes"):
        vault.seal("x", "a")
    assert vault.path.read_bytes() == b"half a key"


def test_a_folder_that_takes_no_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(StorageFailed, match="HEARTH_MASTER_KEY"):
        Vault(tmp_path / "nowhere").seal("x", "a")
