"""How much is tried.

A few seconds and the same examples each time, unless more is asked for::

    LOGSPIRE_FUZZ_EXAMPLES=20000 python -m pytest tests/fuzz --timeout=0
"""

import os

from hypothesis import HealthCheck, settings

_asked_for = os.environ.get("LOGSPIRE_FUZZ_EXAMPLES")


def fuzz(examples: int) -> settings:
    """Settings for a test that tries so many examples."""
    return settings(
        max_examples=int(_asked_for or examples),
        derandomize=_asked_for is None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
