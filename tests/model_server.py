"""A real HTTP server that lists models as OpenAI's does and answers chats as badly as a test tells it to."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Answer = tuple[int, dict[str, str], bytes]


def json_answer(value: object, status: int = 200, **headers: str) -> Answer:
    return status, {"Content-Type": "application/json", **headers}, json.dumps(value).encode()


def page(status: int = 200) -> Answer:
    body = "<!doctype html>\n<html><head><title>Sign in</title></head><body><p>Please sign in.</p></body></html>" * 20
    return status, {"Content-Type": "text/html; charset=utf-8"}, body.encode()


def events(*values: object, done: bool = True) -> Answer:
    lines = [f"data: {value if isinstance(value, str) else json.dumps(value)}\n\n" for value in values]
    return 200, {"Content-Type": "text/event-stream"}, "".join([*lines, "data: [DONE]\n\n" if done else ""]).encode()


def word(text: str, finish: str | None = None) -> dict[str, object]:
    return {"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": finish}]}


HELLO = events(
    word("Hello"), word(" there", "stop"), {"choices": [], "usage": {"prompt_tokens": 5, "completion_tokens": 2}}
)


@dataclass
class ModelServer:
    """What it answers, and what it was asked.

    Attributes:
        models: The answer to a GET of the list.
        chat: The answer to a POST.
        cut: A POST's connection breaks off after its answer, which is announced as longer.
        hangs: A POST's answer is followed by silence until ``go_on`` is set.
        key: Asked of everybody; "": of nobody.
        asked: Method, path, headers and body of each request so far.
        left: Set when a client that was kept waiting hung up.
    """

    url: str = ""
    models: Answer = field(default_factory=lambda: json_answer({"data": [{"id": "Tiny-1", "owned_by": "me"}]}))
    chat: Answer = HELLO
    cut: bool = False
    hangs: bool = False
    slow_list: bool = False
    key: str = ""
    asked: list[tuple[str, str, dict[str, str], bytes]] = field(default_factory=list)
    go_on: threading.Event = field(default_factory=threading.Event)
    waiting: threading.Event = field(default_factory=threading.Event)
    left: threading.Event = field(default_factory=threading.Event)

    def bodies(self) -> list[dict[str, object]]:
        """The JSON of each POST so far."""
        return [json.loads(body) for method, _, _, body in self.asked if method == "POST"]

    def keys(self) -> set[str]:
        """Every key that it was sent."""
        return {headers.get("authorization", "") or headers.get("x-api-key", "") for _, _, headers, _ in self.asked}


def _handler(server: ModelServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self, answer: Answer, *, bad: bool) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            server.asked.append((self.command, self.path, headers, body))
            sent = headers.get("authorization", "").removeprefix("Bearer ") or headers.get("x-api-key", "")
            if server.key and sent != server.key:
                answer, bad = json_answer({"error": {"message": f"Incorrect API key provided: {sent}"}}, 401), False
            status, more, content = answer
            self.send_response(status)
            for name, value in more.items():
                self.send_header(name, value)
            self.send_header(
                "Content-Length", str(len(content) + (10_000 if bad and (server.cut or server.hangs) else 0))
            )
            self.end_headers()
            self.wfile.write(content)
            self.wfile.flush()
            if bad and server.hangs:
                server.waiting.set()
                self.connection.settimeout(60)
                if not self.connection.recv(1):
                    server.left.set()
            self.close_connection = bad and (server.cut or server.hangs)

        def do_GET(self) -> None:
            if server.slow_list:
                server.waiting.set()
                server.go_on.wait(60)
            self._answer(server.models, bad=False)

        def do_POST(self) -> None:
            self._answer(server.chat, bad=True)

        def log_message(self, format: str, *args: object) -> None:
            pass

    return Handler


class _Threading(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        pass  # a client that hangs up is what several tests are about


@contextmanager
def model_server(port: int = 0, **what: object) -> Iterator[ModelServer]:
    """Run one; on ``port`` where it comes back."""
    state = ModelServer(**what)  # type: ignore[arg-type]
    server = _Threading(("127.0.0.1", port), _handler(state))
    state.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield state
    finally:
        state.go_on.set()
        server.shutdown()
        server.server_close()
        thread.join()


Make = Callable[..., ModelServer]
