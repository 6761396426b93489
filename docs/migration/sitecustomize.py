import logspire

logspire.install_as_watchtower()
