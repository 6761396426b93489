"""Python logging to Amazon CloudWatch Logs."""
