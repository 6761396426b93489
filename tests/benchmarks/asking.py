"""How others start the sink and talk to it; imports little, because what is measured imports it."""

from __future__ import annotations

import contextlib
import json
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT: Final = Path(__file__).parents[2]
_LONGEST_S: Final = 300.0


@contextlib.contextmanager
def running_sink() -> Iterator[str]:
    """Run a sink in a process of its own, which ends with this one; yields its URL."""
    command = [sys.executable, "-m", "tests.benchmarks.sink"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, cwd=ROOT) as process:
        assert process.stdout is not None
        yield process.stdout.readline().decode().strip()
        process.communicate()


def ask(url: str, what: str) -> Any:
    """Give the sink an order (a name of ``Sink``'s methods, with a query); return what it says."""
    host, port = url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), _LONGEST_S) as connection:
        connection.sendall(f"GET /{what} HTTP/1.1\r\n\r\n".encode())
        connection.shutdown(socket.SHUT_WR)
        answer = connection.makefile("rb").read()
    return json.loads(answer.partition(b"\r\n\r\n")[2])
