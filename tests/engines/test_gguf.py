"""What a GGUF file's metadata tell: whether it is for embeddings, and whether it has a place for tools."""

import struct
from pathlib import Path

import pytest

from contract.models import ModelSpec
from engines import ENGINES, gguf


def written(path: Path, **facts: str | int) -> Path:
    """Write a GGUF file with these metadata and no tensors; a double underscore in a name is a dot."""
    data = b"GGUF" + struct.pack("<IQQ", 3, 0, len(facts))
    for name, value in facts.items():
        key = name.replace("__", ".").encode()
        data += struct.pack("<Q", len(key)) + key
        if isinstance(value, str):
            data += struct.pack("<IQ", 8, len(value.encode())) + value.encode()
        else:
            data += struct.pack("<II", 4, value)
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    ("facts", "embeds"),
    [
        ({"general__architecture": "llama"}, False),
        ({"general__architecture": "bert"}, True),
        ({"general__architecture": "nomic-bert"}, True),
        ({"general__architecture": "qwen3", "qwen3__pooling_type": 3}, True),
        ({"general__architecture": "qwen3", "qwen3__pooling_type": 0}, False),
        ({"general__architecture": "qwen3", "qwen3__pooling_type": 4}, False),
        ({}, False),
    ],
)
def test_a_model_for_embeddings_is_known_by_its_metadata(
    tmp_path: Path, facts: dict[str, str | int], embeds: bool
) -> None:
    assert gguf.embeds(gguf.metadata(written(tmp_path / "m.gguf", **facts))) is embeds


@pytest.mark.parametrize(
    ("template", "tools"),
    [
        ("{% for m in messages %}[INST]{{ m.content }}[/INST]{% endfor %}", False),
        ("{% if tools %}{{ tools }}{% endif %}{{ messages }}", True),
        ("{% for m in messages %}<|im_start|>{{ m.role }}{% endfor %}", True),
        ("", False),
    ],
)
def test_a_model_can_do_tools_only_where_its_template_has_a_place_for_them(
    tmp_path: Path, template: str, tools: bool
) -> None:
    path = written(tmp_path / "m.gguf", tokenizer__chat_template=template)
    spec = ModelSpec(id="m", engine="llama_cpp", kind="chat", title="M", paths=(path,))

    abilities = ENGINES["llama_cpp"].abilities(spec)

    assert ("tools" in abilities) is tools
    assert "json_schema" in abilities


def test_a_damaged_file_promises_no_tools(tmp_path: Path) -> None:
    (tmp_path / "m.gguf").write_bytes(b"GGUF and then nothing")
    spec = ModelSpec(id="m", engine="llama_cpp", kind="chat", title="M", paths=(tmp_path / "m.gguf",))

    assert "tools" not in ENGINES["llama_cpp"].abilities(spec)
