"""The context length of a chat on the starter: loaded anew for another one, refused with the range, told by the API."""

from pathlib import Path

import pytest

from studio import Caller, ChatRequest, InvalidRequest, Message, Settings, Studio, Usage
from tests.serving import use_models


def usage_of(studio: Studio, **fields: object) -> Usage:
    asked = ChatRequest(messages=(Message("user", "Hello"),), model="smollm2-135m", max_tokens=2, **fields)
    job = studio.submit(asked, Caller())
    job.wait()
    return [event for _, event in job.snapshot() if isinstance(event, Usage)][-1]


def test_a_length_that_is_asked_for_is_the_one_that_the_model_has(starters: Path, tmp_path: Path) -> None:
    use_models(tmp_path, starters, ["smollm2-135m"])
    with Studio.open(Settings(data_dir=tmp_path, ollama_host="http://127.0.0.1:9", no_starters=True)) as studio:
        known = studio.context_range("smollm2-135m")
        assert known is not None and (known.least, known.most, known.usual) == (256, 8_192, 8_192)
        assert known.bytes_per_token == 30 * 3 * 64 * 2 * 2

        assert usage_of(studio, context_tokens=1_024).context_tokens == 1_024
        assert studio.count_tokens(ChatRequest(messages=(Message("user", "Hello"),))) > 0
        assert studio.residency.as_loaded(studio.spec("smollm2-135m", "chat")).options["n_ctx"] == 1_024
        assert usage_of(studio).context_tokens == 8_192

        with pytest.raises(InvalidRequest, match="context_tokens is 100; smollm2-135m takes 256 to 8,192"):
            usage_of(studio, context_tokens=100)
