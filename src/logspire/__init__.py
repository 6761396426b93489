"""Python logging to Amazon CloudWatch Logs, with nothing lost in silence."""

from logspire._version import __version__
from logspire.core.errors import LogspireError, LogspireWarning
from logspire.core.ledger import DeliveryStats, Loss, LossReason
from logspire.formatters import CloudWatchLogFormatter, JSONFormatter, log_context
from logspire.handler import CloudWatchLogHandler

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
    "log_context",
]
