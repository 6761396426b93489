"""What logging costs with Logspire and with others: ``python -m tests.benchmarks``."""
