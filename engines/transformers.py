"""Translation by MarianMT, NLLB, M2M100 and mBART models through transformers, a batch of sentences at a time.

A model's own tokenizer says how the target language is asked for: by the first token that is
written (NLLB, M2M100, mBART) or by a mark before the sentence (Marian models of several targets).
Beam search gives other wordings for nothing. A stop ends the batch within one token.

Only safetensors are read. Limits: sentences of over 300 characters are translated in parts; what a
vocabulary has no pieces for is lost, as these models know no way to keep it.
"""

import re
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from contract.engine import Engine, Stop
from contract.errors import DoesNotFit, EngineFailed, InvalidRequest, StudioError
from contract.events import Aligned, Delta, EngineEvent, Progress, Usage
from contract.models import Kind
from contract.requests import Request, TranslateRequest
from engines.checks import brief, damaged, expect, loaded, model_path, number, read_json
from engines.flores import flores_code
from engines.sentences import Piece, pieces

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

_LONGEST = 300  # characters; the models were trained on sentences
_BATCH = 8
_BEAMS = 4
_MODEL_TYPES = frozenset({"marian", "m2m_100", "mbart"})
_PICKLES = frozenset({".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle"})
_LETTER = re.compile(r"[^\W\d_]")


class TransformersTranslation(Engine):
    """A sequence-to-sequence model; ``spec.paths`` is its folder. Option ``num_beams``: 4 unless given."""

    name: ClassVar[str] = "transformers"
    kind: ClassVar[Kind] = "translation"
    lane: ClassVar[str] = "torch"
    requires: ClassVar[tuple[str, ...]] = ("torch", "transformers", "sentencepiece")
    extra: ClassVar[str] = "images"
    options: ClassVar[frozenset[str]] = frozenset({"alternatives"})
    _model: "PreTrainedModel | None" = None

    def load(self) -> None:
        folder = model_path(self.spec)
        read_json(self.spec, folder / "config.json")
        pickled = sorted(path.name for path in folder.iterdir() if path.suffix in _PICKLES)
        if pickled:
            raise damaged(self.spec, f"{pickled[0]} is a pickle, which can hide a program; only safetensors are read")
        import torch

        try:
            self._load(folder)
        except StudioError:
            raise
        except (torch.cuda.OutOfMemoryError, MemoryError) as exc:
            raise DoesNotFit(f"{self.spec.title} does not fit into memory. Choose a smaller model.") from exc
        except Exception as exc:  # transformers, tokenizers and safetensors each raise their own
            raise damaged(self.spec, brief(exc)) from exc

    def _load(self, folder: Path) -> None:
        import torch
        from transformers import AutoConfig, AutoModelForSeq2SeqLM, AutoTokenizer
        from transformers.utils import logging as hf_logging

        hf_logging.disable_progress_bar()  # type: ignore[no-untyped-call]  # it would draw on the server's terminal
        config = AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
        if config.model_type not in _MODEL_TYPES:
            raise damaged(self.spec, f"its config.json is of {config.model_type!r}, which translates nothing here")
        device = "cuda" if torch.cuda.is_available() else "cpu"
        with warnings.catch_warnings():
            # It would make quotation marks and dashes alike; that package has not been kept up for years.
            warnings.filterwarnings("ignore", message="Recommended: pip install sacremoses")
            self._tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(
                folder, local_files_only=True, trust_remote_code=False
            )
        model = AutoModelForSeq2SeqLM.from_pretrained(
            folder,
            local_files_only=True,
            trust_remote_code=False,
            use_safetensors=True,
            dtype=torch.float32 if device == "cpu" else torch.float16,
        )
        if len(self._tokenizer) > model.get_input_embeddings().weight.shape[0]:
            raise damaged(self.spec, "its tokenizer has more words than the model")
        self._model = model.to(device).eval()

    def unload(self) -> None:
        self._model = None
        if hasattr(self, "_tokenizer"):
            del self._tokenizer

    def run(self, request: Request, stop: Stop) -> Iterator[EngineEvent]:
        asked = expect(request, TranslateRequest, self.spec)
        loaded(self._model, self.spec)
        source = asked.source_lang or self.spec.source_lang
        if source is None:
            raise InvalidRequest(f"{self.spec.id} must be told the source language. Choose it.", field="source_lang")
        self._check_pair(source, asked.target_lang)
        parts = list(pieces(asked.text, _LONGEST))
        read = written = done = 0
        for start in range(0, len(parts), _BATCH):
            if stop.is_set():
                break
            batch = parts[start : start + _BATCH]
            made = self._translate(batch, source, asked, stop)
            for part, wordings in zip(batch, made, strict=True):
                if stop.is_set():
                    break
                text = wordings[0]
                if text + part.gap:
                    yield Delta(text + part.gap)
                if text:
                    yield Aligned(read, read + len(part.text), written, written + len(text), wordings[1:])
                read += len(part.text) + len(part.gap)
                written += len(text) + len(part.gap)
                done += 1
                yield Progress(done, len(parts))
        yield Usage(characters=read)

    def _check_pair(self, source: str, target: str) -> None:
        spec = self.spec
        fits = (
            spec.source_lang in (None, source)
            and spec.target_lang in (None, target)
            and (not spec.languages or {source, target} <= set(spec.languages))
        )
        if not fits:
            raise InvalidRequest(
                f"{spec.id} does not translate {source} to {target}. Choose another model.", field="target_lang"
            )

    def _translate(
        self, batch: Sequence[Piece], source: str, asked: TranslateRequest, stop: Stop
    ) -> list[tuple[str, ...]]:
        """Return the wordings of each piece, the best first; a piece without a word stays as it is."""
        wordings: list[tuple[str, ...]] = [(part.text,) for part in batch]
        spoken = [index for index, part in enumerate(batch) if _LETTER.search(part.text)]
        if not spoken:
            return wordings
        try:
            found = self._generate([batch[index].text for index in spoken], source, asked, stop)
        except StudioError:
            raise
        except Exception as exc:  # torch's own
            raise EngineFailed(f"{self.spec.id} broke off: {brief(exc)}. Try again.", model=self.spec.id) from exc
        each = len(found) // len(spoken)
        for place, index in enumerate(spoken):
            best, *others = (text.strip() for text in found[place * each : (place + 1) * each])
            distinct = [text for text in dict.fromkeys(others) if text and text != best]
            wordings[index] = (best or batch[index].text, *distinct)
        return wordings

    def _generate(self, texts: list[str], source: str, asked: TranslateRequest, stop: Stop) -> list[str]:
        import torch
        from transformers import StoppingCriteriaList

        model, tokenizer = loaded(self._model, self.spec), self._tokenizer
        first, texts = self._target(texts, source, asked.target_lang)
        most = int(getattr(model.config, "max_position_embeddings", 512))
        encoded = tokenizer(texts, return_tensors="pt", padding=True, truncation=True, max_length=most).to(model.device)
        beams = max(int(number(self.spec.options, "num_beams", _BEAMS)), 1 + asked.alternatives)
        settings = {} if first is None else {"forced_bos_token_id": first}
        with torch.inference_mode():
            made = model.generate(  # type: ignore[operator]  # its class is put together at run time
                **encoded,
                **settings,
                num_beams=beams,
                num_return_sequences=1 + asked.alternatives,
                do_sample=False,
                # A translation is seldom twice as long; a model that repeats itself must end.
                max_new_tokens=min(most - 2, 16 + 2 * int(encoded["input_ids"].shape[1])),
                stopping_criteria=StoppingCriteriaList([_Stopped(stop)]),
            )
        return list(tokenizer.batch_decode(made, skip_special_tokens=True, clean_up_tokenization_spaces=False))

    def _target(self, texts: list[str], source: str, target: str) -> tuple[int | None, list[str]]:
        """Tell the tokenizer the languages; returns the token to begin with, if any, and the marked texts."""
        tokenizer = self._tokenizer
        known = tokenizer.get_vocab()
        codes = {code: _spellings(code) for code in (source, target)}
        mark = next((f">>{code}<<" for code in codes[target] if f">>{code}<<" in known), None)
        if mark is not None:
            return None, [f"{mark} {text}" for text in texts]
        if self.spec.source_lang is not None and self.spec.target_lang is not None:
            return None, texts  # it knows one direction and no marks
        found: dict[str, tuple[str, str]] = {}
        for code, names in codes.items():
            fits = [(name, token) for name in names for token in (f"__{name}__", name) if token in known]
            if not fits:
                raise InvalidRequest(
                    f"{self.spec.id} does not know {code!r}. Choose another model.", field="target_lang"
                )
            found[code] = fits[0]
        tokenizer.src_lang = found[source][0]  # every tokenizer of many languages has it
        return known[found[target][1]], texts


