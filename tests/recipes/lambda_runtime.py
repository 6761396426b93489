"""A stand-in for what runs a Lambda function: the Runtime API, and the freezing.

The process under test is AWS's own client for it, ``awslambdaric``, which asks for an invocation,
answers it, and asks for the next. From that question on Lambda freezes the process, threads
included, until there is one.
"""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Queue
from typing import TYPE_CHECKING, Any, NamedTuple

from patience import PATIENCE_S

if TYPE_CHECKING:
    from types import TracebackType

    from recipes.running import Program
    from typing_extensions import Self


STREAM = "2026/11/23/[$LATEST]4459c970fa6d4c77aca62c95850fce54"


class Outcome(NamedTuple):
    """What became of an invocation: ``"response"`` or ``"error"``, and the body of that."""

    kind: str
    body: Any


class LambdaRuntime:
    """A context manager that serves the Runtime API on a port of this machine."""

    def __init__(self) -> None:
        self._asked = threading.Semaphore(0)
        self._events: Queue[tuple[str, Any]] = Queue()
        self._outcomes: Queue[Outcome] = Queue()
        self._count = 0
        runtime = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_GET(self) -> None:
                runtime._asked.release()
                number, event = runtime._events.get()
                self._answer(
                    200,
                    json.dumps(event).encode(),
                    {
                        "Lambda-Runtime-Aws-Request-Id": number,
                        "Lambda-Runtime-Deadline-Ms": str(int((time.time() + PATIENCE_S) * 1000)),
                        "Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:::function:orders",
                    },
                )

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                self._answer(202, b"{}", {})
                kind = self.path.rpartition("/")[2]
                runtime._outcomes.put(Outcome(kind, json.loads(body)))

            def _answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
                self.send_response(status)
                headers = {**headers, "Content-Length": str(len(body))}
                for name, value in {**headers, "Content-Type": "application/json"}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def environment(self) -> dict[str, str]:
        """What Lambda sets for the function's process."""
        return {
            "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{self._server.server_port}",
            "AWS_LAMBDA_LOG_STREAM_NAME": STREAM,
            "AWS_LAMBDA_FUNCTION_NAME": "orders",
        }

    def freeze(self, function: Program) -> None:
        """Stop the process as Lambda does, once it has asked for an invocation."""
        assert self._asked.acquire(timeout=PATIENCE_S), function.output
        os.kill(function.process.pid, signal.SIGSTOP)

    def invoke(self, function: Program, event: Any) -> Outcome:
        """Thaw the process, let it answer, and freeze it again."""
        self._count += 1
        os.kill(function.process.pid, signal.SIGCONT)
        self._events.put((f"request-{self._count}", event))
        outcome = self._outcomes.get(timeout=PATIENCE_S)
        self.freeze(function)
        return outcome
