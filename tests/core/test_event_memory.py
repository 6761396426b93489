"""What `max_queue_size` counts is what the records take, and a little more."""

import gc
import random
import tracemalloc

import pytest

from logspire.core.backlog import Backlog
from logspire.core.ledger import Ledger
from logspire.core.limits import CLOUDWATCH_LOGS

RECORDS = 20_000


@pytest.mark.parametrize("character", ["x", "é", "€", "😀"])
def test_held_bytes_are_an_upper_bound_of_the_memory_taken(character: str) -> None:
    backlog = Backlog(CLOUDWATCH_LOGS, send_interval_s=5, oversize="split", ledger=Ledger())
    lengths = random.Random(1).choices(range(20, 501), k=RECORDS)
    gc.collect()
    tracemalloc.start()
    try:
        for number, length in enumerate(lengths):
            # Numbers of their own, as they come from clocks.
            time_ms, now_s = 1_700_000_000_000 + number, number + 0.5
            backlog.add("s", time_ms, character * length, arrived_s=now_s, now_s=now_s)
        growth, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert growth <= backlog.held_bytes <= 1.2 * growth