class _Stopped:
    """Ends a batch once the job was asked to stop."""

    def __init__(self, stop: Stop) -> None:
        self._stop = stop

    def __call__(self, input_ids: object, scores: object, **settings: object) -> object:
        import torch

        shape = input_ids.shape[0]  # type: ignore[attr-defined]  # a tensor of (sequences, tokens)
        return torch.full((shape,), self._stop.is_set(), dtype=torch.bool, device=input_ids.device)  # type: ignore[attr-defined]


def _spellings(code: str) -> tuple[str, ...]:
    """How vocabularies may spell a language: pl, pol_Latn, pol, pl_PL."""
    flores = flores_code(code)
    names = [code, *((flores, flores[:3]) if flores else ()), f"{code}_{code.upper()}", *_REGIONS.get(code, ())]
    return tuple(names)


# mBART-50's codes whose region is not the language's own name.
_REGIONS = {
    "en": ("en_XX",), "ar": ("ar_AR",), "cs": ("cs_CZ",), "et": ("et_EE",), "hi": ("hi_IN",), "ja": ("ja_XX",),
    "ko": ("ko_KR",), "my": ("my_MM",), "ne": ("ne_NP",), "si": ("si_LK",), "vi": ("vi_VN",), "zh": ("zh_CN",),
    "bn": ("bn_IN",), "fa": ("fa_IR",), "he": ("he_IL",), "ka": ("ka_GE",), "sv": ("sv_SE",), "uk": ("uk_UA",),
    "af": ("af_ZA",), "es": ("es_XX",), "sl": ("sl_SI",), "ta": ("ta_IN",), "te": ("te_IN",), "ur": ("ur_PK",),
    "gl": ("gl_ES",), "xh": ("xh_ZA",), "sw": ("sw_KE",),
}  # fmt: skip
