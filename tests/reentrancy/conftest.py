"""The programs and handlers of ``tests/delivery``, under signals, finalizers and many threads."""

from delivery.conftest import make_handler, programs

__all__ = ["make_handler", "programs"]
