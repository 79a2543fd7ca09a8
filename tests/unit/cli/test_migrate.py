"""`penstock admin migrate`, and how `doctor` says that it has to be run."""

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from cli.main import main
from runtime.core.migrations.migration import MIGRATIONS, Applied, finished
from runtime.stores.migrations.records import MigrationRecords
from tests.cloud import Cloud, in_process

MIGRATE = ("admin", "migrate", "--stack", "penstock")
NOW = "2026-11-26T12:00:00.000Z"


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    """An account with an installed stack, and one of a release without the output `LedgerTable`."""
    with in_process() as account:
        tables = {
            "ConfigTable": account.config.table.name,
            "AuditTable": account.audit.table.name,
            "LedgerTable": account.table("ledger", sort="sk").name,
        }
        for stack, left_out in (("penstock", ""), ("older", "LedgerTable")):
            outputs = {name: {"Value": of} for name, of in tables.items() if name != left_out}
            topic = {"Topic": {"Type": "AWS::SNS::Topic", "Properties": {}}}
            body = json.dumps({"Resources": topic, "Outputs": outputs})
            boto3.client("cloudformation").create_stack(StackName=stack, TemplateBody=body)
        yield account


def shown(capsys: pytest.CaptureFixture[str]) -> Any:
    """The document that the command has printed."""
    return json.loads(capsys.readouterr().out)


def test_it_applies_what_is_lacking_and_then_nothing(
    cloud: Cloud, capsys: pytest.CaptureFixture[str]
) -> None:
    """And says of each what it has changed."""
    assert 0 == main([*MIGRATE, "--json"])
    assert [each.name for each in MIGRATIONS] == [one["name"] for one in shown(capsys)["applied"]]

    assert 0 == main([*MIGRATE, "--json"])
    assert {"applied": []} == shown(capsys)
    assert 0 == main(["admin", "audit", "--stack", "penstock", "--json"])
    assert ["data.migrated"] == [each["action"] for each in shown(capsys)["data"]]
    assert len(MIGRATIONS) == len(list(MigrationRecords(config=cloud.config).all()))


def test_a_plan_changes_nothing(cloud: Cloud, capsys: pytest.CaptureFixture[str]) -> None:
    """It says what each migration is for."""
    assert 0 == main([*MIGRATE, "--plan", "--json"])

    assert [each.does for each in MIGRATIONS] == [one["does"] for one in shown(capsys)["pending"]]
    assert [] == list(MigrationRecords(config=cloud.config).all())


@pytest.mark.usefixtures("cloud")
def test_a_new_installation_lacks_none(capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever has just deployed must not be told to migrate."""
    main(["admin", "bootstrap", "--stack", "penstock", "--json"])
    capsys.readouterr()

    main([*MIGRATE, "--plan", "--json"])

    assert {"pending": []} == shown(capsys)


@pytest.mark.usefixtures("cloud")
def test_an_installation_that_has_tenants_is_not_new(
    cloud: Cloud, capsys: pytest.CaptureFixture[str]
) -> None:
    """A second key is made in an installation of a release before migrations."""
    main(["admin", "bootstrap", "--stack", "penstock", "--json"])
    capsys.readouterr()
    for each in MigrationRecords(config=cloud.config).all():
        key = {"pk": {"S": "migrations"}, "sk": {"S": f"{each.number:06d}"}}
        cloud.clients.dynamodb.delete_item(TableName=cloud.config.table.name, Key=key)
    main(["admin", "bootstrap", "--stack", "penstock", "--tenant", "second", "--json"])
    capsys.readouterr()

    main([*MIGRATE, "--plan", "--json"])

    assert len(MIGRATIONS) == len(shown(capsys)["pending"])


def test_data_of_a_later_release_is_left_alone(
    cloud: Cloud, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command of before a rollback does not know what it would destroy."""
    later = Applied(number=len(MIGRATIONS) + 1, name="of_tomorrow", started_at=NOW)
    MigrationRecords(config=cloud.config).begin(later)

    assert 1 == main([*MIGRATE, "--json"])

    error = shown(capsys)["error"]
    assert "data_is_newer" == error["code"]
    assert "credentials" not in error["message"]
    assert [later] == list(MigrationRecords(config=cloud.config).all())


@pytest.mark.usefixtures("cloud")
def test_a_stack_of_an_earlier_release_is_to_be_deployed_first(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Its functions would write what the migration has just changed."""
    assert 1 == main(["admin", "migrate", "--stack", "older", "--json"])

    error = shown(capsys)["error"]
    assert "not_penstock" == error["code"]
    assert "deploy this one" in error["message"]


@pytest.mark.parametrize("is_done", [False, True], ids=["lacking", "applied"])
def test_doctor_says_whether_migrations_are_lacking(
    cloud: Cloud, capsys: pytest.CaptureFixture[str], *, is_done: bool
) -> None:
    """And names the command."""
    if is_done:
        for migration in MIGRATIONS:
            MigrationRecords(config=cloud.config).begin(finished(migration, now=NOW))

    main(["doctor", "--stack", "penstock", "--json"])

    [check] = [each for each in shown(capsys)["checks"] if each["name"] == "migrations"]
    assert ("ok" if is_done else "warning") == check["verdict"]
    assert is_done or "penstock admin migrate --stack penstock" in check["advice"]
