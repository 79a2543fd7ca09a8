"""`penstock doctor --stack` on the local cloud, by the policy of check-an-installation.md.

The emulator enforces policies, so this shows that what the page grants is enough.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from cli.stack_doctor.look import NEEDS
from infra.local import emulator
from infra.local.emulator import REGION
from infra.local.place import ROOT
from infra.local.state import LocalCloud

pytestmark = pytest.mark.e2e

PAGE = ROOT / "docs" / "howto" / "check-an-installation.md"
ROLE = "penstock-doctor"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}],
}


def policy() -> str:
    """The policy of the page, as JSON."""
    match = re.search(r"```json\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert match is not None
    return match[1]


def root(local_cloud: LocalCloud, service: str) -> Any:
    """A client of whoever owns the account."""
    session: Any = emulator.root()
    return session.client(service, endpoint_url=local_cloud.aws_endpoint)


def caller(local_cloud: LocalCloud, allowed: str) -> dict[str, str]:
    """The environment of an admin who may do what a policy allows, and nothing else."""
    iam = root(local_cloud, "iam")
    iam.put_role_policy(RoleName=ROLE, PolicyName="doctor", PolicyDocument=allowed)
    arn = iam.get_role(RoleName=ROLE)["Role"]["Arn"]
    given = root(local_cloud, "sts").assume_role(RoleArn=arn, RoleSessionName="doctor")[
        "Credentials"
    ]
    return {
        **os.environ,
        "AWS_ACCESS_KEY_ID": given["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": given["SecretAccessKey"],
        "AWS_SESSION_TOKEN": given["SessionToken"],
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ENDPOINT_URL": local_cloud.aws_endpoint,
        "AWS_ENDPOINT_URL_REDSHIFT_DATA": local_cloud.redshift_endpoint,
        "PENSTOCK_API_URL": local_cloud.api_url,
        "PENSTOCK_API_KEY": local_cloud.api_key,
    }


@pytest.fixture(scope="module", autouse=True)
def role(local_cloud: LocalCloud) -> Iterator[None]:
    """A role for the admin, without permissions yet."""
    iam = root(local_cloud, "iam")
    iam.create_role(RoleName=ROLE, AssumeRolePolicyDocument=json.dumps(TRUST))
    yield
    iam.delete_role_policy(RoleName=ROLE, PolicyName="doctor")
    iam.delete_role(RoleName=ROLE)


def checks(stack: str, *options: str, environment: dict[str, str]) -> Mapping[str, Any]:
    """What the doctor says, by the names of the checks."""
    done = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", "cli.main", "doctor", "--stack", stack, "--json", *options],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return {each["name"]: each for each in json.loads(done.stdout)["checks"]}


def test_the_policy_of_the_page_shows_everything(local_cloud: LocalCloud, tmp_path: Path) -> None:
    """What it shows is a stack that is well, but nobody hears its alarms or ends a flood."""
    environment = caller(local_cloud, policy())
    report = tmp_path / "doctor.md"
    seen = checks(local_cloud.stack, "--report", str(report), environment=environment)

    ours = {name: seen[name] for name in NEEDS}
    assert {name for name, each in ours.items() if each["found"] == "unseen"} == set()
    assert {name for name, each in ours.items() if each["verdict"] != "ok"} <= {
        "alarms",
        "concurrency",
    }
    assert "nobody hears them" in seen["alarms"]["advice"]
    assert "ApiConcurrency" in seen["concurrency"]["advice"]
    assert seen["queues"]["found"] != "unseen"
    level, _, more = seen["isolation"]["found"].partition(", kernel ")
    assert level in {"seccomp", "rlimit"}
    assert more.startswith(os.uname().release)
    assert {each["tried_on"] for each in ours.values()} == {"emulators"}

    text = report.read_text(encoding="utf-8")
    assert all(f"| {name} |" in text for name in seen)
    assert "000000000000" not in text
    assert local_cloud.api_key not in text
    assert environment["AWS_ACCESS_KEY_ID"] not in text
    assert local_cloud.api_url not in text


def test_what_a_policy_leaves_out_is_unseen_and_named(local_cloud: LocalCloud) -> None:
    """One permission less hides one thing."""
    statement = json.loads(policy())
    statement["Statement"][0]["Action"].remove("kms:DescribeKey")
    environment = caller(local_cloud, json.dumps(statement))
    seen = checks(local_cloud.stack, environment=environment)

    assert {name for name in NEEDS if seen[name]["found"] == "unseen"} == {"key"}
    assert "kms:DescribeKey" in seen["key"]["advice"]
