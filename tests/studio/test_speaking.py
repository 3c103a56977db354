"""A reply spoken while it is written: cut where sentences end, in a voice of its language, nobody else's."""

import wave
from dataclasses import replace

import pytest

from contract.events import Cancelled, Delta
from contract.models import ModelSpec
from studio import Caller, ChatRequest, Job, Message, NotFound, SpeakReplyRequest, Spoken, Studio
from studio.speaking import Sentences, voice_for
from studio.talking import Talking
from tests.echo_models import until

TEXT = "Good morning. Mr. Smith came at 5 p.m. and left.\n\nThen it rained, and nobody was there! Why?"


def grown(text: str, step: int) -> list[str]:
    """The sentences of a text that comes in pieces of that many characters."""
    sentences = Sentences()
    found = [each for at in range(0, len(text), step) for each in sentences.take(text[at : at + step])]
    return [each.text for each in (*found, *sentences.rest())]


@pytest.mark.parametrize("step", [1, 3, 7, 1000])
def test_a_text_that_grows_is_cut_as_the_whole_one_is(step: int) -> None:
    assert grown(TEXT, step) == [
        "Good morning.",
        "Mr. Smith came at 5 p.m. and left.",
        "Then it rained, and nobody was there!",
        "Why?",
    ]


def test_a_sentence_is_told_when_the_next_one_begins_and_not_before() -> None:
    sentences = Sentences()
    assert sentences.take("It is late") == []
    assert sentences.take(". ") == []
    assert [each.text for each in sentences.take("Go")] == ["It is late."]
    assert [each.text for each in sentences.rest()] == ["Go"]


def test_a_long_first_sentence_is_begun_after_a_clause_and_a_later_one_is_not() -> None:
    long = "When the fire has burnt down to a soft red glow in the evening, the whole family sits down beside it"
    assert grown(long, 5) == [
        "When the fire has burnt down to a soft red glow in the evening,",
        "the whole family sits down beside it",
    ]
    assert grown(f"Listen. {long}", 5) == ["Listen.", long]


def test_a_block_of_code_is_one_piece_however_it_comes() -> None:
    code = "```python\nprint('One. Two.')\n\nprint('Three.')\n```"
    assert grown(f"Look at this.\n\n{code}\n\nThat is all.", 4) == ["Look at this.", code, "That is all."]


def test_signs_without_words_are_passed_over() -> None:
    assert grown("One.\n\n---\n\n* * *\n\nTwo.", 2) == ["One.", "Two."]


def test_a_paragraph_ends_with_its_last_sentence() -> None:
    sentences = Sentences()
    found = [*sentences.take(TEXT), *sentences.rest()]
    assert [each.ends_paragraph for each in found] == [False, True, False, False]


def ask(studio: Studio, text: str) -> Job:
    _, job = studio.say(None, text, Caller())
    return job


def test_a_reply_is_spoken_and_the_log_has_it_beside_its_conversation(echo_studio: Studio) -> None:
    reply = ask(echo_studio, TEXT)
    job = echo_studio.speak_reply(reply, Caller(via="ui"), "en")
    job.wait()
    said = [event.text for _, event in job.snapshot() if isinstance(event, Spoken)]
    assert said == grown(TEXT, 1000)
    with wave.open(str(job.speech.wav)) as sound:
        assert sound.getnframes() / sound.getframerate() > 1
    [row] = echo_studio.interactions.search("local", "speech", "morning", 10)
    assert (row.input, row.conversation_id, row.via) == (" ".join(said), reply.conversation_id, "ui")
    assert row.parameters["reply_job"] == reply.id
    assert row.audio_s is not None and row.audio_s > 1


def test_the_first_sentence_sounds_before_the_reply_ends(odd_studio: Studio) -> None:
    text = "One two three. " + "word " * 400
    reply = odd_studio.submit(ChatRequest(messages=(Message("user", text),), model="slow-chat"))
    job = odd_studio.submit(SpeakReplyRequest(reply_job=reply.id, model="slow-speech"))
    until(lambda: any(isinstance(event, Spoken) for _, event in job.snapshot()))
    assert not reply.finished
    job.cancel()
    until(lambda: job.finished)
    assert job.state == "cancelled"
    assert not reply.finished, "whoever falls silent does not stop the writing"
    reply.cancel()


