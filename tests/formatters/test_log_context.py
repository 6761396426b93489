"""Fields that are bound to a block or a function are on its records, and on no others."""

from __future__ import annotations

import asyncio
import io
import logging
import queue
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from logging.handlers import QueueHandler, QueueListener
from typing import TYPE_CHECKING, Any

import pytest
from formatters.making import parse, record_of
from patience import PATIENCE_S

from logspire import JSONFormatter, log_context

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

FORMATTER = JSONFormatter()
OWN = ("timestamp", "level", "logger", "message")


def bound() -> dict[str, Any]:
    """Return what a record has now beside its own fields."""
    members = parse(FORMATTER.format(record_of("hi")))
    return {name: value for name, value in members.items() if name not in OWN}


def test_fields_are_bound_for_a_block() -> None:
    with log_context(user="ann", cart=[1]):
        assert bound() == {"user": "ann", "cart": [1]}
    assert bound() == {}


def test_blocks_add_up_and_the_inner_one_wins() -> None:
    with log_context(a=1, b=1):
        with log_context(b=2, c=2):
            assert bound() == {"a": 1, "b": 2, "c": 2}
        assert bound() == {"a": 1, "b": 1}


def test_an_exception_ends_the_block() -> None:
    with pytest.raises(KeyError), log_context(a=1):
        raise KeyError
    assert bound() == {}


def test_any_name_can_be_bound_and_those_with_a_meaning_get_an_underscore() -> None:
    with log_context(self=1, level=2, fields=3):
        assert bound() == {"self": 1, "level_": 2, "fields": 3}


def test_a_decorated_function_runs_within_the_fields_each_time() -> None:
    @log_context(job="nightly")
    def run(levels: int) -> dict[str, Any]:
        """Say what is bound."""
        return run(levels - 1) if levels else bound()

    assert run(3) == run(0) == {"job": "nightly"}
    assert (bound(), run.__name__, run.__doc__) == ({}, "run", "Say what is bound.")


def test_a_decorated_async_function_runs_within_the_fields() -> None:
    @log_context(job="nightly")
    async def run() -> dict[str, Any]:
        await asyncio.sleep(0)
        return bound()

    async def main() -> tuple[dict[str, Any], dict[str, Any]]:
        waiting = run()
        return bound(), await waiting

    assert asyncio.run(main()) == ({}, {"job": "nightly"})


def generator() -> Iterator[int]:
    yield 1


async def async_generator() -> AsyncIterator[int]:
    yield 1


@pytest.mark.parametrize("wrong", [generator, async_generator, int, "f"], ids=range(4))
def test_what_would_not_run_within_the_fields_cannot_be_decorated(wrong: Any) -> None:
    with pytest.raises(TypeError, match=r"log_context .*decorate"):
        log_context(a=1)(wrong)


def test_blocks_that_end_in_the_wrong_order_leave_nothing_behind() -> None:
    first, second = log_context(a=1), log_context(b=2)
    first.__enter__()
    second.__enter__()
    first.__exit__()
    second.__exit__()
    assert bound() == {}


def test_an_exit_too_many_does_no_harm() -> None:
    log_context(a=1).__exit__()
    assert bound() == {}


# Threads, tasks, signals


def test_tasks_have_the_fields_of_where_they_start_and_keep_their_own() -> None:
    async def handle(number: int, *, turns: int = 3) -> list[dict[str, Any]]:
        seen = []
        with log_context(request=number):
            for _ in range(turns):
                await asyncio.sleep(0)
                seen.append(bound())
        return [*seen, bound()]

    async def main() -> list[list[dict[str, Any]]]:
        with log_context(server="a"):
            return await asyncio.gather(*map(handle, range(20)))

    for number, seen in enumerate(asyncio.run(main())):
        assert seen == [{"server": "a", "request": number}] * 3 + [{"server": "a"}]


def test_to_thread_takes_the_fields_along() -> None:
    async def main() -> dict[str, Any]:
        with log_context(a=1):
            return await asyncio.to_thread(bound)

    assert asyncio.run(main()) == {"a": 1}


def test_a_pool_does_not_have_the_fields_unless_it_is_given_the_context() -> None:
    with ThreadPoolExecutor(1) as pool, log_context(a=1):
        assert pool.submit(bound).result() == {}
        assert pool.submit(copy_context().run, bound).result() == {"a": 1}


