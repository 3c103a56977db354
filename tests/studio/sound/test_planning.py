"""What the grammar does not know is read by a capable chat model, by schema; a toy is not asked."""

import json
from pathlib import Path

import pytest

from contract.audio import Cut, Fade, Gain, Normalise
from contract.errors import InvalidRequest
from studio import Caller, Clip, Studio
from studio.sound.planning import read
from tests.model_server import events, model_server, word
from tests.studio.providing import MODEL, connected, opened
from tests.studio.sound import sounds
from tests.studio.sound.sounds import tone, write_wav

ME = Caller()
HARD = "let the ending die away slowly, about four seconds, and a touch hotter overall"


def answering(*steps: dict[str, object], understood: bool = True) -> str:
    return json.dumps({"understood": understood, "steps": list(steps)})


def test_the_grammar_is_asked_first_and_needs_no_model(echo_studio: Studio) -> None:
    found = echo_studio.plan_edit("cut the first 3 seconds, then fade out over 2", ME)
    assert (found.steps, found.by) == ((Cut(start_s=0.0, end_s=3.0), Fade(out_s=2.0)), "grammar")


def test_a_capable_model_reads_the_rest_by_schema(tmp_path: Path) -> None:
    answer = answering({"op": "fade", "out_s": 4}, {"op": "gain", "db": 2.0})
    with model_server(chat=events(word(answer, "stop"))) as server, opened(tmp_path) as studio:
        connected(studio, server)
        found = studio.plan_edit(HARD, ME, MODEL)
        assert (found.steps, found.by) == ((Fade(out_s=4), Gain(db=2)), MODEL)
        asked = server.bodies()[-1]
        assert asked["temperature"] == 0
        schema = asked["response_format"]["json_schema"]["schema"]  # type: ignore[index]
        assert "fade" in schema["properties"]["steps"]["items"]["properties"]["op"]["enum"]


@pytest.mark.parametrize(
    "answer",
    [
        answering(understood=False),
        answering({"op": "gain", "db": 400}),
        answering({"op": "purple"}),
        answering({"op": "split", "parts": 2}, {"op": "reverse"}),
        "Sure, I will do that for you!",
        "[]",
    ],
)
def test_what_a_model_does_not_understand_or_writes_wrong_is_nonsense(tmp_path: Path, answer: str) -> None:
    with model_server(chat=events(word(answer, "stop"))) as server, opened(tmp_path) as studio:
        connected(studio, server)
        with pytest.raises(InvalidRequest, match="nothing that can be done to a sound"):
            studio.plan_edit("make it purple", ME, MODEL)


def test_a_toy_is_not_asked(echo_studio: Studio) -> None:
    with pytest.raises(InvalidRequest, match="nothing that can be done to a sound"):
        echo_studio.plan_edit(HARD, ME)
    assert echo_studio.interactions.latest("local") == []


def test_a_model_that_no_schema_holds_is_refused_by_name(echo_studio: Studio) -> None:
    with pytest.raises(InvalidRequest, match="can't follow a JSON schema"):
        echo_studio.plan_edit(HARD, ME, "echo-chat")


def test_a_model_that_is_right_is_believed_to_the_number() -> None:
    assert read(answering({"op": "normalise", "lufs": -18.5})) == (Normalise(lufs=-18.5),)


def test_a_notebook_edits_a_file_by_words_and_by_steps(echo_studio: Studio, tmp_path: Path) -> None:
    path = write_wav(tmp_path / "talk.wav", tone(5))
    clip = echo_studio.edit_audio(
        path, "cut the first 3 seconds, then fade out over 1", {"op": "normalise", "lufs": -20}
    )
    assert isinstance(clip, Clip)
    assert (clip.seconds, [step["op"] for step in clip.steps]) == (2.0, ["cut", "fade", "normalise"])
    assert clip.lufs == pytest.approx(-20, abs=0.2)
    sound, rate = sounds.read(Path(clip))
    assert len(sound) / rate == 2.0
    assert "audio/wav;base64," in clip._repr_html_()
    assert len(echo_studio.edit_audio(clip, "split it into 2 parts", name="parts.wav").paths) == 2
    with pytest.raises(InvalidRequest, match="nothing that can be done"):
        echo_studio.edit_audio(path, "make it purple")
