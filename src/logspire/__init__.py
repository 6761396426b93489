"""Python logging to Amazon CloudWatch Logs, with nothing lost in silence."""

from logspire._version import __version__
from logspire.core.errors import LogspireError, LogspireWarning
from logspire.core.ledger import DeliveryStats, Loss, LossReason
from logspire.formatters.cloudwatch import CloudWatchLogFormatter
from logspire.handler import CloudWatchLogHandler

TYPE_CHECKING = False
if TYPE_CHECKING:
    from logspire.formatters.context import log_context
    from logspire.formatters.json_formatter import JSONFormatter
    from logspire.watchtower import install_as_watchtower

__all__ = [
    "CloudWatchLogFormatter",
    "CloudWatchLogHandler",
    "DeliveryStats",
    "JSONFormatter",
    "LogspireError",
    "LogspireWarning",
    "Loss",
    "LossReason",
    "__version__",
    "install_as_watchtower",
    "log_context",
]

_ON_DEMAND = {
    "JSONFormatter": "logspire.formatters.json_formatter",
    "install_as_watchtower": "logspire.watchtower",
    "log_context": "logspire.formatters.context",
}
"""Where what not every program uses is loaded from when it is first asked for."""

if not TYPE_CHECKING:  # a type checker would take any name for an attribute

    def __getattr__(name: str) -> object:
        if name not in _ON_DEMAND:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        globals()[name] = found = getattr(__import__(_ON_DEMAND[name], fromlist=[name]), name)
        return found

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
