"""Says what is in a picture in many ways, in English and Polish, and cuts that into tokens.

The style is a word of the caption ("3d", "noto", "flat"). The tokenizer is CLIP's, with a vocabulary of its own,
learnt from every name and keyword, so that the pipeline loads it as it loads any other CLIP tokenizer.
"""

import json
import random
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from recipes.icons.pictures import Listed

if TYPE_CHECKING:
    from transformers import CLIPTokenizer

MOST_TOKENS = 24
VOCABULARY = 6_000
# Share of captions left empty, which is what guidance needs (Ho and Salimans, 2022).
EMPTY = 0.1
POLISH = 0.35
STYLED = 0.75
START, END = "<|startoftext|>", "<|endoftext|>"


def caption(listed: Listed, chance: random.Random) -> str:
    """Return one of the ways to ask for a picture; now and then nothing at all."""
    if chance.random() < EMPTY:
        return ""
    words = listed.name.pl if chance.random() < POLISH else listed.name.en
    name, tags = words[0], [tag for tag in words[1:] if tag]
    way = chance.random()
    if way < 0.65 or not tags:
        said = name
    elif way < 0.9:
        said = ", ".join([name, *chance.sample(tags, min(len(tags), chance.randint(1, 3)))])
    else:
        said = ", ".join(chance.sample(tags, min(len(tags), 3)))
    return f"{said}, {listed.style}" if chance.random() < STYLED else said


def plain_caption(listed: Listed, language: str = "en") -> str:
    """Return the name and the style: the caption that an evaluation asks with."""
    return f"{(listed.name.pl if language == 'pl' else listed.name.en)[0]}, {listed.style}"


def train_tokenizer(listed: Sequence[Listed], folder: Path, vocabulary: int = VOCABULARY) -> "CLIPTokenizer":
    """Learn a byte-pair vocabulary and write ``vocab.json`` and ``merges.txt`` in CLIP's form."""
    from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, trainers

    learnt = Tokenizer(models.BPE(unk_token=END, end_of_word_suffix="</w>"))
    learnt.normalizer = normalizers.Sequence(
        [normalizers.NFC(), normalizers.Replace(Regex(r"\s+"), " "), normalizers.Lowercase()]
    )
    split = Regex(r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+")
    learnt.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(split, behavior="removed", invert=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    letters = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=[START, END],
        initial_alphabet=letters,
        end_of_word_suffix="</w>",
        show_progress=False,
    )
    learnt.train_from_iterator(_texts(listed, letters), trainer)
    model = json.loads(learnt.to_str())["model"]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.json").write_text(json.dumps(model["vocab"], ensure_ascii=False), encoding="utf-8")
    merges = "".join(f"{' '.join(pair)}\n" for pair in model["merges"])
    (folder / "merges.txt").write_text(f"#version: 0.2\n{merges}", encoding="utf-8")
    return read_tokenizer(folder)


def read_tokenizer(folder: Path) -> "CLIPTokenizer":
    """Return the tokenizer that ``train_tokenizer`` wrote."""
    from transformers import CLIPTokenizer

    return CLIPTokenizer(str(folder / "vocab.json"), str(folder / "merges.txt"), model_max_length=MOST_TOKENS)


def _texts(listed: Sequence[Listed], letters: Iterable[str]) -> Iterable[str]:
    # Every letter also ends a word somewhere, so that no word of a prompt is unknown altogether.
    yield from ("abcdefghijklmnopqrstuvwxyząćęłńóśźż0123456789")
    for one in listed:
        yield from (*one.name.en, *one.name.pl, one.style)
