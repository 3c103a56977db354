"""Which slot of a llama.cpp model a request goes to: the one that has read most of it, without undoing another's work.

A slot keeps what it has read, and a request that begins alike pays only for the rest. llama.cpp itself takes the slot
that is most alike, so that two conversations under the same instructions undo each other's turn by turn. Here a
conversation that has gone on for more than a turn keeps its slot while there are others, as soon as it is more than
half as long as the instructions: reading those once more for another slot is then soon made up for. One question after
another under the same instructions still shares a slot, because nobody may ever come back to the questions.
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass

from contract.engine import Stop
from contract.messages import Message

_ALIKE = 10  # a slot is alike from one part in so many of the request on


@dataclass(frozen=True, slots=True)
class Read:
    """What a request is, or what a slot has read.

    Attributes:
        text: Instructions, then turns, as one text that begins alike where the prompts do.
        head: Characters of the instructions in it.
        turns: How many the user has had.
    """

    text: str = ""
    head: int = 0
    turns: int = 0


@dataclass(slots=True, eq=False)
class Slot:
    """One slot; ``number`` is llama.cpp's, ``used`` counts up with every use of any."""

    number: int
    read: Read = Read()
    used: int = 0
    busy: bool = False


class Slots:
    """The slots of one model."""

    def __init__(self, count: int) -> None:
        self._slots = [Slot(number) for number in range(count)]
        self._uses = 0
        self._changed = threading.Condition()

    def take(self, wanted: Read, stop: Stop) -> Slot | None:
        """Wait for a slot that nobody uses and take the best; None once stopped."""
        stop.on_set(self._wake)
        with self._changed:
            self._changed.wait_for(lambda: stop.is_set() or not all(slot.busy for slot in self._slots))
            if stop.is_set():
                return None
            slot = best([slot for slot in self._slots if not slot.busy], wanted)
            self._uses += 1
            slot.read, slot.used, slot.busy = wanted, self._uses, True
            return slot

    def give(self, slot: Slot) -> None:
        """Give a slot back; what it has read stays."""
        with self._changed:
            slot.busy = False
            self._changed.notify_all()

    def _wake(self) -> None:
        with self._changed:
            self._changed.notify_all()


def read_of(messages: Sequence[Message], tools: str) -> Read:
    """Return what a chat's prompt is.

    Args:
        tools: The functions that it may call, which stand among the instructions.
    """
    parts = [f"\0{turn.role}\0{turn.content}" for turn in messages]
    instructions = 0
    while instructions < len(messages) and messages[instructions].role == "system":
        instructions += 1
    head = len(tools) + sum(map(len, parts[:instructions]))
    return Read(tools + "".join(parts), head, sum(turn.role == "user" for turn in messages))


def best(idle: Sequence[Slot], wanted: Read) -> Slot:
    """Return the slot that shares most with a request and loses little by it, else the one that is missed least.

    That is the one unused for longest, one of a single question before one of a conversation.
    """
    found, most = None, len(wanted.text) // _ALIKE
    for slot in idle:
        shared = _shared(slot.read.text, wanted.text)
        lost, own = len(slot.read.text) - shared, len(slot.read.text) - slot.read.head
        if slot.read.turns > 1 and 2 * lost > max(own, shared):
            continue  # a conversation that goes on would have to be read again
        if shared > most:
            found, most = slot, shared
    return found or min(idle, key=lambda slot: (slot.read.turns > 1, slot.used))


def _shared(one: str, other: str) -> int:
    """Return how many characters two texts begin with alike."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one.startswith(other[:middle]):
            low = middle
        else:
            high = middle - 1
    return low
