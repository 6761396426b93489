"""The examples of the documentation page run and give what they say."""

import doctest
import re

import pytest


def test_the_examples_of_the_page_are_true(pytestconfig: pytest.Config) -> None:
    page = (pytestconfig.rootpath / "docs" / "testing.md").read_text(encoding="utf-8")
    examples = "\n".join(re.findall(r"```\{doctest\}\n(.*?)```", page, re.DOTALL))
    test = doctest.DocTestParser().get_doctest(examples, {}, "testing.md", None, None)
    results = doctest.DocTestRunner().run(test)
    assert results.attempted >= 4
    assert results.failed == 0
