"""The loopback port of llama.cpp's own server: what its Python binding has no call for."""

import json
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlsplit

from contract.errors import EngineFailed
from engines.llama_tools import Json, as_number, as_object, as_objects

_TIMEOUT_S = 10


def trained_context(address: str, key: str) -> int:
    """Return the context length that the model was trained with, as the server that just began tells it.

    Raises:
        EngineFailed: It does not answer.
    """
    try:
        models = ask_json(address, key, "GET", "/v1/models")
        return as_number(as_object(as_objects(models["data"])[0]["meta"])["n_ctx_train"])
    except (OSError, HTTPException, ValueError, LookupError) as exc:
        raise EngineFailed(f"llama.cpp began but does not answer: {exc!r}. Start Hearth again.") from exc


def ask_json(address: str, key: str, method: str, path: str, body: dict[str, Json] | None = None) -> dict[str, Json]:
    """Ask the server at ``address``, and return the object that it answers, errors as it words them too.

    Raises:
        OSError, HTTPException, ValueError: It does not answer, or no JSON.
    """
    connection = HTTPConnection(urlsplit(address).netloc, timeout=_TIMEOUT_S)
    try:
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        connection.request(method, path, None if body is None else json.dumps(body), headers)
        answer: Json = json.loads(connection.getresponse().read())
    finally:
        connection.close()
    return as_object(answer)
