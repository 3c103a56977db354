"""What every engine promises, whatever it runs: the same tests over the whole table."""

import math
import threading
from contextlib import closing

import pytest

from contract.engine import Engine, Stop
from contract.errors import EngineFailed, InvalidRequest
from contract.events import (
    Aligned,
    AudioChunk,
    Delta,
    Embedding,
    EngineEvent,
    Finish,
    Picture,
    Progress,
    Segment,
    Usage,
)
from engines import ENGINES, require
from tests.engines.cases import Case, outputs, run, stop_at_first_output, until

KINDS = {
    "chat": (Delta, Finish, Usage),
    "translation": (Delta, Aligned, Progress, Usage),
    "image": (Progress, Picture),
    "speech": (AudioChunk, Progress, Usage),
    "transcription": (Segment, Progress, Usage),
    "embedding": (Embedding, Progress, Usage),
}


def check_events(case: Case, events: list[EngineEvent]) -> None:
    """Every event of a whole run is of its kind's and says something true."""
    assert {type(event) for event in events} <= set(KINDS[case.spec.kind])
    assert outputs(events)
    steps = [event for event in events if isinstance(event, Progress)]
    assert all(0 <= event.step <= event.total for event in steps)
    assert [event.step for event in steps] == sorted(event.step for event in steps)
    if steps:
        assert steps[-1].step == steps[-1].total
    finishes = [event for event in events if isinstance(event, Finish)]
    assert len(finishes) == (case.spec.kind == "chat")
    assert all(event.reason in ("stop", "length") for event in finishes)
    usages = [event for event in events if isinstance(event, Usage)]
    assert len(usages) == (case.spec.kind != "image")
    for event in events:
        match event:
            case Delta(text=text):
                assert text and "\ufffd" not in text
            case AudioChunk(pcm=pcm, sample_rate_hz=rate):
                assert pcm and len(pcm) % 2 == 0 and rate in (16_000, 22_050)
            case Picture(png=png, width=width, height=height, seed=seed):
                assert png.startswith(b"\x89PNG\r\n\x1a\n")
                assert int.from_bytes(png[16:20]) == width and int.from_bytes(png[20:24]) == height
                assert 0 <= seed < 2**32
            case Embedding(vector=vector):
                assert len(vector) >= 64 and math.hypot(*vector) == pytest.approx(1)
            case Aligned():
                written = "".join(told.text for told in events if isinstance(told, Delta))
                assert 0 <= event.source_start < event.source_end <= len(case.request.text)
                assert written[event.start : event.end].strip() == written[event.start : event.end] != ""
            case Usage():
                check_usage(case, event, events)
    ends = [0.0, *(time for event in events if isinstance(event, Segment) for time in (event.start_s, event.end_s))]
    assert ends == sorted(ends)


def check_usage(case: Case, usage: Usage, events: list[EngineEvent]) -> None:
    """The figures that its kind has are there, and positive."""
    if case.spec.kind == "chat":
        assert usage.tokens_in and usage.tokens_out
        assert usage.tokens_cached is None or 0 <= usage.tokens_cached <= usage.tokens_in
    if case.spec.kind == "translation":
        assert usage.characters == len(case.request.text)
    if case.spec.kind == "speech":
        samples = sum(len(event.pcm) // 2 for event in events if isinstance(event, AudioChunk))
        rate = next(event.sample_rate_hz for event in events if isinstance(event, AudioChunk))
        assert usage.seconds == pytest.approx(samples / rate, abs=0.01)
    if case.spec.kind == "transcription":
        assert usage.seconds and usage.seconds > 5


def test_the_table_names_each_engine_by_its_own_name_and_all_can_load_here() -> None:
    for name, engine in ENGINES.items():
        assert engine.name == name
        require(engine)


def test_a_whole_run_gives_well_formed_events_of_its_kind(case: Case, engine: Engine) -> None:
    check_events(case, run(engine, case.request))


def test_a_run_can_be_followed_by_another(case: Case, engine: Engine) -> None:
    run(engine, case.request)
    check_events(case, run(engine, case.request))


def test_as_many_runs_at_once_as_it_has_slots_each_come_out_whole(case: Case, engine: Engine) -> None:
    assert engine.slots >= 1
    results: list[list[EngineEvent] | Exception] = []

    def work() -> None:
        try:
            results.append(run(engine, case.request))
        except Exception as exc:
            results.append(exc)

    threads = [threading.Thread(target=work) for _ in range(min(engine.slots, 3))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == len(threads)
    for result in results:
        assert isinstance(result, list), result
        check_events(case, result)


def test_a_stop_before_the_start_makes_nothing(case: Case, engine: Engine) -> None:
    stop = Stop()
    stop.set()
    assert outputs(run(engine, case.request, stop)) == []


def test_a_stop_in_the_middle_ends_it_within_a_step(case: Case, engine: Engine) -> None:
    whole = len(outputs(run(engine, case.request)))
    assert whole > 1
    assert len(stop_at_first_output(engine, case.request)) <= case.after_stop


def test_a_run_that_was_stopped_tells_no_finish_reason(case: Case, engine: Engine) -> None:
    stop = Stop()
    events: list[EngineEvent] = []
    for event in engine.run(case.request, stop):
        events.append(event)
        if outputs([event]):
            stop.set()
    assert not [event for event in events if isinstance(event, Finish)]


def test_a_run_closed_early_gives_its_engine_back(case: Case, engine: Engine) -> None:
    run(engine, case.request)  # whatever the engine keeps for good is there now
    before = threading.active_count()
    for _ in range(engine.slots + 1 if engine.slots < 20 else 3):
        with closing(engine.run(case.request, Stop())) as events:
            next(events)
    until(lambda: threading.active_count() <= before)
    check_events(case, run(engine, case.request))


def test_a_run_that_was_never_begun_costs_nothing(case: Case, engine: Engine) -> None:
    before = threading.active_count()
    engine.run(case.request, Stop()).close()
    assert threading.active_count() == before


def test_a_request_of_another_kind_is_refused_by_name(case: Case, engine: Engine) -> None:
    with pytest.raises(InvalidRequest) as caught:
        run(engine, case.wrong)
    assert case.spec.id in caught.value.message and case.wrong.kind in caught.value.message


def test_what_it_can_not_do_it_does_not_claim(case: Case, engine: Engine) -> None:
    if case.spec.kind != "chat":
        pytest.skip("only chats have such options")
    if "count_tokens" in engine.options:
        assert engine.count_tokens(case.request) > 0
    else:
        with pytest.raises(InvalidRequest, match="can't count tokens"):
            engine.count_tokens(case.request)


def test_it_loads_runs_and_unloads_and_loads_again(case: Case) -> None:
    engine = case.engine()
    engine.unload()  # of what was never loaded
    for _ in range(2):
        engine.load()
        assert outputs(run(engine, case.request))
        engine.unload()
        engine.unload()


def test_a_run_of_what_is_not_loaded_is_refused(case: Case) -> None:
    if case.spec.remote:
        pytest.skip("nothing is loaded here")
    engine = case.engine()
    with pytest.raises(EngineFailed, match="before it was loaded"):
        run(engine, case.request)
    engine.load()
    engine.unload()
    with pytest.raises(EngineFailed, match="before it was loaded"):
        run(engine, case.request)
