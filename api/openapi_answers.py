"""Which refusals an operation may answer with, and which operations its answer leads to, for the OpenAPI document.

Refusals follow from what an operation takes: a path's name may lead to nothing (404), a body may be
no JSON (400), too slow (408), too large (413) or of another type (415), a value may break a rule
(422), ``If-Match`` may not hold (412). Links carry ids from an answer to the operations that take them.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from api.access import PUBLIC, scope_for

Operation = dict[str, Any]
TOLD = {
    "400": "The body is no JSON, or can't be read",
    "401": "A key is needed, or this one is not valid",
    "403": "The key lacks the scope, the page is another site's, or only the owner may do it",
    "404": "There is no such thing, or it is somebody else's",
    "406": "It is not available in the form that `Accept` asks for",
    "408": "The body came too slowly",
    "409": "It is at work or was changed meanwhile, or the `Idempotency-Key` came with another request",
    "412": "`If-Match` does not hold: it was changed meanwhile",
    "413": "It is larger than the limit, which the message names",
    "415": "The body has another type than the operation takes",
    "421": "Hearth does not answer by this host name",
    "422": "A value breaks a rule, or the model can't do it; the message names the field",
}
JSON_ONLY = (
    *("/conversations", "/templates", "/translations", "/detections", "/models", "/providers"),
    *("/interactions", "/usage", "/api-keys", "/documents", "/collections", "/audio", "/images"),
)
FILES = "/collections/{collection_id}/files"
MESSAGES = "/conversations/{conversation_id}/messages"


@dataclass(frozen=True, slots=True)
class Source:
    """An answer that tells ids: by path parameter, where in the answer or the request it stands.

    Attributes:
        only: The one operation's path that it leads to; "": every one that takes just these ids.
        body: What is sent there.
    """

    method: str
    path: str
    status: str
    ids: Mapping[str, str]
    only: str = ""
    body: Mapping[str, str] | None = None


SOURCES = (
    Source("post", "/conversations", "201", {"conversation_id": "$response.body#/id"}),
    Source(
        *("post", MESSAGES, "201"),
        {"conversation_id": "$request.path.conversation_id", "message_id": "$response.body#/message/id"},
    ),
    Source(
        *("post", MESSAGES, "201"),
        {"conversation_id": "$request.path.conversation_id", "message_id": "$response.body#/message/parent_id"},
        only=f"{MESSAGES}/{{message_id}}/edits",
    ),
    Source(
        *("post", MESSAGES, "201"),
        {"conversation_id": "$request.path.conversation_id"},
        only="/conversations/{conversation_id}/branch",
        body={"message_id": "$response.body#/message/parent_id"},
    ),
    Source("post", "/documents", "201", {"document_id": "$response.body#/id"}),
    Source("post", "/translations/documents", "201", {"translated_document_id": "$response.body#/id"}),
    Source("post", "/audio/recordings", "201", {"recording_id": "$response.body#/id"}),
    Source("post", "/audio/narrations", "201", {"narration_id": "$response.body#/id"}),
    Source("post", "/audio/transcripts", "201", {"transcript_id": "$response.body#/id"}),
    Source("post", "/collections", "201", {"collection_id": "$response.body#/id"}),
    Source(
        *("post", FILES, "201"),
        {"collection_id": "$request.path.collection_id", "document_id": "$response.body#/id"},
    ),
    Source("post", "/v1/responses", "200", {"response_id": "$response.body#/id"}),
    Source("post", "/templates", "201", {"template_id": "$response.body#/id"}),
    Source("post", "/providers", "201", {"provider_id": "$response.body#/id"}),
    Source("post", "/api-keys", "201", {"key_id": "$response.body#/id"}),
    Source("get", "/interactions", "200", {"interaction_id": "$response.body#/data/0/id"}),
    Source("get", "/interactions", "200", {"file_id": "$response.body#/data/0/artifacts/0"}),
    Source("get", "/images", "200", {"picture_id": "$response.body#/data/0/id"}),
    Source("get", "/images/queue", "200", {"entry_id": "$response.body#/data/0/id"}),
    Source("get", "/models", "200", {"model_id": "$response.body#/data/0/id"}),
    Source("get", "/v1/models", "200", {"model_id": "$response.body#/data/0/id"}),
)
# To delete the model that everything else is done with is nothing to lead anybody to; edits are of the other message.
UNLINKED = {("delete", "/models/{model_id}"), ("post", f"{MESSAGES}/{{message_id}}/edits")}


def refusals(path: str, method: str, operation: Operation) -> list[str]:
    """Return the 4xx statuses that an operation may answer with."""
    found = {"401", "403", "421"}
    parameters, has_body = operation.get("parameters", ()), "requestBody" in operation
    places = {parameter["in"] for parameter in parameters}
    names = {parameter["name"].lower() for parameter in parameters}
    if has_body:
        found |= {"400", "408", "413", "415", "422"}
    if places & {"query", "header"} or any(set(each["schema"]) - {"type", "title"} for each in parameters):
        found.add("422")  # a plain id can't be wrong, only unknown
    # A body names models, and other things that may not be here; so does the query of a ZIP.
    if "path" in places or has_body or path == "/images/zip":
        found.add("404")
    if "if-match" in names:
        found.add("412")
    if path.startswith(JSON_ONLY):
        found.add("406")
    if method != "get" and (has_body or "path" in places):
        found |= {"409", "422"}
    if scope_for(method.upper(), path) == PUBLIC and method == "get":
        found.discard("403")
    return sorted(found)


def links(paths: Mapping[str, Mapping[str, Operation]]) -> Iterator[tuple[Operation, str, str, dict[str, object]]]:
    """Yield for each link the operation that has it, the status, its name, and the link."""
    taking = {
        (method, path): {
            parameter["name"] for parameter in operation.get("parameters", ()) if parameter["in"] == "path"
        }
        for path, operations in paths.items()
        for method, operation in operations.items()
    }
    accepted = [
        Source(method, path, "202", {"job_id": "$response.body#/id"})
        for method, path in taking
        if "202" in paths[path][method]["responses"]
    ]
    for source in (*SOURCES, *accepted):
        giver = paths[source.path][source.method]
        for (method, path), wanted in taking.items():
            if wanted != set(source.ids) or (path != source.only if source.only else (method, path) in UNLINKED):
                continue
            if "model_id" in wanted and not path.startswith(source.path):
                continue  # the two lists of models name them differently
            target = paths[path][method]["operationId"]
            link: dict[str, object] = {"operationId": target, "parameters": dict(source.ids)}
            if source.body is not None:
                link["requestBody"] = dict(source.body)
            yield giver, source.status, f"{'_'.join(sorted(wanted))}_to_{target}", link
