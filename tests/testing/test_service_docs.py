"""The examples of the documentation page run and give what they say."""

import doctest
import logging
import re
from typing import Any

import pytest

from logspire import CloudWatchLogHandler
from logspire.testing import LocalCloudWatchLogs


def test_the_examples_of_the_page_are_true(pytestconfig: pytest.Config) -> None:
    page = (pytestconfig.rootpath / "docs" / "testing.md").read_text(encoding="utf-8")
    examples = "\n".join(re.findall(r"```\{doctest\}\n(.*?)```", page, re.DOTALL))
    test = doctest.DocTestParser().get_doctest(examples, {}, "testing.md", None, None)
    results = doctest.DocTestRunner().run(test)
    assert results.attempted >= 4
    assert results.failed == 0


@pytest.mark.slow
def test_the_test_of_the_page_passes_for_a_program_with_default_keywords(
    pytestconfig: pytest.Config,
    cloudwatch_logs: LocalCloudWatchLogs,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    logger = logging.getLogger("app")
    handlers: list[CloudWatchLogHandler] = []

    def place_order() -> None:
        handlers.append(CloudWatchLogHandler("app", "orders"))
        logger.addHandler(handlers[0])
        logger.warning("order placed")

    page = (pytestconfig.rootpath / "docs" / "testing.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```python\n(def test_.*?)```", page, re.DOTALL)
    names: dict[str, Any] = {"place_order": place_order}
    exec(example, names)
    monkeypatch.delenv("AWS_ENDPOINT_URL_CLOUDWATCH_LOGS", raising=False)
    try:
        names["test_orders_are_logged"](cloudwatch_logs, monkeypatch)
    finally:
        logger.removeHandler(handlers[0])
        handlers[0].close()
