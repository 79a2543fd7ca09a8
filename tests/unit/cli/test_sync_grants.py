"""`penstock syncs grants` and the doctor's look at the warehouse, of a stack in moto's account."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from cli.main import main
from infra.local.redshift.client import connect
from infra.local.redshift.server import RedshiftServer
from runtime.stores.warehouse.redshift.data_api import DataApi
from tests.cloud import in_process
from tests.redshift_standin import Roles

LOADER = "arn:aws:iam::123456789012:role/penstock-LoaderRole-1"
COPY = "arn:aws:iam::123456789012:role/penstock-CopyRole-1"


def template(workgroup: str) -> str:
    """A stack with the parameters and outputs that an installation has."""
    parameters = {"RedshiftWorkgroup": workgroup, "RedshiftDatabase": "shop"}
    outputs = {"LoaderRoleArn": LOADER, "CopyRoleArn": COPY}
    return json.dumps(
        {
            "Parameters": {n: {"Type": "String", "Default": v} for n, v in parameters.items()},
            "Resources": {"Queue": {"Type": "AWS::SQS::Queue", "Properties": {}}},
            "Outputs": {name: {"Value": value} for name, value in outputs.items()},
        }
    )


@pytest.fixture
def warehouse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RedshiftServer]:
    """A fresh warehouse, and the stacks `penstock`, which loads it, and `lake`, which does not."""
    monkeypatch.chdir(tmp_path)  # where no local cloud is
    with in_process() as account:
        for name, workgroup in (("penstock", "wg-1"), ("lake", "")):
            boto3.client("cloudformation").create_stack(
                StackName=name, TemplateBody=template(workgroup)
            )
        server = RedshiftServer(
            database=tmp_path / "warehouse.duckdb",
            s3=account.clients.s3,
            identity=Roles(account.clients.s3),
        )
        monkeypatch.setenv("AWS_ENDPOINT_URL_REDSHIFT_DATA", server.url)
        yield server
        server.close()


def shown(capsys: pytest.CaptureFixture[str], *words: str) -> Any:
    """The document that a command prints."""
    main([*words, "--stack", "penstock", "--json"])
    return json.loads(capsys.readouterr().out)


def look(capsys: pytest.CaptureFixture[str]) -> dict[str, str]:
    """What the doctor says of the warehouse."""
    checks = shown(capsys, "doctor")["checks"]
    (found,) = (each for each in checks if each["name"] == "warehouse")
    assert isinstance(found, dict)
    return found


@pytest.mark.usefixtures("warehouse")
def test_the_script_names_the_user_the_database_and_the_role_of_the_stack(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A superuser pastes it as it is, and reads why above each statement."""
    document = shown(capsys, "syncs", "grants")
    assert main(["syncs", "grants", "--stack", "penstock", "--schema", "sales"]) == 0
    script = capsys.readouterr().out

    user = '"IAMR:penstock-LoaderRole-1"'
    assert document["statements"] == [
        f"CREATE USER {user} PASSWORD DISABLE",
        f'GRANT CREATE ON DATABASE "shop" TO {user}',
        f'GRANT TEMP ON DATABASE "shop" TO {user}',
        f"GRANT ASSUMEROLE ON '{COPY}' TO {user} FOR COPY",
    ]
    assert all(f"\n{each};\n" in script for each in document["statements"])
    assert f'GRANT USAGE ON SCHEMA "sales" TO {user};' in script
    assert f'GRANT CREATE ON SCHEMA "sales" TO {user};' in script


def test_the_doctor_says_what_the_loader_lacks_and_nothing_when_it_lacks_nothing(
    warehouse: RedshiftServer,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It asks as whoever runs it, who is another user than the one that loads."""
    statements = shown(capsys, "syncs", "grants")["statements"]
    superuser = DataApi(client=connect(warehouse.url), workgroup="wg-1", database="shop")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "operator")

    found = look(capsys)
    assert (found["verdict"], found["found"]) == ("failed", "4 grants are missing")
    assert "`penstock syncs grants`" in found["advice"]
    assert statements[0] in found["advice"]

    # The stand-in has one database, whatever a call names.
    superuser.run([each.replace('"shop"', '"penstock"') for each in statements], wait_s=30)
    found = look(capsys)
    assert (found["verdict"], found["found"]) == ("failed", "2 grants are missing")


@pytest.mark.usefixtures("warehouse")
def test_a_stack_without_a_workgroup_has_no_such_check(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Who has no Redshift is not to be told that it is ill."""
    main(["doctor", "--stack", "lake", "--json"])
    names = [each["name"] for each in json.loads(capsys.readouterr().out)["checks"]]
    assert "queues" in names
    assert "warehouse" not in names
