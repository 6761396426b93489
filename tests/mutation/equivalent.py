"""Mutants that behave as the original does, each with the reason."""

from typing import Final

_ANY_WILL_DO = "the clamp is there for OverflowError; seven doublings are over the longest wait"
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
}
