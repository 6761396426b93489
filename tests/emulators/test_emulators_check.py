"""``python -m logspire check`` against moto's server and MiniStack."""

from __future__ import annotations

import json
import urllib.request
import uuid
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from logspire.__main__ import main

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from emulators.conftest import Emulator

pytestmark = pytest.mark.slow  # and the same on every Python

OPTIONS = ("--log-group-retention-days", "30", "--log-group-tags", "team=web")


def check(
    capsys: pytest.CaptureFixture[str], endpoint_url: str, *arguments: str
) -> tuple[int, dict[str, str]]:
    """Run it; return its status, and the status of each step."""
    where = ("--endpoint-url", endpoint_url, "--timeout", "60", "--json")
    status = main(["check", *where, *arguments])
    report = json.loads(capsys.readouterr().out)
    return status, {step["name"]: step["status"] for step in report["steps"]}


def test_an_emulator_takes_the_event_and_gives_it_back(
    emulator: Emulator, capsys: pytest.CaptureFixture[str]
) -> None:
    group = f"/tests/{uuid.uuid4().hex}"
    for created in (True, False):  # the second time all is there
        options = OPTIONS if created else ()
        status, steps = check(
            capsys, emulator.endpoint_url, "--log-group", group, "--log-stream", "a", *options
        )
        assert status == 0
        assert set(steps.values()) == {"ok"}


def test_a_group_that_an_emulator_does_not_have_is_told(
    emulator: Emulator, capsys: pytest.CaptureFixture[str]
) -> None:
    group = f"/tests/{uuid.uuid4().hex}"
    status, steps = check(
        capsys, emulator.endpoint_url, "--log-group", group, "--no-create-log-group"
    )
    assert (status, steps["log_group"], steps["test_event"]) == (1, "failed", "failed")


@contextmanager
def permissions_checked(moto_server: Emulator) -> Iterator[None]:
    """Let moto look at signatures and at policies of IAM; it does not look at their resources."""

    def ask(count: str) -> str:
        url = f"{moto_server.endpoint_url}/moto-api/reset-auth"
        headers = {"Content-Type": "text/plain"}  # moto takes the usual one for a form
        request = urllib.request.Request(url, count.encode(), headers)
        with urllib.request.urlopen(request) as answer:
            return str(json.load(answer)["PREVIOUS_INITIAL_NO_AUTH_ACTION_COUNT"])

    before = ask("0")
    try:
        yield
    finally:
        ask(before)


def make_role(moto_server: Emulator, policy: dict[str, Any]) -> tuple[str, dict[str, str]]:
    """Return the ARN of a role with a policy, and the keys of a user who may assume it."""
    for statement in policy["Statement"]:
        statement["Resource"] = "*"  # the only one that moto lets pass
    iam = boto3.session.Session().client("iam", endpoint_url=moto_server.endpoint_url)
    name = uuid.uuid4().hex
    everybody = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
    trust = json.dumps({"Version": "2012-10-17", "Statement": [everybody]})
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]
    iam.put_role_policy(RoleName=name, PolicyName="logs", PolicyDocument=json.dumps(policy))
    iam.create_user(UserName=name)
    may = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [may]})
    iam.put_user_policy(UserName=name, PolicyName="assume", PolicyDocument=document)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    iam.close()
    keys = {
        "aws_access_key_id": key["AccessKeyId"],
        "aws_secret_access_key": key["SecretAccessKey"],
    }
    return role["Arn"], keys


@pytest.fixture
def role_with(
    moto_server: Emulator,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> Any:
    """Makes a role that has what ``policy`` prints, and a profile that assumes it."""

    def make(*arguments: str) -> None:
        main(["policy", *arguments])
        arn, keys = make_role(moto_server, json.loads(capsys.readouterr().out))
        lines = [f"{name} = {value}" for name, value in keys.items()]
        (tmp_path / "config").write_text(
            f"[profile app]\nregion = us-east-1\nrole_arn = {arn}\nsource_profile = base\n"
            + "\n".join(["[profile base]", *lines]),
            encoding="utf-8",
        )
        monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", moto_server.endpoint_url)
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION"):
            monkeypatch.delenv(name)

    return make


def test_a_role_with_the_policy_that_is_printed_may_do_all_that_the_handler_does(
    moto_server: Emulator, role_with: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ("--log-group", f"/tests/{uuid.uuid4().hex}", *OPTIONS)
    role_with(*options, "--read-back")
    with permissions_checked(moto_server):
        status, steps = check(capsys, moto_server.endpoint_url, "--profile", "app", *options)
    assert (status, set(steps.values())) == (0, {"ok"})


def test_a_role_without_the_permission_to_create_is_refused(
    moto_server: Emulator, role_with: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ("--log-group", f"/tests/{uuid.uuid4().hex}")
    role_with(*options, "--no-create-log-group")
    with permissions_checked(moto_server):
        status, steps = check(capsys, moto_server.endpoint_url, "--profile", "app", *options)
    assert (status, steps["log_group"]) == (1, "failed")
