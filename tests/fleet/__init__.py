"""Ten thousand processes that log to one account, in simulated time; ``python -m tests.fleet``."""
