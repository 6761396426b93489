"""Which measurements there are, and how large each is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from .formatting import FORMATTERS, ROW
from .fresh import Measurement
from .subjects import PREFIX_BYTES, SHIPPING, SUBJECTS

if TYPE_CHECKING:
    from collections.abc import Mapping

ROUND_TRIP_S: Final = 0.05
THREADS: Final = 8
CROWD: Final = 16
PER_S: Final = 20_000
SHORT_BYTES: Final = 85
LONG_BYTES: Final = 450

_MIB: Final = 1024 * 1024
_ALL: Final = tuple(SUBJECTS)
_GROWING: Final = ("stream", "logspire")
"""`StreamHandler` beside it, because a machine has moods."""


class Sizes(NamedTuple):
    """How much is logged."""

    records: int
    """In the rows without a number of their own."""
    paced: int
    held: int
    burst: int
    formatted: int
    backlog_bytes: int
    idle_s: float
    growth: Mapping[str, tuple[int, ...]]
    growth_bytes: int
    """Most that is logged where messages grow."""


_GROWTH: Final = {
    "records": (100_000, 300_000, 1_000_000),
    "streams": (1, 10, 100, 1_000),
    "threads": (1, 4, 16, 64),
    "message_bytes": (20, 200, 2_000, 20_000, 200_000, 1_000_000),
}
DEFAULT: Final = Sizes(
    records=200_000,
    paced=100_000,
    held=100_000,
    burst=100_000,
    formatted=10_000,
    backlog_bytes=64 * _MIB,
    idle_s=10.0,
    growth=_GROWTH,
    growth_bytes=32 * _MIB,
)
FULL: Final = DEFAULT._replace(growth=_GROWTH | {"records": (1_000_000, 3_000_000, 10_000_000)})
QUICK: Final = Sizes(
    records=2_000,
    paced=1_000,
    held=2_000,
    burst=2_000,
    formatted=200,
    backlog_bytes=_MIB,
    idle_s=0.1,
    growth={"records": (1_000,), "streams": (3,), "threads": (4,), "message_bytes": (2_000,)},
    growth_bytes=_MIB,
)


def measurements(sizes: Sizes) -> list[Measurement]:
    """Return all of a round, in order."""
    short = {"message_bytes": SHORT_BYTES - PREFIX_BYTES}
    long = {"message_bytes": LONG_BYTES - PREFIX_BYTES}
    usual = {"records": sizes.records, **short}
    queued = {"records": sizes.held, "settle_s": sizes.idle_s / 10, **short}
    paced = {"records": sizes.paced, "per_s": PER_S, **short}
    burst = {"records": sizes.burst, "is_warm": False}
    backlog = {
        "records": sizes.backlog_bytes // LONG_BYTES,
        "text_bytes": sizes.backlog_bytes,
        **long,
    }
    return [
        Measurement("start", "start", SHIPPING, {}),
        Measurement(ROW, "format", tuple(FORMATTERS), {"records": sizes.formatted}),
        Measurement("steady", "log", _ALL, usual),
        Measurement("eight", "log", _ALL, {"threads": THREADS, **usual}),
        Measurement("paced", "pace", _ALL, paced),
        Measurement("frozen", "pace", _ALL, {"is_frozen": True, **paced}),
        Measurement("memory", "hold", SHIPPING, queued),
        Measurement("wire", "log", SHIPPING, {"records": sizes.burst}),
        Measurement("burst", "log", SHIPPING, burst | long, ROUND_TRIP_S),
        Measurement("warm", "log", SHIPPING, {"records": sizes.burst} | long, ROUND_TRIP_S),
        Measurement("crowd", "log", SHIPPING, {"threads": CROWD, **burst}, ROUND_TRIP_S),
        Measurement("close", "close", SHIPPING, backlog, ROUND_TRIP_S),
        *_growth(sizes),
        Measurement(
            "idle", "idle", ("logspire",), {"records": sizes.paced, "seconds": sizes.idle_s}
        ),
    ]


def _growth(sizes: Sizes) -> list[Measurement]:
    found = []
    for row, settings in sizes.growth.items():
        for setting in settings:
            parameters = {"records": sizes.records} | {row: setting}
            if row == "message_bytes":
                most = max(1, sizes.growth_bytes // setting)
                parameters["records"] = min(sizes.records, most)
            found.append(Measurement(row, "log", _GROWING, parameters, setting=setting))
    return found
