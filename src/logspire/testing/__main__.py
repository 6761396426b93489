"""``python -m logspire.testing``: the strict local service as a process of its own."""

from __future__ import annotations

import argparse
import signal
import sys
import threading

from logspire.testing.local import DEFAULT_CREDENTIALS, DEFAULT_REGION, LocalCloudWatchLogs


def main(arguments: list[str] | None = None) -> int:
    """Serve until SIGINT or SIGTERM.

    Args:
        arguments: The command line, without the program's name; ``sys.argv`` unless given.

    Returns:
        The exit status: 0 after a signal, 1 if the port is taken; 2, by argparse, for an option
        that makes no sense.
    """
    parser = _parser()
    options = parser.parse_args(arguments)
    try:
        service = LocalCloudWatchLogs(
            host=options.host,
            port=options.port,
            region=options.region,
            credentials={options.access_key: options.secret_key},
            verify_signatures=not options.no_signatures,
            verbose=options.verbose,
        )
    except ValueError as error:
        parser.error(str(error))
    # Handlers before the address is printed: who reads it may send the signal at once.
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    try:
        service.start()
    except OSError as error:
        print(f"cannot listen on {options.host}:{options.port}: {error}", file=sys.stderr)
        return 1
    print(service.endpoint_url)
    for name, value in service.environment.items():
        print(f"export {name}={value}")
    sys.stdout.flush()
    stop.wait()
    service.stop()
    return 0


def _parser() -> argparse.ArgumentParser:
    access_key, secret = next(iter(DEFAULT_CREDENTIALS.items()))
    parser = argparse.ArgumentParser(
        prog="python -m logspire.testing",
        description="A strict local CloudWatch Logs. Prints its URL and the environment variables "
        "that point a program at it, and serves until it is interrupted.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, default=0, help="port to listen on; 0 takes a free one")
    parser.add_argument("--region", default=DEFAULT_REGION, help="region that callers sign for")
    parser.add_argument("--access-key", default=access_key, help="access key to accept")
    parser.add_argument("--secret-key", default=secret, help="its secret")
    parser.add_argument("--no-signatures", action="store_true", help="accept any signature or none")
    parser.add_argument("--verbose", action="store_true", help="print each request to stderr")
    return parser


if __name__ == "__main__":
    sys.exit(main())
