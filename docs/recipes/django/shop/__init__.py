"""A site that logs to CloudWatch Logs."""
