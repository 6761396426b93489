"""The commands of ``python -m logspire``; nothing else imports them."""
