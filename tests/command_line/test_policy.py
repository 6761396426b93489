"""``python -m logspire policy``: what it allows, for which keywords, and whose examples agree."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import boto3
import hcl2
import pytest
from moto import mock_aws

from logspire.__main__ import main
from logspire.cli.policy import partition_of

if TYPE_CHECKING:
    from collections.abc import Callable

    Policy = Callable[..., dict[str, Any]]

pytestmark = pytest.mark.slow  # and the same on every Python

EXAMPLES = Path(__file__).parents[2] / "docs/examples/permissions"
GROUP_ARN = "arn:aws:logs:us-east-1:123456789012:log-group:app"
ACCOUNT = ("--region", "us-east-1", "--account-id", "123456789012")
# What the services says a call is about, in refusals: "not authorized to perform: logs:X on
# resource: ...". Older and newer answers differ for log groups.
RESOURCES = {
    "logs:PutLogEvents": [f"{GROUP_ARN}:log-stream:web-1"],
    "logs:CreateLogStream": [f"{GROUP_ARN}:log-stream:web-1"],
    "logs:GetLogEvents": [f"{GROUP_ARN}:log-stream:web-1"],
    "logs:CreateLogGroup": [GROUP_ARN, f"{GROUP_ARN}:log-stream:"],
    "logs:PutRetentionPolicy": [GROUP_ARN, f"{GROUP_ARN}:log-stream:"],
    "logs:TagResource": [GROUP_ARN],
}
EVERYTHING = (
    *("--log-group", "app", *ACCOUNT, "--read-back"),
    *("--log-group-retention-days", "30", "--log-group-tags", "team=web"),
)


@pytest.fixture
def policy(capsys: pytest.CaptureFixture[str]) -> Policy:
    """Runs ``policy`` with arguments, returns what it printed."""

    def run(*arguments: str) -> dict[str, Any]:
        assert main(["policy", *arguments]) == 0
        return cast("dict[str, Any]", json.loads(capsys.readouterr().out))

    return run


def actions(document: dict[str, Any]) -> list[str]:
    return [action for statement in document["Statement"] for action in statement["Action"]]


def allows(document: dict[str, Any], action: str, resource: str) -> bool:
    """As IAM decides: a statement names the action, and a pattern the resource."""
    for statement in document["Statement"]:
        named = statement["Resource"]
        for pattern in [named] if isinstance(named, str) else named:
            free = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
            if action in statement["Action"] and re.fullmatch(free, resource):
                return True
    return False


@pytest.mark.parametrize(
    ("keywords", "expected"),
    [
        ([], ["PutLogEvents", "CreateLogStream", "CreateLogGroup"]),
        (["--no-create-log-group"], ["PutLogEvents", "CreateLogStream"]),
        (["--no-create-log-group", "--no-create-log-stream"], ["PutLogEvents"]),
        # The handler creates a group where it creates a stream, and not otherwise.
        (["--no-create-log-stream"], ["PutLogEvents"]),
        (
            ["--log-group-retention-days", "30"],
            ["PutLogEvents", "CreateLogStream", "CreateLogGroup", "PutRetentionPolicy"],
        ),
        (
            ["--log-group-tags", "team=web"],
            ["PutLogEvents", "CreateLogStream", "CreateLogGroup", "TagResource"],
        ),
        (
            ["--log-group-kms-key-id", "arn", "--log-group-class", "STANDARD"],
            ["PutLogEvents", "CreateLogStream", "CreateLogGroup"],
        ),
        (
            ["--entity", '{"keyAttributes": {"Type": "Service", "Name": "shop"}}'],
            ["PutLogEvents", "CreateLogStream", "CreateLogGroup"],
        ),
        (["--read-back", "--no-create-log-stream"], ["PutLogEvents", "GetLogEvents"]),
    ],
)
def test_each_keyword_has_the_actions_that_it_needs(
    policy: Policy, keywords: list[str], expected: list[str]
) -> None:
    assert actions(policy(*keywords)) == [f"logs:{action}" for action in expected]


@pytest.mark.parametrize("action", RESOURCES)
def test_an_action_is_allowed_on_the_group_by_each_of_its_names(
    policy: Policy, action: str
) -> None:
    document = policy(*EVERYTHING)
    assert [allows(document, action, arn) for arn in RESOURCES[action]] == [True] * len(
        RESOURCES[action]
    )


@pytest.mark.parametrize("action", RESOURCES)
@pytest.mark.parametrize(
    ("part", "other"),
    [
        (":app", ":app2"),
        (":app", ":app/web"),
        (":app", ":my-app"),
        ("us-east-1", "us-east-2"),
        ("123456789012", "210987654321"),
        ("arn:aws:", "arn:aws-cn:"),
    ],
)
def test_nothing_is_allowed_on_another_group_region_account_or_partition(
    policy: Policy, action: str, part: str, other: str
) -> None:
    document = policy(*EVERYTHING)
    elsewhere = [arn.replace(part, other) for arn in RESOURCES[action]]
    assert [allows(document, action, arn) for arn in elsewhere] == [False] * len(elsewhere)


@pytest.mark.parametrize(
    ("template", "streams"),
    [
        ("{machine_name}/{process_id}", "*"),
        ("web-{machine_name}/a", "web-*"),
        ("web-1", "web-1"),
        ("{{a}}", "{a}"),
        ("a:b", "a-b"),
        ("cost-$?-{process_id}", "cost-${$}${?}-*"),
        ("x" * 600 + "{process_id}", "x" * 496 + "*"),
    ],
)
def test_the_streams_are_those_that_the_template_can_yield(
    policy: Policy, template: str, streams: str
) -> None:
    document = policy("--log-stream", template, *ACCOUNT, "--log-group", "app")
    assert document["Statement"][0]["Resource"] == f"{GROUP_ARN}:log-stream:{streams}"


@pytest.mark.parametrize(
    ("options", "start"),
    [
        ([], "arn:aws:logs:*:*:"),
        (["--region", "eu-west-1"], "arn:aws:logs:eu-west-1:*:"),
        (["--region", "cn-north-1"], "arn:aws-cn:logs:cn-north-1:*:"),
        (["--region", "us-gov-west-1"], "arn:aws-us-gov:logs:us-gov-west-1:*:"),
        (["--partition", "aws-iso"], "arn:aws-iso:logs:*:*:"),
        (["--account-id", "123456789012"], "arn:aws:logs:*:123456789012:"),
    ],
)
def test_the_partition_is_that_of_the_region_and_what_is_not_given_is_free(
    policy: Policy, options: list[str], start: str
) -> None:
    assert policy(*options)["Statement"][0]["Resource"].startswith(f"{start}log-group:logspire:")


def test_the_partition_of_each_region_is_as_the_sdk_has_it() -> None:
    session = boto3.session.Session()
    known = {
        region: partition
        for partition in session.get_available_partitions()
        for region in session.get_available_regions("logs", partition)
    }
    assert len(set(known.values())) > 2
    assert {region: partition_of(region) for region in known} == known


@pytest.mark.parametrize(
    ("option", "named"),
    [
        (["--account-id", "1234"], "must be 12 digits"),
        (["--partition", "AWS"], "must be such as aws"),
        (["--region", "us east 1"], "region_name must be such as"),
        (["--region", "us-east-1:123456789012"], "region_name must be such as"),
        (["--log-group", "a b"], "log_group_name must have"),
    ],
)
def test_what_cannot_be_part_of_an_arn_is_refused(
    capsys: pytest.CaptureFixture[str], option: list[str], named: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["policy", *option])
    assert ended.value.code == 2
    assert named in capsys.readouterr().err


def test_the_policy_of_a_key_is_mentioned_beside_the_output(
    capsys: pytest.CaptureFixture[str],
) -> None:
    main(["policy", "--log-group-kms-key-id", "arn:aws:kms:us-east-1:123456789012:key/1"])
    assert "The policy of the key must admit CloudWatch Logs" in capsys.readouterr().err


# -- the examples of the documentation ------------------------------------------------------------


@pytest.fixture
def without_creating_the_group(policy: Policy) -> dict[str, Any]:
    """What the role of the examples needs: they create the group themselves."""
    return policy("--no-create-log-group", "--log-group", "my-app", *ACCOUNT)


@pytest.mark.slow
def test_the_template_for_cloudformation_creates_the_policy_that_is_printed(
    without_creating_the_group: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    template = (EXAMPLES / "cloudformation.yaml").read_text(encoding="utf-8")
    with mock_aws():
        session = boto3.session.Session(region_name="us-east-1")
        session.client("cloudformation").create_stack(
            StackName="logs", TemplateBody=template, Capabilities=["CAPABILITY_IAM"]
        )
        iam = session.client("iam")
        (role,) = iam.list_roles()["Roles"]
        made = iam.get_role_policy(RoleName=role["RoleName"], PolicyName="logspire")
        (group,) = session.client("logs").describe_log_groups()["logGroups"]
    # moto answers with Python's notation where the service writes JSON.
    assert ast.literal_eval(str(made["PolicyDocument"])) == without_creating_the_group
    assert (group["logGroupName"], group["retentionInDays"]) == ("my-app", 30)


@pytest.mark.slow
def test_the_template_for_cloudformation_has_no_mistake_that_its_linter_knows() -> None:
    from cfnlint.api import lint_file  # noqa: PLC0415 - it takes a second, and who collects has none

    assert lint_file(EXAMPLES / "cloudformation.yaml") == []


def test_the_configuration_for_terraform_has_the_policy_that_is_printed(
    without_creating_the_group: dict[str, Any],
) -> None:
    text = (EXAMPLES / "main.tf").read_text(encoding="utf-8")
    parsed = hcl2.loads(text.replace("${aws_cloudwatch_log_group.logs.arn}", GROUP_ARN))
    documents = [data['"aws_iam_policy_document"'] for data in parsed["data"]]
    (logs,) = (document['"logs"'] for document in documents if '"logs"' in document)
    statements = [
        {
            "Sid": statement["sid"].strip('"'),
            "Effect": statement.get("effect", '"Allow"').strip('"'),
            "Action": [action.strip('"') for action in statement["actions"]],
            "Resource": statement["resources"],
        }
        for statement in logs["statement"]
    ]
    (expected,) = without_creating_the_group["Statement"]
    streams = expected["Resource"].replace(":my-app:", ":app:")
    assert statements == [{**expected, "Resource": [f'"{streams}"']}]
