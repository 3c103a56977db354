"""Measuring models: what comes out is what a run takes, kept as history, and nothing that can't be measured is."""

from pathlib import Path

import pytest

from studio import Caller, Forbidden, InvalidRequest, Settings, Studio
from tests.echo_models import install_echo
from tests.serving import use_models

OWNER = Caller()


@pytest.mark.parametrize(
    ("model", "names"),
    [
        ("slow-chat", {"load_s", "first_output_s", "tokens_per_s"}),
        ("slow-translation", {"load_s", "first_output_s", "words_per_s"}),
        ("slow-image", {"load_s", "first_output_s", "s_per_step"}),
        ("slow-speech", {"load_s", "first_output_s", "real_time_factor"}),
        ("own-embedding", {"load_s", "first_output_s", "texts_per_s"}),
    ],
)
def test_each_job_is_measured_in_its_own_unit_and_kept(odd_studio: Studio, model: str, names: set[str]) -> None:
    install_echo(odd_studio.settings.data_dir, "own-embedding", "embedding", delay_s=0.01)
    odd_studio.registry.refresh()
    told: list[tuple[int, int]] = []
    found = odd_studio.benchmark(model, OWNER, lambda done, total: told.append((done, total)))
    assert set(found.figures) == names
    assert all(value >= 0 for value in found.figures.values())
    assert told[0] == (0, 4) and told[-1] == (4, 4)
    assert odd_studio.benchmarks.of(model) == [found]
    second = odd_studio.benchmark(model, OWNER)
    assert [each.id for each in odd_studio.benchmarks.of(model)] == [second.id, found.id]


def test_a_slow_model_is_measured_as_slow(odd_studio: Studio) -> None:
    # 20 ms a token.
    assert 0 < odd_studio.benchmark("slow-chat", OWNER).figures["tokens_per_s"] <= 50
    assert odd_studio.benchmark("loads-slowly", OWNER).figures["load_s"] >= 0.2


def test_transcription_and_strangers_measure_nothing(odd_studio: Studio) -> None:
    with pytest.raises(InvalidRequest, match="recording"):
        odd_studio.benchmark("slow-transcription", OWNER)
    with pytest.raises(Forbidden):
        odd_studio.benchmark("slow-chat", Caller(owner="guest", role="user"))
    assert odd_studio.benchmarks.of("slow-chat") == []


def test_a_real_model_is_measured(starters: Path, tmp_path: Path) -> None:
    use_models(tmp_path, starters, only=["smollm2-135m"])
    settings = Settings(data_dir=tmp_path, ollama_host="http://127.0.0.1:9", no_starters=True)
    with Studio.open(settings) as studio:
        figures = studio.benchmark("smollm2-135m", OWNER).figures
    assert figures["tokens_per_s"] > 1 and figures["load_s"] > 0 and figures["first_output_s"] > 0
