"""The two clocks, so that tests can bring their own."""

from __future__ import annotations

import time

from logspire.core.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


class Clock(Value):
    """Where the time comes from."""

    monotonic_s: Callable[[], float] = time.monotonic
    """Rules every wait: setting the clock of the machine must not disturb delivery."""
    wall_s: Callable[[], float] = time.time
    """Tells how old an event is, in seconds since 1970."""
