"""A chat model of a few kilobytes with random weights, its own tokenizer and chat template, made on the spot."""

from pathlib import Path

WORDS = (
    *("the", "a", "red", "apple", "train", "house", "sea", "cat", "dog", "bread", "cheese", "rain", "snow", "walks"),
    *("runs", "sleeps", "eats", "and", "but", "over", "under", "old", "new", "big", "small", "warm", "cold", "one"),
    *("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"),
)
TEMPLATE = (
    "{% for message in messages %}{% if message.role == 'tool' %}{{ raise_exception('no tools') }}{% endif %}"
    "<turn> {{ message.role }} {{ message.content }} {% if not loop.last or add_generation_prompt %}<end> {% endif %}"
    "{% endfor %}{% if add_generation_prompt %}<turn> assistant {% endif %}"
)


def make_tiny_language_model(folder: Path, *, template: str = TEMPLATE) -> Path:
    """Write a real LlamaForCausalLM that says random words; returns the folder."""
    import torch
    from tokenizers import Tokenizer, decoders, pre_tokenizers
    from tokenizers.models import WordLevel
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    torch.manual_seed(0)
    vocabulary = {word: number for number, word in enumerate(["<unk>", "<turn>", "<end>", *WORDS])}
    tokenizer = Tokenizer(WordLevel(vocabulary, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.decoder = decoders.WordPiece(prefix="##", cleanup=False)  # joins words with blanks
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, unk_token="<unk>", eos_token="<end>", additional_special_tokens=["<turn>"]
    )
    fast.chat_template = template or None
    fast.save_pretrained(folder)
    model = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(vocabulary),
            hidden_size=16,
            intermediate_size=32,
            num_hidden_layers=2,
            num_attention_heads=2,
            num_key_value_heads=2,
            max_position_embeddings=128,
            bos_token_id=None,
            eos_token_id=vocabulary["<end>"],
        )
    )
    with torch.no_grad():
        model.lm_head.weight *= 30  # or every word would be as likely as any other
    model.save_pretrained(folder, safe_serialization=True)
    return folder
