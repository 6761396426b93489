"""``python -m logspire policy``: the least IAM policy with which the handler works as it is set up.

Sources, all read 2026-11:

- Service Authorization Reference, "Actions, resources, and condition keys for Amazon CloudWatch
  Logs": ``PutLogEvents``, ``CreateLogStream`` and ``GetLogEvents`` are for a log stream;
  ``CreateLogGroup``, ``PutRetentionPolicy`` and ``TagResource`` for a log group; ``CreateLogGroup``
  with tags is authorized by ``TagResource`` too.
- CloudWatch Logs user guide, "Overview of managing access permissions": two ARNs name a log group;
  the one without ``:*`` is for tagging, the one with it for all else.
- What callers report of ``AccessDeniedException``: the resource of ``CreateLogGroup`` is told as
  ``log-group:NAME:log-stream:``, and since 2026 also as ``log-group:NAME``.

So statements about the group name both ARNs. That allows nothing more: both are the same group.
A KMS key, a log group class and an entity need no permission of the caller; the key's own policy
must admit CloudWatch Logs.
"""

from __future__ import annotations

import argparse
import json
import re
import string
import sys
from typing import TYPE_CHECKING, Any, Final

from logspire.cli import keywords
from logspire.core.limits import STREAM_NAME_MAX_CHARS
from logspire.core.naming import legal_stream_name

if TYPE_CHECKING:
    from logspire.aws.logs import GroupOptions
    from logspire.core.naming import StreamTemplate

# Source: the regions that botocore 1.44 knows (``data/partitions.json``, read 2026-11).
_PARTITIONS: Final = {
    "cn-": "aws-cn",
    "eu-isoe-": "aws-iso-e",
    "eusc-": "aws-eusc",
    "us-gov-": "aws-us-gov",
    "us-iso-": "aws-iso",
    "us-isob-": "aws-iso-b",
    "us-isof-": "aws-iso-f",
}
# What would be a wildcard or the start of a variable, as a policy writes it. Source: IAM user
# guide, "Policy elements: variables and tags".
_ESCAPES: Final = str.maketrans({"*": "${*}", "?": "${?}", "$": "${$}"})
# A name that is too long keeps its start and ends in a checksum, so patterns must not be too long.
_PREFIX_CHARS: Final = STREAM_NAME_MAX_CHARS - 16


def add_command(commands: Any) -> None:
    """Add ``policy`` to the subcommands of a parser."""
    about = "print the least IAM policy with which the handler works"
    parser: argparse.ArgumentParser = commands.add_parser(
        "policy",
        help=about,
        usage="python -m logspire policy [--log-group-name NAME] [OPTION ...]",
        description="Print the least IAM policy with which the handler works when it is "
        "constructed with these keywords. The policy goes to standard output. No call is made.",
        allow_abbrev=False,
    )
    keywords.add_keywords(parser)
    whose = parser.add_argument_group("the account")
    whose.add_argument("--account-id", type=_account, metavar="DIGITS", help="any unless given")
    whose.add_argument(
        "--partition",
        type=_partition,
        help="aws, aws-cn, aws-us-gov, ...; that of the region unless given, aws without a region",
    )
    parser.add_argument(
        "--read-back",
        action="store_true",
        help="also what `check` needs to read its event, and for --no-send",
    )
    parser.set_defaults(run=run, parser=parser)


def run(given: argparse.Namespace) -> int:
    """Print the policy; return the exit status."""
    wanted = keywords.read(given.parser, given)
    region = wanted.client.region_name or "*"
    if wanted.client.region_name and not re.fullmatch("[A-Za-z0-9-]+", region):
        given.parser.error(f"region_name must be such as eu-central-1, not {region!r}")
    arn = log_group_arn(
        wanted.log_group_name,
        partition=given.partition or partition_of(region),
        region=region,
        account_id=given.account_id or "*",
    )
    streams = stream_pattern(wanted.stream)
    document = policy(arn, wanted.group, streams=streams, read_back=given.read_back)
    print(json.dumps(document, indent=2))
    if wanted.group.kms_key_id:
        print("The policy of the key must admit CloudWatch Logs as well.", file=sys.stderr)
    return 0


def policy(
    group_arn: str, group: GroupOptions, *, streams: str = "*", read_back: bool = False
) -> dict[str, Any]:
    """Return an IAM policy.

    Args:
        group_arn: of the log group, without ``:*``.
        group: what the handler may create.
        streams: names of the log streams, as a policy writes them.
        read_back: whether events may be read.
    """
    on_streams = ["logs:PutLogEvents"]
    if group.create_stream:
        on_streams.append("logs:CreateLogStream")
    if read_back:
        on_streams.append("logs:GetLogEvents")
    statements = [_statement("LogStreams", on_streams, [f"{group_arn}:log-stream:{streams}"])]
    on_group = ["logs:CreateLogGroup"]
    if group.retention_days is not None:
        on_group.append("logs:PutRetentionPolicy")
    if group.tags:
        on_group.append("logs:TagResource")
    if group.create_group and group.create_stream:
        statements.append(_statement("LogGroup", on_group, [group_arn, f"{group_arn}:*"]))
    return {"Version": "2012-10-17", "Statement": statements}


def log_group_arn(name: str, *, partition: str, region: str, account_id: str) -> str:
    """Return the ARN of a log group, without ``:*``."""
    return f"arn:{partition}:logs:{region}:{account_id}:log-group:{name}"


def stream_pattern(template: StreamTemplate) -> str:
    """Return the names that a template can yield, as a policy writes them.

    What stands before the first field is exact, and all after it free: a policy can hardly know
    how long the name of a machine is.
    """
    prefix = ""
    for literal, field, _, _ in string.Formatter().parse(template.text):
        prefix += literal
        if field is not None:
            start = legal_stream_name(prefix[:_PREFIX_CHARS]) if prefix else ""
            return f"{start.translate(_ESCAPES)}*"
    return legal_stream_name(prefix).translate(_ESCAPES)


def partition_of(region: str) -> str:
    """Return the partition of a region."""
    return next((name for start, name in _PARTITIONS.items() if region.startswith(start)), "aws")


def _statement(sid: str, actions: list[str], resources: list[str]) -> dict[str, Any]:
    one = resources[0] if len(resources) == 1 else resources
    return {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": one}


def _account(text: str) -> str:
    if not re.fullmatch(r"\d{12}", text, re.ASCII):
        raise argparse.ArgumentTypeError(f"must be 12 digits, not {text!r}")
    return text


def _partition(text: str) -> str:
    if not re.fullmatch(r"aws(-[a-z]+)*", text):
        raise argparse.ArgumentTypeError(f"must be such as aws or aws-cn, not {text!r}")
    return text
