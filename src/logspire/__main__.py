"""``python -m logspire``: the command line."""

from __future__ import annotations

import argparse
import os
import sys

from logspire import __version__
from logspire.cli import check, demo, policy

# What a shell tells of programs that such a signal ended: SIGINT, SIGPIPE.
_INTERRUPTED, _NOBODY_READS = 130, 141


def main(arguments: list[str] | None = None) -> int:
    """Run a subcommand.

    Args:
        arguments: the command line, without the program's name; ``sys.argv`` unless given.

    Returns:
        The exit status: that of the subcommand; 0 after help; 130 after Ctrl-C.
    """
    parser = argparse.ArgumentParser(
        prog="python -m logspire",
        description="Logspire sends Python log records to Amazon CloudWatch Logs.",
    )
    parser.add_argument("--version", action="version", version=f"logspire {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    for command in (demo, check, policy):
        command.add_command(commands)
    options = parser.parse_args(arguments)
    if "run" not in options:
        parser.print_help()
        return 0
    try:
        status: int = options.run(options)
        print(end="", flush=True)  # also where there is no standard output
    except KeyboardInterrupt:
        return _INTERRUPTED
    except BrokenPipeError:
        # Who read it has gone, as `head` does. The interpreter would complain of it at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _NOBODY_READS
    return status


if __name__ == "__main__":
    sys.exit(main())
