"""The exceptions and warnings of Logspire."""


class LogspireError(Exception):
    """Base of the exceptions that Logspire raises; a logging call never raises one."""


class InvalidValueError(LogspireError, ValueError):
    """An argument has a value that is not allowed; the message names it and says what is."""


class InvalidTypeError(LogspireError, TypeError):
    """An argument is of the wrong type; the message names it and says which is right."""


class LogspireWarning(UserWarning):
    """An argument has no effect as things are; shown by the constructor, never while logging."""
