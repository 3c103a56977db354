"""Real translation models of transformers with random weights and a few hundred words, made on the spot."""

import json
import shutil
from pathlib import Path

TEXTS = ("The train leaves at noon.", "The weather is good.", "My sister has two cats.", "We eat bread and cheese.")


def make_tiny_marian(folder: Path, vocabulary: Path) -> Path:
    """Write a MarianMT model that says nonsense; ``vocabulary`` is a SentencePiece file of both languages."""
    import sentencepiece
    import torch
    from transformers import MarianConfig, MarianMTModel

    torch.manual_seed(0)
    folder.mkdir(parents=True)
    for name in ("source.spm", "target.spm"):
        shutil.copyfile(vocabulary, folder / name)
    pieces = sentencepiece.SentencePieceProcessor(model_file=str(vocabulary))
    words = [pieces.id_to_piece(number) for number in range(pieces.get_piece_size())]
    ids = {word: number for number, word in enumerate(dict.fromkeys(["</s>", "<unk>", *words, "<pad>"]))}
    (folder / "vocab.json").write_text(json.dumps(ids), encoding="utf-8")
    settings = {"tokenizer_class": "MarianTokenizer", "source_lang": "eng", "target_lang": "por"}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings), encoding="utf-8")
    config = MarianConfig(
        vocab_size=len(ids), d_model=16, encoder_layers=1, decoder_layers=1, encoder_attention_heads=2,
        decoder_attention_heads=2, encoder_ffn_dim=32, decoder_ffn_dim=32, max_position_embeddings=128,
        pad_token_id=ids["<pad>"], eos_token_id=0, decoder_start_token_id=ids["<pad>"], forced_eos_token_id=0,
    )  # fmt: skip
    MarianMTModel(config).save_pretrained(folder, safe_serialization=True)
    return folder


def make_tiny_nllb(folder: Path) -> Path:
    """Write an NLLB model of many languages that says nonsense."""
    import torch
    from tokenizers import ByteLevelBPETokenizer
    from transformers import M2M100Config, M2M100ForConditionalGeneration, NllbTokenizer

    torch.manual_seed(0)
    trained = ByteLevelBPETokenizer()
    trained.train_from_iterator(
        TEXTS, vocab_size=400, special_tokens=["<s>", "<pad>", "</s>", "<unk>"], show_progress=False
    )
    state = json.loads(trained._tokenizer.to_str())["model"]
    merges = [tuple(pair) for pair in state["merges"]]
    tokenizer = NllbTokenizer(vocab=state["vocab"], merges=merges, src_lang="eng_Latn", tgt_lang="pol_Latn")
    folder.mkdir(parents=True)
    tokenizer.save_pretrained(folder)
    config = M2M100Config(
        vocab_size=len(tokenizer), d_model=16, encoder_layers=1, decoder_layers=1, encoder_attention_heads=2,
        decoder_attention_heads=2, encoder_ffn_dim=32, decoder_ffn_dim=32, max_position_embeddings=128,
        pad_token_id=1, bos_token_id=0, eos_token_id=2, decoder_start_token_id=2, init_std=1.0,
    )  # fmt: skip
    M2M100ForConditionalGeneration(config).save_pretrained(folder, safe_serialization=True)
    return folder
