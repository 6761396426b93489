"""The keywords of the handler as options of a command, checked as the handler checks them."""

from __future__ import annotations

import argparse
import json
import warnings
from typing import TYPE_CHECKING, Any

from logspire import CloudWatchLogHandler, options
from logspire.core.errors import LogspireError, LogspireWarning
from logspire.core.naming import StreamTemplate
from logspire.core.value import Value

if TYPE_CHECKING:
    from collections.abc import Mapping

    from logspire.aws.client import ClientOptions
    from logspire.aws.logs import GroupOptions

_DEFAULTS = CloudWatchLogHandler.__init__.__kwdefaults__ or {}
_GROUP, _STREAM = CloudWatchLogHandler.__init__.__defaults__ or ("", "")


class Keywords(Value):
    """What the handler would be constructed with."""

    log_group_name: str
    stream: StreamTemplate
    client: ClientOptions
    group: GroupOptions
    entity: Mapping[str, Any] | None


def add_keywords(parser: argparse.ArgumentParser) -> None:
    """Add the keywords that decide where records go; names and defaults are the handler's."""
    where = parser.add_argument_group("where records go, as the handler's keywords of these names")
    where.add_argument("--log-group-name", "--log-group", default=_GROUP, metavar="NAME")
    where.add_argument("--log-stream-name", "--log-stream", default=_STREAM, metavar="TEMPLATE")
    where.add_argument("--region-name", "--region", metavar="REGION")
    made = parser.add_argument_group("what the handler creates, and how")
    for name in ("create_log_group", "create_log_stream"):
        made.add_argument(
            f"--{name.replace('_', '-')}",
            action=argparse.BooleanOptionalAction,
            default=_DEFAULTS[name],
        )
    made.add_argument("--log-group-retention-days", type=int, metavar="DAYS")
    made.add_argument(
        "--log-group-tags", action="extend", nargs="+", type=_pair, metavar="KEY=VALUE"
    )
    made.add_argument("--log-group-kms-key-id", metavar="ARN")
    made.add_argument("--log-group-class", metavar="CLASS")
    made.add_argument("--entity", type=_json, metavar="JSON")


def add_client_keywords(parser: argparse.ArgumentParser) -> None:
    """Add the keywords from which the client is made, but for the region."""
    client = parser.add_argument_group("the client")
    client.add_argument("--boto3-profile-name", "--profile", metavar="NAME")
    client.add_argument("--endpoint-url", metavar="URL")


def read(parser: argparse.ArgumentParser, given: argparse.Namespace) -> Keywords:
    """Return the keywords; ends the program with status 2 if one is not allowed."""
    try:
        with warnings.catch_warnings():
            # Tags for a group that is not to be created, say: an answer to it would mislead.
            warnings.simplefilter("error", LogspireWarning)
            return _checked(given)
    except (LogspireError, LogspireWarning) as error:
        parser.error(str(error))


def _checked(given: argparse.Namespace) -> Keywords:
    return Keywords(
        log_group_name=options.log_group_name(given.log_group_name),
        stream=StreamTemplate(given.log_stream_name),
        client=options.client(
            boto3_client=None,
            boto3_session=None,
            boto3_profile_name=getattr(given, "boto3_profile_name", None),
            region_name=given.region_name,
            endpoint_url=getattr(given, "endpoint_url", None),
        ),
        group=options.group(
            create_log_group=given.create_log_group,
            create_log_stream=given.create_log_stream,
            log_group_retention_days=given.log_group_retention_days,
            log_group_tags=dict(given.log_group_tags) if given.log_group_tags else None,
            log_group_kms_key_id=given.log_group_kms_key_id,
            log_group_class=given.log_group_class,
        ),
        entity=options.entity(given.entity),
    )


def _pair(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError(f"must be KEY=VALUE, not {text!r}")
    return key, value


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"must be JSON: {error}") from None
