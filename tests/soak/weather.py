"""The misbehaviour of the service: every kind that it knows, at random, and spells of one kind."""

from __future__ import annotations

import threading
import time
from random import Random
from typing import TYPE_CHECKING, Any, Final

from logspire.testing.faults import KINDS

from .shapes import POISON

if TYPE_CHECKING:
    from logspire.testing import LocalCloudWatchLogs
    from logspire.testing.records import Call

# Longer than Logspire waits for an answer (20 s): then what was stored is sent again.
_TOO_SLOW_S: Final = 22.0
# A call has its time before it meets a misbehaviour: its thread may have no turn in between.
_STALL_MS: Final = 10_000
_SLOW_S: Final = 1.0
_SPELL_S: Final = (0.5, 4.0)
_LULL_S: Final = (2.0, 8.0)
# Kinds that need more than their name.
_DETAILS: Final[dict[str, tuple[dict[str, Any], ...]]] = {
    "slow": ({"seconds": _SLOW_S},),
    "hang": ({"seconds": 0.2}, {"seconds": 3.0}),
    "poison": ({"text": POISON},),
    "error": (
        {"error": "LimitExceededException"},
        {"error": "ResourceNotFoundException"},
        {"error": "UnrecognizedClientException", "status": 403},
        {"error": "InvalidParameterException"},
    ),
}


class Weather:
    """Lets a service misbehave from `start` to `stop`.

    Args:
        service: whose calls meet it.
        probability: how likely a call meets some misbehaviour; in a spell each does.
        seed: of the spells.
    """

    def __init__(self, service: LocalCloudWatchLogs, probability: float, seed: int) -> None:
        self.spells = 0
        self._service = service
        self._probability = probability
        self._random = Random(seed)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="weather", daemon=True)
        self._too_slow_ms: list[tuple[int, int]] = []

    def start(self) -> None:
        """Begin to misbehave."""
        self._thread.start()

    def stop(self) -> None:
        """Behave again. Calls that hang go on hanging."""
        self._stop.set()
        self._thread.join()
        self._service.behave()
        self._service.misbehave("poison", text=POISON)

    def leaves_in_doubt(self, call: Call) -> bool:
        """Whether a call took effect, and its caller could not know."""
        if call.error or call.misbehaviour is None or not KINDS[call.misbehaviour].executes:
            return False
        if call.misbehaviour != "slow":
            return True
        return any(since <= call.time_ms <= until for since, until in self._too_slow_ms)

    def _run(self) -> None:
        self._set_background()
        if not self._probability:
            return
        while not self._stop.wait(self._random.uniform(*_LULL_S)):
            self._spell()
            self._set_background()

    def _set_background(self) -> None:
        self._service.behave()
        self._service.misbehave("poison", text=POISON)  # always: nothing makes it well
        kinds = [(kind, details) for kind in KINDS for details in _DETAILS.get(kind, ({},))]
        # The first that applies wins, so that each has to be likelier than the one before.
        each = self._probability / len(kinds)
        for number, (kind, details) in enumerate(kinds):
            chance = each / (1 - number * each)
            if chance:
                self._service.misbehave(kind, probability=min(1.0, chance), **details)

    def _spell(self) -> None:
        """For a while, all calls meet the same; or, for a few calls, no answer comes in time."""
        self.spells += 1
        self._service.behave()
        kind = self._random.choice(("too_slow", *sorted(KINDS.keys() - {"poison"})))
        since_ms = time.time_ns() // 1_000_000
        if kind == "too_slow":
            self._service.misbehave("slow", seconds=_TOO_SLOW_S, times=2)
            self._service.misbehave("hang", seconds=_TOO_SLOW_S, times=2)
        else:
            details = self._random.choice(_DETAILS.get(kind, ({},)))
            self._service.misbehave(kind, **details)
        self._stop.wait(self._random.uniform(*_SPELL_S))
        if kind == "too_slow":
            self._service.behave()
            self._too_slow_ms.append((since_ms - _STALL_MS, time.time_ns() // 1_000_000))
