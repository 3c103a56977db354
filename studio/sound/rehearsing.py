"""Steps laid over a recording's length alone, so that one that can't be done is refused before it is on the list."""

import contextlib
from collections.abc import Sequence
from pathlib import Path

from contract.audio import RemoveSilence, Split, Step
from store import Recording
from studio.sound.chain import Chain, Flow, Other, cuts
from studio.sound.editing import count


def rehearse(recording: Recording, steps: Sequence[Step], other: Other) -> None:
    """Look whether every step finds what it needs; no sound is read.

    Behind a step whose result has no length that could be told before it is made, nothing more is looked at.

    Args:
        other: Gives the flow of another recording; raises LengthUnknown where it is still being made.

    Raises:
        InvalidRequest: A step can't be done with what comes to it; it is named by its number.
    """
    rate, channels = recording.info["sample_rate_hz"], recording.info["channels"]
    assert isinstance(rate, int) and isinstance(channels, int)
    flow = Flow(iter(()), rate, str(recording.info["layout"]), channels, count(recording.info, rate))
    try:
        flow = _Rehearsal(other).lay(flow, steps)
    except LengthUnknown:
        return
    if steps and isinstance(steps[-1], Split):
        cuts(steps[-1], flow)


class LengthUnknown(Exception):
    """How long a sound will be is known once it is made."""


class _Rehearsal(Chain):
    """The steps themselves, but for those that would read the sound."""

    def __init__(self, other: Other) -> None:
        super().__init__(Path(), other, contextlib.ExitStack())

    def _normalised(self, flow: Flow, lufs: float) -> Flow:
        return flow

    def _denoised(self, flow: Flow, strength_db: float) -> Flow:
        return flow

    def _reversed(self, flow: Flow) -> Flow:
        return flow

    def _without_silence(self, flow: Flow, step: RemoveSilence) -> Flow:
        raise LengthUnknown
