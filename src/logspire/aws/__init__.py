"""The service adapters: the only code that knows botocore."""
