"""A finished chat job turned into a conversation of its own, as if it had been asked there."""

from dataclasses import fields

from contract.errors import InvalidRequest
from contract.events import Delta, Done, Failed, Usage
from contract.requests import ChatRequest
from store import ConversationTree, TreeMessage, title_of
from store.database import now
from studio.job import Job

KEPT = ("model", "max_tokens", "temperature", "top_p", "top_k", "min_p", "repeat_penalty", "seed", "stop")


def tree_of_job(job: Job) -> ConversationTree:
    """Return what a job was asked and what it said.

    Raises:
        InvalidRequest: It is no chat, or said nothing, or a word of it may not be kept.
    """
    request, events = job.request, [event for _, event in job.snapshot()]
    reply = job.text()
    if not isinstance(request, ChatRequest) or request.private or not reply or not job.finished:
        raise InvalidRequest("This reply can't be gone on with: it is not finished, or empty. Ask again.", job=job.id)
    when = now()
    turns = [turn for turn in request.messages if turn.role in ("user", "assistant")]
    said = [
        TreeMessage(parent=place - 1 if place else None, role=turn.role, content=turn.content, created_at=when)
        for place, turn in enumerate(turns)
    ]
    end = events[-1]
    model = job.spec.id if job.spec else None
    answer = TreeMessage(
        parent=len(said) - 1,
        role="assistant",
        content=reply,
        reasoning="".join(event.text for event in events if isinstance(event, Delta) and event.reasoning),
        state=job.state if job.state != "queued" else "interrupted",
        model=model,
        figures=_figures(job, next((event for event in reversed(events) if isinstance(event, Usage)), Usage())),
        error_message=end.message if isinstance(end, Failed) else None,
        created_at=when,
    )
    system = "\n\n".join(turn.content for turn in request.messages if turn.role == "system")
    settings = {field.name: getattr(request, field.name) for field in fields(request) if field.name in KEPT}
    kept = {"system": system, **settings, "model": model, "context_tokens": request.context_tokens}
    return ConversationTree(
        title=title_of(next((turn.content for turn in turns if turn.role == "user"), "")),
        title_by="words",
        settings={name: value for name, value in kept.items() if value not in (None, "", ())},
        created_at=when,
        updated_at=when,
        leaf=len(said),
        messages=(*said, answer),
    )


def _figures(job: Job, usage: Usage) -> dict[str, float | int | str | None]:
    times, events = job.times, job.snapshot()
    end = events[-1][1]
    first, finished = times.first_output, times.finished
    return {
        "tokens_in": usage.tokens_in,
        "tokens_out": usage.tokens_out,
        "tokens_cached": usage.tokens_cached,
        "context_tokens": usage.context_tokens,
        "first_output_s": None if first is None else round(first - times.submitted, 4),
        "duration_s": None if finished is None else round(finished - times.submitted, 4),
        "finish_reason": end.finish_reason if isinstance(end, Done) else "stop",
        "left_out": usage.left_out,
    }
