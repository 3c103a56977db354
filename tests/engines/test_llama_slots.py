"""Slots: a conversation keeps its own, single questions under the same instructions share one, who waits gets one."""

import threading

from contract.engine import Stop
from contract.messages import Message
from engines.llama_slots import Slots, read_of
from tests.engines.cases import until

RULES = Message("system", "Be brief and kind. " * 40)


def asked(slots: Slots, *texts: str, rules: Message | None = RULES) -> int:
    """Ask with turns of the user and the model by turns; returns the slot's number."""
    turns = [Message("assistant" if place % 2 else "user", text) for place, text in enumerate(texts)]
    slot = slots.take(read_of([*([rules] if rules else []), *turns], ""), Stop())
    assert slot is not None
    slots.give(slot)
    return slot.number


def test_conversations_under_the_same_instructions_keep_their_own_slots_from_the_second_turn_on() -> None:
    slots, talks = Slots(4), [[f"{name} asks something long. " * 20] for name in ("Ann", "Bob", "Eve")]
    places: list[list[int]] = []
    for _ in range(4):
        places.append([asked(slots, *talk) for talk in talks])
        for talk in talks:
            talk += ["A reply.", "And then?"]

    assert places[0] == [0, 0, 0], "single questions share what was read of the instructions"
    assert len(set(places[1])) == 3 and places[2] == places[3] == places[1]


def test_short_conversations_under_very_long_instructions_share_what_was_read_of_those() -> None:
    slots, rules = Slots(4), Message("system", "Be brief. " * 900)

    assert asked(slots, "Who?", "You.", "Why?", rules=rules) == asked(slots, "What?", "That.", "How?", rules=rules)


def test_single_questions_take_no_conversations_slot_and_old_ones_go_first() -> None:
    slots = Slots(3)
    mine = asked(slots, "What is oak?", "A tree.", "And birch?")
    others = [asked(slots, f"{number} is quite another question", rules=None) for number in range(7)]

    assert mine not in others
    assert asked(slots, "What is oak?", "A tree.", "And birch?", "One too.", "And ash?") == mine


def test_a_reply_written_again_or_an_edited_last_message_stays_where_the_beginning_was_read() -> None:
    slots, talk = Slots(4), ["What is oak? " * 20, "A tree. " * 120, "And birch?"]
    mine = asked(slots, *talk)

    assert asked(slots, *talk) == mine
    assert asked(slots, *talk[:2], "And ash?") == mine
    assert asked(slots, "What is oak? " * 20) != mine, "its first message alone would undo the rest"


def test_who_finds_every_slot_busy_waits_for_one_or_until_it_is_stopped() -> None:
    slots, stop = Slots(1), Stop()
    busy = slots.take(read_of([Message("user", "a")], ""), Stop())
    assert busy is not None
    got: list[object] = []
    waiting = threading.Thread(target=lambda: got.append(slots.take(read_of([Message("user", "b")], ""), stop)))
    waiting.start()
    assert not got
    stop.set()
    waiting.join(30)
    assert got == [None]

    later = threading.Thread(target=lambda: got.append(slots.take(read_of([Message("user", "c")], ""), Stop())))
    later.start()
    slots.give(busy)
    until(lambda: len(got) == 2)
    later.join(30)
    assert got[1] is busy
