"""How long the tests wait for what must happen."""

from __future__ import annotations

from typing import Final

PATIENCE_S: Final = 120
"""Seconds. Only what fails is waited for so long: a slow machine, with all else beside, needs many.

Less than what a test may take in all, so that it fails by saying what did not happen.
"""
