"""A program that uses watchtower does the same with Logspire in its place."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING

import pytest
from migration.using import uses_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from migration.conftest import Outcome

watchtower = pytest.importorskip("watchtower", reason="watchtower is in the extra `bench`")
pytest.importorskip("migration.program")


@pytest.mark.slow
def test_groups_streams_and_events_are_the_same_whatever_keyword_is_used(
    run_with_each: Callable[[str], tuple[Outcome, Outcome]],
) -> None:
    theirs, ours = run_with_each("program.py")
    uses = {"watchtower" if use == "defaults" else use for use in uses_of("migration.program")}
    assert uses == theirs.groups.keys()
    assert all(any(group["streams"].values()) for group in theirs.groups.values())
    assert ours.groups == theirs.groups
    for outcome in (theirs, ours):
        sizes = [put.request["logEvents"].size_bytes for put in outcome.puts("max_batch_size")]
        counts = [len(put.request["logEvents"]) for put in outcome.puts("max_batch_count")]
        clients = [put.user_agent for put in outcome.puts("boto3_client")]
        assert max(sizes) <= 300
        assert max(counts) <= 2
        assert all("made-by-the-program" in client for client in clients)
        assert {put.access_key for put in outcome.puts("boto3_profile_name")} == {"of-the-profile"}


def test_the_program_uses_every_keyword() -> None:
    keywords = set(inspect.signature(watchtower.CloudWatchLogHandler).parameters)
    assert keywords - set(uses_of("migration.program")) == set()
