"""Models by way of the Studio: downloads, defaults, what is damaged or not for this Hearth."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

import engines
from engines.echo import EchoImage
from studio import (
    Caller,
    Cancelled,
    Done,
    DownloadRequest,
    EngineFailed,
    EngineMissing,
    Failed,
    Forbidden,
    ImageRequest,
    ModelDamaged,
    Progress,
    Settings,
    Studio,
    StudioError,
    UnknownModel,
)
from studio.worker import PREVIEWS_KEPT
from tests.echo_models import install_echo, until
from tests.studio.asking import LOCAL, chat, only_row

# Models and downloads


def test_a_guest_may_not_download_models(echo_studio: Studio) -> None:
    with pytest.raises(Forbidden, match="Only the owner"):
        echo_studio.submit(DownloadRequest(model="smollm2-135m"), Caller(owner="guest-1", role="user"))
    assert only_row(echo_studio)["status"] == "refused"


@pytest.mark.parametrize("model", ["no-such-model", "../../etc/passwd", "hf:../..", "a\x00b", "con"])
def test_a_download_that_can_not_be_fails_with_a_sentence_and_a_row(echo_studio: Studio, model: str) -> None:
    with pytest.raises(StudioError) as caught:
        echo_studio.submit(DownloadRequest(model=model), LOCAL).wait()

    assert caught.value.code != "engine_failed", caught.value.message
    row = only_row(echo_studio)
    assert (row["kind"], row["error_code"]) == ("download", caught.value.code)


def test_a_manifest_of_an_engine_that_is_not_here_harms_nobody(tmp_path: Path) -> None:
    install_echo(tmp_path, "fine")
    install_echo(tmp_path, "from-the-future", kind="telepathy")
    with Studio.open(Settings(data_dir=tmp_path, ollama_host="http://127.0.0.1:9")) as studio:
        assert "fine" in [info.spec.id for info in studio.usable_models()]
        assert studio.submit(chat(), LOCAL).wait() == Done()
        with pytest.raises(StudioError) as caught:
            studio.submit(chat(model="from-the-future"), LOCAL).wait()
        assert "Something unexpected" not in caught.value.message


def test_a_model_put_there_by_hand_is_found_without_a_restart(odd_studio: Studio, tmp_path: Path) -> None:
    with pytest.raises(UnknownModel):
        odd_studio.submit(chat(model="by-hand"), LOCAL)
    install_echo(tmp_path, "by-hand")

    assert odd_studio.submit(chat(model="by-hand"), LOCAL).wait() == Done()


def test_a_chosen_default_is_taken_and_a_gone_one_is_not(odd_studio: Studio) -> None:
    odd_studio.registry.set_default("chat", "loads-slowly")
    assert odd_studio.spec(None, "chat").id == "loads-slowly"
    odd_studio.preferences.set("", "default.chat", "gone")
    assert odd_studio.spec(None, "chat").kind == "chat"
    with pytest.raises(UnknownModel):
        odd_studio.registry.set_default("chat", "no-such-model")


def test_pictures_are_stored_with_what_makes_them_again(echo_studio: Studio) -> None:
    request = ImageRequest(prompt="a bee", width=64, height=128, num_inference_steps=2, seed=7, num_images=2)
    first = echo_studio.submit(request, LOCAL)
    second = echo_studio.submit(request, LOCAL)
    first.wait()
    second.wait()

    files = [echo_studio.artifacts.of_job(job.id, "local") for job in (first, second)]
    assert [[dict(file.details) for file in made] for made in files] == [
        [{"width": 64, "height": 128, "seed": 7}, {"width": 64, "height": 128, "seed": 8}]
    ] * 2
    assert [file.path.read_bytes() for file in files[0]] == [file.path.read_bytes() for file in files[1]]
    assert all(file.path.read_bytes().startswith(b"\x89PNG") for made in files for file in made)


def test_forming_pictures_outlive_their_job_for_whoever_is_a_step_behind_and_then_go(echo_studio: Studio) -> None:
    request = ImageRequest(prompt="a bee", width=64, height=64, num_inference_steps=2)
    job = echo_studio.submit(request, LOCAL)

    def previews() -> list[bool]:
        return [event.preview is not None for _, event in job.snapshot() if isinstance(event, Progress)]

    job.wait()
    echo_studio.submit(request, LOCAL).wait()  # the same lane: the first one is recorded by now
    assert previews() == [True, True]
    for _ in range(PREVIEWS_KEPT + 1):
        echo_studio.submit(request, LOCAL).wait()
    until(lambda: previews() == [False, False])


def test_a_picture_that_was_finished_before_the_stop_is_kept(
    echo_studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = EchoImage.run

    def stopping(self: EchoImage, request: ImageRequest, stop: object) -> Iterator[object]:
        for event in original(self, request, stop):
            yield event
            if type(event).__name__ == "Picture":
                stop.set()

    monkeypatch.setattr(EchoImage, "run", stopping)
    job = echo_studio.submit(ImageRequest(prompt="bees", width=64, height=64, num_images=5), LOCAL)

    assert job.wait() == Cancelled()
    assert len(echo_studio.artifacts.of_job(job.id, "local")) == 1


def test_a_failed_event_carries_the_status_and_the_title(odd_studio: Studio) -> None:
    job = odd_studio.submit(chat("one two", model="breaks-chat"), LOCAL)
    with pytest.raises(EngineFailed):
        job.wait()

    _, last = job.snapshot()[-1]
    assert isinstance(last, Failed)
    assert (last.code, last.title, last.status) == ("engine_failed", "The engine failed", 500)


def test_a_model_whose_file_is_gone_is_told_as_damaged(tmp_path: Path) -> None:
    install_echo(tmp_path, "cut-off")
    manifest = tmp_path / "models" / "echo-chat" / "cut-off" / "hearth.json"
    lost = json.loads(manifest.read_text()) | {"files": [{"path": "model.gguf", "size_bytes": 7, "sha256": ""}]}
    manifest.write_text(json.dumps(lost))

    with Studio.open(Settings(data_dir=tmp_path, ollama_host="http://127.0.0.1:9")) as studio:
        with pytest.raises(ModelDamaged, match=r"model.gguf is missing .* Remove it and download it again"):
            studio.submit(chat(model="cut-off"), LOCAL)
        assert only_row(studio)["error_code"] == "model_damaged"


def test_the_usable_models_are_the_installed_ones_with_the_chosen_default(odd_studio: Studio) -> None:
    odd_studio.registry.set_default("chat", "slow-chat")

    usable = odd_studio.usable_models()

    there = [info for info in odd_studio.models() if info.state in ("installed", "loaded", "loading", "remote")]
    assert [(info.spec, info.state) for info in usable] == [(info.spec, info.state) for info in there]
    assert [info.spec.id for info in usable if info.is_default and info.spec.kind == "chat"] == ["slow-chat"]


def test_a_model_whose_engine_is_not_installed_is_not_downloaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "missing", lambda engine: ["xllamacpp"] if engine.name == "llama_cpp" else [])
    settings = Settings(data_dir=tmp_path, ollama_host="http://127.0.0.1:9")
    with Studio.open(settings) as studio, pytest.raises(EngineMissing, match="`make install`"):
        studio.submit(DownloadRequest(model="smollm2-135m"), LOCAL).wait()
    assert not (tmp_path / "models").exists()
