"""Mutants that behave as the original does, each with the reason."""

from typing import Final

_ANY_WILL_DO = "the clamp is there for OverflowError; seven doublings are over the longest wait"
_SORTED_ONCE_MORE = "what is empty is sorted; to sort it again changes nothing"
_ENOUGH = "there are never 10**18 pieces"

EQUIVALENT: Final[dict[tuple[str, str, str], str]] = {
    ("retry", "backoff", "64 => 65"): _ANY_WILL_DO,
    ("retry", "backoff", "64 => 63"): _ANY_WILL_DO,
    ("event", "", "232 => 231"): "an estimate, rounded up; its bounds are tested",
    ("event", "", "232 => 233"): "an estimate, rounded up; its bounds are tested",
    (
        "event",
        "utf8_length",
        "len(text) if text.isascii() else len(text.encode()) => len(text.encode())",
    ): "the other branch is the faster one for the same",
    ("event", "split", "1 => 0"): "no number has 0 digits: the loop goes on with 1",
    ("event", "split", "20 => 21"): _ENOUGH,
    ("event", "split", "20 => 19"): _ENOUGH,
    ("flush", "Flushes.__init__", "0 => 1"): "any number to begin with will do",
    ("flush", "Flushes.__init__", "0 => -1"): "any number to begin with will do",
    ("stream", "", "0 => 1"): "the turn of a stream that is not scheduled is never compared",
    ("stream", "", "0 => -1"): "the turn of a stream that is not scheduled is never compared",
    ("stream", "Stream.__init__", "True => False"): _SORTED_ONCE_MORE,
    ("stream", "Stream.__init__", "True => False #2"): _SORTED_ONCE_MORE,
    (
        "stream",
        "Stream.add",
        "if events and event.timestamp_ms < events[-1].timestamp_ms: => if True:",
    ): _SORTED_ONCE_MORE,
    ("backlog", "Backlog.__init__", "False => True #2"): "there is nothing to tell before a record",
}
