"""What the text routes of every dialect share: the variants of a request, a whole reply, its usage."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from api.generation import raise_failed
from studio import Cancelled, ChatRequest, Delta, Done, Event, Job, Likelihood, ToolCall, ToolCallDelta, Usage

NANOSECONDS = 1_000_000_000
LEFT_OUT = "Hearth-Left-Out"
TEXT = (Delta, ToolCallDelta)  # what a client of a chat waits for


@dataclass(slots=True)
class Reply:
    """A finished reply."""

    text: str = ""
    reasoning: str = ""
    finish_reason: str = "stop"
    usage: Usage = field(default_factory=Usage)
    likelihoods: list[Likelihood] = field(default_factory=list)
    tool_calls: list[ToolCall] = field(default_factory=list)

    def take(self, event: Event) -> None:
        """Add what an event tells."""
        if isinstance(event, Delta):
            if event.reasoning:
                self.reasoning += event.text
            else:
                self.text += event.text
            self.likelihoods.extend(event.likelihoods)
        elif isinstance(event, ToolCallDelta):
            if event.index == len(self.tool_calls):
                self.tool_calls.append(ToolCall(id=event.id, name=event.name, arguments=""))
            call = self.tool_calls[event.index]
            self.tool_calls[event.index] = replace(call, arguments=call.arguments + event.arguments)
        elif isinstance(event, Usage):
            self.usage = event
        elif isinstance(event, Done):
            self.finish_reason = event.finish_reason
        elif isinstance(event, Cancelled):
            self.finish_reason = "stop"


def variants(request: ChatRequest, n: int) -> list[ChatRequest]:
    """Return ``n`` requests for as many replies; with a seed, each has one of its own, counted up."""
    if request.seed is None:
        return [request] * n
    return [replace(request, seed=request.seed + index) for index in range(n)]


async def collected(job: Job) -> Reply:
    """Wait for a job's whole reply.

    Raises:
        StudioError: The job failed.
    """
    reply = Reply()
    async for _, event in job.events():
        raise_failed(event)
        reply.take(event)
    return reply


def arguments_of(call: ToolCall) -> object:
    """Return a call's arguments as an object; of a call that was cut off, what was written, as text under ``_cut``."""
    try:
        return json.loads(call.arguments)
    except ValueError:
        return {"_cut": call.arguments}


def nanoseconds(start: float | None, end: float | None) -> int:
    """Return the time between two marks of a job, as Ollama's protocol tells it; 0 where one is missing."""
    return 0 if start is None or end is None else max(0, round((end - start) * NANOSECONDS))


def model_of(job: Job) -> str:
    """Return the id of the model that answers, which an alias does not tell."""
    return job.spec.id if job.spec else ""


def left_out(job: Job) -> dict[str, str]:
    """Return the header that tells how many of the first messages did not fit the model's context, where some did not.

    Args:
        job: One that has given its first output, so that it is known.
    """
    told = [event.left_out for _, event in job.snapshot() if isinstance(event, Usage) and event.left_out]
    return {LEFT_OUT: str(told[-1])} if told else {}


def usage_json(usages: Sequence[Usage]) -> dict[str, object]:
    """Return what the replies to one request cost, in OpenAI's form; the prompt counts once."""
    tokens_in = max((usage.tokens_in or 0 for usage in usages), default=0)
    tokens_out = sum(usage.tokens_out or 0 for usage in usages)
    return {
        "prompt_tokens": tokens_in,
        "completion_tokens": tokens_out,
        "total_tokens": tokens_in + tokens_out,
        "prompt_tokens_details": {"cached_tokens": max((usage.tokens_cached or 0 for usage in usages), default=0)},
    }
