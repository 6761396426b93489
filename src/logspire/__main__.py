"""``python -m logspire``: the command line."""

from __future__ import annotations

import argparse
import sys

from logspire import __version__
from logspire.cli import demo


def main(arguments: list[str] | None = None) -> int:
    """Run a subcommand.

    Args:
        arguments: the command line, without the program's name; ``sys.argv`` unless given.

    Returns:
        The exit status: that of the subcommand; 0 after help.
    """
    parser = argparse.ArgumentParser(
        prog="python -m logspire",
        description="Logspire sends Python log records to Amazon CloudWatch Logs.",
    )
    parser.add_argument("--version", action="version", version=f"logspire {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    demo.add_command(commands)
    options = parser.parse_args(arguments)
    if "run" not in options:
        parser.print_help()
        return 0
    status: int = options.run(options)
    return status


if __name__ == "__main__":
    sys.exit(main())
