"""The programs and handlers of ``tests/delivery``, for processes that do things."""

from delivery.conftest import make_handler, programs

__all__ = ["make_handler", "programs"]
