"""An instruction read as steps of an audio edit: by the grammar, and what that does not know by a capable chat model.

Nothing is done here: a person sees the plan and confirms it. The model writes JSON that a schema holds to the steps
there are, and every step is checked like any other.
"""

import json
from collections.abc import Mapping

import engines
from contract.audio import KINDS, Step, check_steps, step_of
from contract.errors import InvalidRequest, StudioError
from contract.events import Done
from contract.messages import Message
from contract.models import Kind, ModelSpec
from contract.requests import ChatRequest, Request
from store import Recordings
from studio.caller import Caller
from studio.job import Job
from studio.sound.instructions import Plan, plan

# Below this a model on this machine writes JSON that fits and means nothing.
CAPABLE_BYTES = 1_000_000_000
MOST_TOKENS = 800
NUMBERS = (
    *("start_s", "end_s", "in_s", "out_s", "db", "lufs", "factor", "semitones", "threshold_db", "longer_than_s"),
    *("keep_s", "strength_db", "every_s"),
)
SCHEMA = json.dumps(
    {
        "type": "object",
        "properties": {
            "understood": {"type": "boolean"},
            "steps": {
                "type": "array",
                "maxItems": 20,
                "items": {
                    "type": "object",
                    "properties": {
                        "op": {"enum": [kind for kind in KINDS if kind != "join"]},
                        **{name: {"type": "number"} for name in NUMBERS},
                        "parts": {"type": "integer"},
                        "at_s": {"type": "array", "items": {"type": "number"}},
                        "format": {"enum": ["wav", "mp3", "flac", "opus", "m4a"]},
                        "channels": {"enum": ["mono", "stereo"]},
                        "bit_rate_kbps": {"type": "integer"},
                        "sample_rate_hz": {"type": "integer"},
                    },
                    "required": ["op"],
                    "additionalProperties": False,
                },
            },
        },
        "required": ["understood", "steps"],
        "additionalProperties": False,
    }
)
ASK = """You turn a person's instruction, in English or Polish, into steps of an audio edit, as JSON.
Steps: trim (keep start_s to end_s), cut (drop start_s to end_s), fade (in_s, out_s), gain (db; start_s, end_s for a
part; -100 is silence), normalise (lufs), speed (factor), pitch (semitones), reverse, remove_silence (longer_than_s,
keep_s, threshold_db), denoise (strength_db), split (one of at_s, every_s, parts; last), convert (format, channels,
bit_rate_kbps, sample_rate_hz). Times are seconds; negative ones count from the end; leave end_s out for the end.
Where any part of the instruction is none of these, answer {"understood": false, "steps": []}."""


class Planning:
    """A part of the Studio; see there."""

    recordings: Recordings

    def submit(self, request: Request, caller: Caller | None = None) -> Job:
        """Take a request; see Studio."""
        raise NotImplementedError

    def spec(self, name: str | None, kind: Kind) -> ModelSpec:
        """Return a usable model; see Studio."""
        raise NotImplementedError

    def plan_edit(self, instruction: str, caller: Caller, model: str | None = None) -> Plan:
        """Return what an instruction in English or Polish means; waits, where a model is asked.

        Args:
            model: A chat model for what the grammar does not know; None: the default one, if it is capable.

        Raises:
            InvalidRequest: It is nothing that can be done to a sound, or asks for what can't be.
        """
        names = {each.name: each.id for each in self.recordings.latest(caller.owner, 200)}
        try:
            return plan(instruction, names)
        except InvalidRequest as exc:
            if exc.details.get("understood") is not False:
                raise
            spec = self._capable(model)
            steps = self._asked(instruction, spec, caller) if spec is not None else None
            if spec is None or not steps:
                raise
            return Plan(steps, spec.id)

    def _capable(self, model: str | None) -> ModelSpec | None:
        """Return the chat model to ask; None: there is none that would know."""
        try:
            spec = self.spec(model, "chat")
        except StudioError:
            if model is not None:
                raise
            return None
        able = "json_schema" in engines.ENGINES[spec.engine].abilities(spec)
        if model is not None and not able:
            raise InvalidRequest(f"{spec.title} can't follow a JSON schema. Choose another model.", field="model")
        return spec if able and (model is not None or spec.remote or spec.size_bytes >= CAPABLE_BYTES) else None

    def _asked(self, instruction: str, spec: ModelSpec, caller: Caller) -> tuple[Step, ...] | None:
        job = self.submit(
            ChatRequest(
                messages=(Message("system", ASK), Message("user", instruction)),
                model=spec.id,
                max_tokens=MOST_TOKENS,
                temperature=0.0,
                json_schema=SCHEMA,
            ),
            caller,
        )
        if not isinstance(job.wait(), Done):
            return None
        return read(job.text())


def read(answer: str) -> tuple[Step, ...] | None:
    """Return the steps of a model's answer; None where it did not understand, or wrote what can't be."""
    try:
        told = json.loads(answer)
        if not isinstance(told, Mapping) or told.get("understood") is not True:
            return None
        steps = tuple(step_of(_whole(each)) for each in told["steps"])
        check_steps(steps)
    except (ValueError, KeyError, TypeError, AttributeError, InvalidRequest):
        return None
    return steps


def _whole(step: Mapping[str, object]) -> dict[str, object]:
    return {
        name: int(value) if isinstance(value, float) and value.is_integer() else value for name, value in step.items()
    }
