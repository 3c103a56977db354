"""What the text routes of every dialect share: the variants of a request, a whole reply, its usage."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from api.generation import raise_failed
from studio import Cancelled, ChatRequest, Delta, Done, Job, Likelihood, Usage


@dataclass(slots=True)
class Reply:
    """A finished reply."""

    text: str = ""
    reasoning: str = ""
    finish_reason: str = "stop"
    usage: Usage = field(default_factory=Usage)
    likelihoods: list[Likelihood] = field(default_factory=list)


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
    text: list[str] = []
    reasoning: list[str] = []
    reply = Reply()
    async for _, event in job.events():
        raise_failed(event)
        if isinstance(event, Delta):
            (reasoning if event.reasoning else text).append(event.text)
            reply.likelihoods.extend(event.likelihoods)
        elif isinstance(event, Usage):
            reply.usage = event
        elif isinstance(event, Done):
            reply.finish_reason = event.finish_reason
        elif isinstance(event, Cancelled):
            reply.finish_reason = "stop"
    reply.text, reply.reasoning = "".join(text), "".join(reasoning)
    return reply


def model_of(job: Job) -> str:
    """Return the id of the model that answers, which an alias does not tell."""
    return job.spec.id if job.spec else ""


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
