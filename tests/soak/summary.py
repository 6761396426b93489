"""The table at the end of a soak."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from logspire.testing.records import Call

    from .verdict import Evidence
    from .weather import Weather

_MIB: Final = 1024 * 1024


def print_summary(evidence: Evidence, calls: Sequence[Call], weather: Weather) -> None:
    """Print what happened."""
    for name, value in (*_traffic(evidence, calls, weather), *_program(evidence)):
        print(f"  {name:24} {value}")


def _traffic(
    evidence: Evidence, calls: Sequence[Call], weather: Weather
) -> Iterator[tuple[str, str]]:
    logged = sum(journal.begun for journal in evidence.journals.values())
    books = [book for account in evidence.accounts.values() for book in account.books.values()]
    losses: Counter[str] = Counter()
    for book in books:
        losses.update(book.told if book.unseen else book.losses)
    arrivals = evidence.arrivals
    yield "records logged", f"{logged:,} by {len(evidence.journals):,} writers"
    yield "records lost", f"{losses.total() if losses else 0:,}  {_counts(losses)}"
    yield "events stored", f"{arrivals.events:,}, {arrivals.duplicates:,} of them duplicates"
    yield "missing, by notices", f"{arrivals.notices.total():,}"
    raw, wire = sum(call.raw_bytes for call in calls), sum(call.wire_bytes for call in calls)
    yield "bytes of bodies", f"{raw / _MIB:,.1f} MiB, {wire / _MIB:,.1f} MiB on the wire"
    yield "calls", f"{len(calls):,}  {_counts(Counter(call.operation for call in calls))}"
    doubtful = sum(weather.leaves_in_doubt(call) for call in calls)
    yield "faults", f"{weather.spells} spells, {doubtful} calls left in doubt"
    yield "faults met", _counts(Counter(c.misbehaviour for c in calls if c.misbehaviour))
    yield "refused by the service", _counts(evidence.refusals)


def _program(evidence: Evidence) -> Iterator[tuple[str, str]]:
    report = evidence.report
    if not report:
        return
    before, after = report["before"], report["after"]
    slowest_exit_s = max(account.exit_s for account in evidence.accounts.values())
    yield "processes", f"{len(evidence.accounts)}, the slowest exit {slowest_exit_s:.2f} s"
    yield "children", _counts(report["children"])
    yield "main thread", _counts(report["actions"])
    slowest = sorted(report["slowest_s"].items(), key=lambda item: -item[1])[:4]
    yield "slowest", ", ".join(f"{name} {seconds:.2f} s" for name, seconds in slowest)
    yield "audits", f"{report['audits']}; drained in {report['drained_s']:.1f} s at the end"
    for name, unit in (("threads", 1), ("descriptors", 1), ("blocks", 1), ("resident_bytes", _MIB)):
        label = name.replace("_bytes", " MiB")
        yield label, f"{before[name] / unit:.0f} before, {after[name] / unit:.0f} after"
    yield "most resident MiB", f"{after['most_resident_bytes'] / _MIB:.0f}"
    yield "CPU of the program", f"{after['cpu_s'] - before['cpu_s']:.1f} s, children included"


def _counts(counts: Mapping[str, int]) -> str:
    pairs = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{name} {count:,}" for name, count in pairs) or "none"
