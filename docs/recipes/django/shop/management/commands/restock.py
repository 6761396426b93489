"""A command: ``python manage.py restock 12``."""

import logging
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

logger = logging.getLogger(__name__)


class Command(BaseCommand):
    """Fill the shelves."""

    def add_arguments(self, parser: CommandParser) -> None:
        """Say what the command takes."""
        parser.add_argument("pieces", type=int)

    def handle(self, *_args: Any, pieces: int, **_options: Any) -> None:
        """Do it."""
        logger.info("%d pieces restocked", pieces)
