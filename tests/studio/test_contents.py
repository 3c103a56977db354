"""Files told by their bytes: a pickle is refused whatever its name."""

import gzip
import io
import os
import pickle
import zipfile
from pathlib import Path

import pytest

from contract.errors import DownloadFailed
from studio.sources.contents import check_contents
from tests.studio.conftest import starters_here


class Evil:
    def __reduce__(self) -> tuple[object, ...]:
        return (os.system, ("touch /tmp/hearth-was-here",))


def torch_zip() -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps(Evil()))
    return target.getvalue()


PICKLES = {
    "protocol 0": pickle.dumps(Evil(), protocol=0),
    "protocol 2": pickle.dumps(Evil(), protocol=2),
    "protocol 5": pickle.dumps(Evil(), protocol=5),
    "torch zip": torch_zip(),
    "gzip": gzip.compress(pickle.dumps(Evil())),
}


@pytest.mark.parametrize("name", ["model.bin", "model.safetensors", "model.gguf", "model.onnx", "v.spm", "weights"])
@pytest.mark.parametrize("kind", PICKLES)
def test_a_pickle_is_refused_whatever_its_name(tmp_path: Path, name: str, kind: str) -> None:
    path = tmp_path / name
    path.write_bytes(PICKLES[kind])
    with pytest.raises(DownloadFailed, match="was refused"):
        check_contents(path)


def test_the_real_files_of_every_starter_pass(starters: Path) -> None:
    for entry in starters_here():
        for file in entry.files:
            check_contents(starters / entry.engine / entry.id / file.path)
