"""What a record becomes before it is sent: text, or JSON. Any handler can use these formatters.

They leave the record as it was, down to the attributes that ``logging.Formatter`` sets on it in
passing: the next handler prints what it would have printed anyway.
"""

from logspire.formatters.cloudwatch import CloudWatchLogFormatter
from logspire.formatters.context import log_context
from logspire.formatters.json_formatter import JSONFormatter

__all__ = ["CloudWatchLogFormatter", "JSONFormatter", "log_context"]
