"""One file over HTTP from servers that cut, lie, change the file or ignore what they are asked."""

import os
import threading
from pathlib import Path

import pytest

from contract.engine import Stop
from contract.errors import DownloadFailed, StorageFailed
from studio.sources import http_file
from tests.studio.conftest import FileServer, sha256


def stream(wanted: http_file.Wanted, stop: Stop | None = None) -> None:
    with http_file.new_client() as client:
        list(http_file.stream(client, wanted, stop or Stop()))


BODY = os.urandom(3_000_000)


def half_there(path: Path, content: bytes, tag: str = "") -> None:
    path.with_name(path.name + ".part").write_bytes(content)
    if tag:
        path.with_name(path.name + ".part.etag").write_text(tag)


def test_a_half_file_of_an_earlier_run_is_completed(file_server: FileServer, tmp_path: Path) -> None:
    file_server.files["/f"] = BODY
    half_there(tmp_path / "f", BODY[:1_234_567], '"3000000"')
    stream(http_file.Wanted(url=f"{file_server.url}/f", path=tmp_path / "f", sha256=sha256(BODY)))
    assert (tmp_path / "f").read_bytes() == BODY
    assert file_server.ranges_of("/f") == ["bytes=1234567-"]
    assert [path.name for path in tmp_path.iterdir()] == ["f"]


def test_a_file_that_changed_in_between_is_fetched_anew(file_server: FileServer, tmp_path: Path) -> None:
    file_server.files["/f"] = BODY
    half_there(tmp_path / "f", b"the old version" * 1000, '"another"')
    stream(http_file.Wanted(url=f"{file_server.url}/f", path=tmp_path / "f"))
    assert (tmp_path / "f").read_bytes() == BODY


def test_a_file_without_an_etag_is_told_from_another_by_its_date(file_server: FileServer, tmp_path: Path) -> None:
    file_server.files["/f"], file_server.etags["/f"] = BODY, ""
    file_server.dates["/f"] = date = "Sat, 01 Aug 2026 12:00:00 GMT"
    half_there(tmp_path / "f", BODY[:1_000_000], date)
    stream(http_file.Wanted(url=f"{file_server.url}/f", path=tmp_path / "f"))
    half_there(tmp_path / "g", b"the old version" * 1000, "Wed, 01 Jul 2026 12:00:00 GMT")
    stream(http_file.Wanted(url=f"{file_server.url}/f", path=tmp_path / "g"))
    assert (tmp_path / "f").read_bytes() == (tmp_path / "g").read_bytes() == BODY
    assert [headers.get("if-range") for _, headers in file_server.asked] == [date, "Wed, 01 Jul 2026 12:00:00 GMT"]


def test_half_a_file_that_nothing_tells_from_another_is_begun_anew(file_server: FileServer, tmp_path: Path) -> None:
    file_server.files["/f"], file_server.etags["/f"] = BODY, 'W/"weak"'
    half_there(tmp_path / "f", b"the old version" * 1000)
    stream(http_file.Wanted(url=f"{file_server.url}/f", path=tmp_path / "f"))
    assert (tmp_path / "f").read_bytes() == BODY
    assert file_server.ranges_of("/f") == [None]


def test_the_rest_of_a_file_of_another_length_is_not_taken(file_server: FileServer, tmp_path: Path) -> None:
    file_server.files["/f"] = BODY + b"more"
    file_server.etags["/f"] = '"same"'
    half_there(tmp_path / "f", BODY[:1_000_000], '"same"')
    wanted = http_file.Wanted(url=f"{file_server.url}/f", path=tmp_path / "f", size_bytes=len(BODY), wait_s=0.01)
    with pytest.raises(DownloadFailed):
        stream(wanted)
    assert file_server.ranges_of("/f")[:2] == ["bytes=1000000-", None]
    assert not (tmp_path / "f").exists()