def test_a_new_thread_has_none_of_the_fields() -> None:
    seen: list[dict[str, Any]] = []
    with log_context(a=1):
        thread = threading.Thread(target=copy_context().run, args=(lambda: seen.append(bound()),))
        alone = threading.Thread(target=lambda: seen.append(bound()))
        for started in (thread, alone):
            started.start()
            started.join()
    inherits = getattr(sys.flags, "thread_inherit_context", 0)  # since Python 3.14, if asked for
    assert seen == [{"a": 1}, {"a": 1} if inherits else {}]


def test_a_forked_process_has_the_fields_and_a_spawned_one_has_none(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text("""
import logging, multiprocessing
from logspire import JSONFormatter, log_context

def work(how):
    line = JSONFormatter("message *").format(logging.makeLogRecord({"msg": how}))
    print(line, flush=True)

if __name__ == "__main__":
    with log_context(a=1):
        for how in ("fork", "spawn"):
            process = multiprocessing.get_context(how).Process(target=work, args=(how,))
            process.start()
            process.join()
""")
    done = subprocess.run([sys.executable, program], capture_output=True, check=True, text=True)
    assert done.stdout.splitlines() == ['{"message": "fork", "a": 1}', '{"message": "spawn"}']


@pytest.mark.parametrize("place", ["queue", "listener"])
def test_behind_a_queue_only_a_formatter_of_the_queue_handler_has_the_fields(place: str) -> None:
    records: queue.Queue[Any] = queue.Queue()
    written = io.StringIO()
    ends = {"queue": QueueHandler(records), "listener": logging.StreamHandler(written)}
    ends[place].setFormatter(FORMATTER)
    listener = QueueListener(records, ends["listener"])
    logger = logging.Logger("shop")  # noqa: LOG001 - no other test may see its handlers
    logger.addHandler(ends["queue"])
    listener.start()
    with log_context(a=1):
        logger.info("paid")
        records.join()
    listener.stop()
    assert parse(written.getvalue().strip()).get("a") == {"queue": 1, "listener": None}[place]


def test_each_greenlet_has_fields_of_its_own_and_none_of_where_it_was_spawned() -> None:
    pytest.importorskip("gevent", reason="in the extra `recipes`")
    program = """
from gevent import monkey, sleep, spawn
monkey.patch_all()
import logging
from logspire import JSONFormatter, log_context

def line():
    return JSONFormatter("message *").format(logging.makeLogRecord({"msg": "hi"}))

def work(number):
    lines = [line()]
    with log_context(n=number):
        sleep(0)
        lines.append(line())
    return lines

with log_context(outer=1):
    spawned = [spawn(work, number) for number in range(9)]
    for number, greenlet in enumerate(spawned):
        assert greenlet.get() == ['{"message": "hi"}', f'{{"message": "hi", "n": {number}}}']
    assert line() == '{"message": "hi", "outer": 1}'
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=PATIENCE_S)


def test_one_object_serves_many_threads_at_once() -> None:
    context, barrier = log_context(a=1), threading.Barrier(8)
    seen: list[tuple[dict[str, Any], dict[str, Any]]] = []

    def work() -> None:
        with context:
            barrier.wait(PATIENCE_S)
            within = bound()
            barrier.wait(PATIENCE_S)
        seen.append((within, bound()))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [({"a": 1}, {})] * 8


def test_a_signal_handler_may_bind_and_format_in_the_middle_of_both() -> None:
    lines: list[str] = []

    def on_signal(*_: object) -> None:
        with log_context(by="signal"):
            lines.append(FORMATTER.format(record_of({"in": "handler"})))

    before = signal.signal(signal.SIGALRM, on_signal)
    signal.setitimer(signal.ITIMER_REAL, 0.000_5, 0.000_5)
    try:
        while len(lines) < 100:
            with log_context(by="loop"):
                members = parse(FORMATTER.format(record_of("hi", tags={1}, x=float("nan"))))
                assert members["by"] == "loop"
            assert bound() == {}
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert {parse(line)["by"] for line in lines} == {"signal"}


def test_what_is_bound_reaches_the_line_of_a_logger() -> None:
    handler = logging.Handler()
    handler.setFormatter(FORMATTER)
    written: list[str] = []
    handler.emit = lambda record: written.append(handler.format(record))  # type: ignore[method-assign]
    logger = logging.Logger("shop")  # noqa: LOG001 - no other test may see its handlers
    logger.addHandler(handler)
    with log_context(request_id="r-17"):
        logger.info("paid", extra={"order": 17})
    assert parse(written[0])["request_id"] == "r-17"