def test_silence_comes_at_once_while_the_model_still_thinks(odd_studio: Studio) -> None:
    loading = odd_studio.submit(ChatRequest(messages=(Message("user", "a " * 4000),), model="slow-chat"))
    job = odd_studio.submit(SpeakReplyRequest(reply_job=loading.id, model="slow-speech"))
    until(lambda: odd_studio.lanes["replies"].running == 1)
    job.cancel()
    until(lambda: job.finished)
    assert job.state == "cancelled" and not loading.finished
    loading.cancel()


def test_a_reply_that_was_stopped_is_spoken_as_far_as_it_had_whole_sentences(echo_studio: Studio) -> None:
    reply = Job(ChatRequest(messages=(Message("user", "x"),)), Caller())
    echo_studio._shelf.put(reply)
    job = echo_studio.speak_reply(reply, Caller())
    reply.publish(Delta("It is late. Let us g"))
    reply.publish(Cancelled())
    job.wait()
    assert [event.text for _, event in job.snapshot() if isinstance(event, Spoken)] == ["It is late."]


def test_nobody_speaks_anothers_reply_and_only_replies_are_spoken(echo_studio: Studio) -> None:
    reply = ask(echo_studio, "Mine.")
    with pytest.raises(NotFound):
        echo_studio.speak_reply(reply, Caller(owner="mallory", role="user"))
    reply.wait()
    spoken = echo_studio.speak_reply(reply, Caller())
    with pytest.raises(NotFound, match="writes no reply"):
        echo_studio.speak_reply(spoken, Caller())
    spoken.wait()


def test_the_model_is_told_that_it_is_heard_and_the_conversation_does_not_keep_that(echo_studio: Studio) -> None:
    conversation, job = echo_studio.say(None, "Hello.", Caller(), system="Be kind.", spoken=True)
    assert isinstance(job.request, ChatRequest)
    system = job.request.messages[0]
    assert system.role == "system" and system.content.startswith("Be kind.\n\nThis is a conversation by voice")
    job.wait()
    assert echo_studio.conversations.get(conversation.id, "local").settings["system"] == "Be kind."


def test_the_voice_speaks_the_language_a_robot_where_there_is_none(
    echo_studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry = echo_studio.registry
    [usual] = registry.installed("speech")
    assert voice_for(registry, None).id == voice_for(registry, "en").id == usual.id
    assert voice_for(registry, "pl").id == "espeak-pl"
    polish = replace(usual, id="polish", languages=("pl",))
    monkeypatch.setitem(registry._installed, "polish", polish)
    assert voice_for(registry, "pl").id == "polish"


def test_a_reply_in_another_language_has_a_voice_of_that_one(
    echo_studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    [usual] = echo_studio.registry.installed("speech")
    monkeypatch.setitem(echo_studio.registry._installed, "polish", replace(usual, id="polish", languages=("pl",)))
    # Echo's demonstration takes every text for English.
    job = echo_studio.speak_reply(ask(echo_studio, "The reply is plainly in English."), Caller(), "pl")
    assert job.spec is not None and job.spec.id == "polish"
    job.wait()
    assert job.spec.id == usual.id


def test_who_hears_the_page_s_language_is_asked_before_the_default(
    echo_studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    [usual] = echo_studio.registry.installed("transcription")
    english = replace(usual, id="a-english", languages=("en",))
    polish = replace(usual, id="b-polish", languages=("pl",))
    monkeypatch.setattr(echo_studio.registry, "_installed", {spec.id: spec for spec in (english, polish)})

    def hears(language: str) -> str:
        return Talking.ears_for(echo_studio, language).id

    assert (hears("en"), hears("pl"), hears("de")) == ("a-english", "b-polish", "a-english")


def test_warming_up_loads_what_can_be_loaded(odd_studio: Studio) -> None:
    def spec(name: str, kind: str) -> ModelSpec:
        return next(spec for spec in odd_studio.registry.installed() if spec.id == name and spec.kind == kind)

    ears, mind = spec("slow-transcription", "transcription"), spec("slow-chat", "chat")
    odd_studio.warm_up([ears, spec("too-large", "chat"), mind])
    assert odd_studio.residency.loaded().keys() == {"slow-transcription", "slow-chat"}
