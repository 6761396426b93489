"""What `max_queue_size` counts is what the records take, and a little more."""

import gc
import random
import tracemalloc

import pytest

from logspire.core.backlog import Backlog
from logspire.core.ledger import Ledger
from logspire.core.limits import CLOUDWATCH_LOGS

RECORDS = 20_000


@pytest.mark.parametrize("at_once", [1, 100])
@pytest.mark.parametrize("character", ["x", "é", "€", "😀"])
def test_held_bytes_are_an_upper_bound_of_the_memory_taken(character: str, at_once: int) -> None:
    backlog = Backlog(CLOUDWATCH_LOGS, send_interval_s=5, oversize="split", ledger=Ledger())
    lengths = random.Random(1).choices(range(20, 501), k=RECORDS)
    gc.collect()
    tracemalloc.start()
    try:
        for first in range(0, RECORDS, at_once):
            times_ms = [1_700_000_000_000 + number for number in range(first, first + at_once)]
            texts = [character * length for length in lengths[first : first + at_once]]
            now_s = first + 0.5  # a number of its own, as it comes from a clock
            backlog.add("s", times_ms, texts, arrived_s=now_s, now_s=now_s)
        del times_ms, texts
        growth, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert growth <= backlog.held_bytes <= 1.2 * growth
