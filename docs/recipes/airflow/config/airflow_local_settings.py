import logspire

logspire.install_as_watchtower(shutdown_timeout=5)