def test_what_the_disk_has_no_room_for_is_refused_before_it_comes(file_server: FileServer, tmp_path: Path) -> None:
    file_server.files["/f"] = BODY
    file_server.announced["/f"] = 10**16
    limit = 10**17
    with pytest.raises(StorageFailed, match="free") as refused:
        stream(http_file.Wanted(url=f"{file_server.url}/f", path=tmp_path / "f", limit_bytes=limit))
    assert refused.value.details["needed_bytes"] > 10**16
    wanted = [http_file.Wanted(url=f"{file_server.url}/{n}", path=tmp_path / n, size_bytes=10**16) for n in "ab"]
    with http_file.new_client() as client, pytest.raises(StorageFailed):
        list(http_file.stream_all(client, wanted, Stop()))
    assert [path for path, _ in file_server.asked] == ["/f"]


def test_a_half_file_of_something_else_is_found_out_by_its_checksum(file_server: FileServer, tmp_path: Path) -> None:
    file_server.files["/f"] = BODY
    half_there(tmp_path / "f", bytes(1_000_000))
    stream(http_file.Wanted(url=f"{file_server.url}/f", path=tmp_path / "f", size_bytes=len(BODY), sha256=sha256(BODY)))
    assert (tmp_path / "f").read_bytes() == BODY
    assert file_server.ranges_of("/f") == ["bytes=1000000-", None]


def test_a_server_without_ranges_sends_the_whole_again(file_server: FileServer, tmp_path: Path) -> None:
    file_server.files["/f"] = BODY
    file_server.ranges = False
    file_server.cuts["/f"] = [2_000_000]
    stream(http_file.Wanted(url=f"{file_server.url}/f", path=tmp_path / "f", sha256=sha256(BODY), wait_s=0.01))
    assert (tmp_path / "f").read_bytes() == BODY


@pytest.mark.parametrize("announced", [len(BODY) - 1000, len(BODY) + 1000])
def test_a_length_that_lies_is_refused(file_server: FileServer, tmp_path: Path, announced: int) -> None:
    file_server.files["/f"] = BODY
    file_server.announced["/f"] = announced
    file_server.cuts["/f"] = [len(BODY)] * 20
    url, path, size = f"{file_server.url}/f", tmp_path / "f", len(BODY) if announced > len(BODY) else 0
    with pytest.raises(DownloadFailed):
        stream(http_file.Wanted(url=url, path=path, size_bytes=size, sha256=sha256(BODY), wait_s=0.01))
    assert not path.exists()


def test_more_bytes_than_the_limit_are_not_taken(file_server: FileServer, tmp_path: Path) -> None:
    file_server.files["/f"] = BODY
    with pytest.raises(DownloadFailed, match="may have 1,000,000"):
        stream(http_file.Wanted(url=f"{file_server.url}/f", path=tmp_path / "f", limit_bytes=1_000_000))
    assert not (tmp_path / "f").exists()


def test_a_cut_is_noticed_without_an_announced_length(file_server: FileServer, tmp_path: Path) -> None:
    file_server.files["/f"] = BODY
    file_server.unannounced.add("/f")
    file_server.cuts["/f"] = [1_000_000]
    stream(http_file.Wanted(url=f"{file_server.url}/f", path=tmp_path / "f", size_bytes=len(BODY), wait_s=0.01))
    assert (tmp_path / "f").read_bytes() == BODY
    assert file_server.ranges_of("/f") == [None, "bytes=1000000-"]


def test_a_busy_server_is_asked_again(file_server: FileServer, tmp_path: Path) -> None:
    file_server.files["/f"] = BODY
    file_server.statuses["/f"] = (503, {})
    threading.Timer(0.3, file_server.statuses.clear).start()
    stream(http_file.Wanted(url=f"{file_server.url}/f", path=tmp_path / "f", wait_s=0.4))
    assert (tmp_path / "f").read_bytes() == BODY


def test_a_key_is_not_sent_to_another_host(file_server: FileServer, tmp_path: Path) -> None:
    file_server.files["/real"] = BODY
    file_server.redirects["/f"] = file_server.url.replace("127.0.0.1", "localhost") + "/real"
    headers = {"Authorization": "Bearer hf_secret"}
    stream(http_file.Wanted(url=f"{file_server.url}/f", path=tmp_path / "f", headers=headers))
    sent = {path: headers.get("authorization") for path, headers in file_server.asked}
    assert sent == {"/f": "Bearer hf_secret", "/real": None}
