"""A backup becomes again what the installation has stored: every table, to the item."""

import json
from collections.abc import Iterator
from typing import Any, Final

import boto3
import pytest

from cli.main import main
from runtime.core.operations.switches import Switch
from runtime.stores.aws.restored import Copy, Restore, Restored
from runtime.stores.operations import switches
from runtime.stores.operations.switches import StoredSwitches
from tests.cloud import Cloud, in_process
from tests.upgrade import installation
from tests.upgrade.installation import Tables, dump

COPY: Final = "copy-of-"


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    """An installation with one record of each kind, or more."""
    with in_process() as account:
        installation.make_tables(account)
        installation.write(account)
        yield account


def in_order(tables: Tables) -> dict[str, list[str]]:
    """The items of tables, comparable."""
    return {name: sorted(map(repr, items)) for name, items in tables.items()}


def back_up(cloud: Cloud, tables: Tables) -> None:
    """Restore each table as it is now, beside it, as its history at a point in time."""
    for name in tables:
        cloud.clients.dynamodb.update_continuous_backups(
            TableName=name, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
        )
        cloud.clients.dynamodb.restore_table_to_point_in_time(
            SourceTableName=name, TargetTableName=f"{COPY}{name}", UseLatestRestorableTime=True
        )


def damage(cloud: Cloud, tables: Tables) -> None:
    """Delete an item of each table, change another, and add one that no backup has."""
    for name, items in tables.items():
        first, *others = items
        keys: Any = {part: first[part] for part in ("pk", "sk") if part in first}
        cloud.clients.dynamodb.delete_item(TableName=name, Key=keys)
        for item in others[:1]:
            cloud.clients.dynamodb.put_item(TableName=name, Item={**item, "broken": {"S": "yes"}})
        added: Any = {part: {"S": "came later"} for part in keys}
        cloud.clients.dynamodb.put_item(TableName=name, Item=added)


def restore(cloud: Cloud, name: str) -> Restored:
    """Write a table back; returns what was done in all."""
    dynamodb = cloud.clients.dynamodb
    return list(Restore(dynamodb=dynamodb, source=f"{COPY}{name}", target=name)())[-1]


def test_every_table_is_again_what_it_was(cloud: Cloud) -> None:
    """And each record is read as before: tenants, keys, webhooks, people, deliveries and loads."""
    before, records = dump(cloud), installation.read(cloud)
    back_up(cloud, before)
    damage(cloud, before)
    assert in_order(before) != in_order(dump(cloud))

    for name in before:
        restore(cloud, name)

    assert in_order(before) == in_order(dump(cloud))
    assert {name: len(items) for name, items in before.items()} == {
        name: len(items) for name, items in dump(cloud).items()
    }
    assert records == installation.read(cloud)


def test_restored_again_it_writes_nothing(cloud: Cloud) -> None:
    """A restore of hours may be stopped and run again."""
    before = dump(cloud)
    back_up(cloud, before)
    damage(cloud, before)
    for name in before:
        restore(cloud, name)

    again = [restore(cloud, name) for name in before]

    assert {(0, 0)} == {(each.written, each.deleted) for each in again}


def test_more_than_a_page_is_written_back(cloud: Cloud) -> None:
    """A table has more items than a request takes."""
    name = cloud.config.table.name
    items = [{"pk": {"S": f"p{n}"}, "sk": {"S": "s"}} for n in range(230)]
    stored = dump(cloud)[name]
    back_up(cloud, {name: stored})
    cloud.config.table.put_many(items)

    done = restore(cloud, name)

    assert (0, len(items)) == (done.written, done.deleted)
    assert in_order({name: stored}) == in_order({name: dump(cloud)[name]})


def test_what_is_paused_stays_so_while_its_table_is_restored(cloud: Cloud) -> None:
    """Whoever has paused the deliveries before a restore must not have them go on in its midst."""
    stored = StoredSwitches(table=cloud.config.table)
    stored.pause(Switch.INTAKE, at="2026-11-26T11:00:00.000Z")
    back_up(cloud, dump(cloud))
    stored.resume(Switch.INTAKE)
    stored.pause(Switch.DELIVERY, at="2026-11-26T12:00:00.000Z")
    name = cloud.config.table.name

    for _ in range(2):
        Restore(
            dynamodb=cloud.clients.dynamodb,
            source=f"{COPY}{name}",
            target=name,
            kept=[switches.ITEM],
        )
        assert {Switch.DELIVERY} == set(stored.find().paused_at)


def test_a_log_keeps_what_has_come_since(cloud: Cloud) -> None:
    """Who did what after the time of the backup, and who has restored it, is on record there."""
    name = cloud.config.table.name
    stored = dump(cloud)[name]
    back_up(cloud, {name: stored})
    later = {"pk": {"S": "later"}, "sk": {"S": "s"}}
    cloud.clients.dynamodb.put_item(TableName=name, Item=later)

    *_, done = Restore(
        dynamodb=cloud.clients.dynamodb, source=f"{COPY}{name}", target=name, keeps_later=True
    )()

    assert 0 == done.deleted
    assert in_order({name: [*stored, later]}) == in_order({name: dump(cloud)[name]})


class TestCommand:
    """`penstock admin restore`."""

    @pytest.fixture(autouse=True)
    def stack(self, cloud: Cloud) -> None:
        """A stack with one table."""
        keys = [{"AttributeName": "pk", "KeyType": "HASH"}]
        table = {
            "TableName": "installed",
            "BillingMode": "PAY_PER_REQUEST",
            "KeySchema": keys,
            "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
        }
        resource = {"Type": "AWS::DynamoDB::Table", "Properties": table}
        template = {
            "Resources": {"RunsTable": resource},
            "Outputs": {"AuditTable": {"Value": cloud.audit.table.name}},
        }
        boto3.client("cloudformation").create_stack(
            StackName="penstock", TemplateBody=json.dumps(template)
        )
        cloud.clients.dynamodb.put_item(TableName="installed", Item={"pk": {"S": "run"}})
        back_up(cloud, {"installed": []})

    def test_it_names_the_table_as_the_template_does(
        self, cloud: Cloud, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """Nobody has to look up what AWS has called it."""
        cloud.clients.dynamodb.delete_item(TableName="installed", Key={"pk": {"S": "run"}})
        words = ("RunsTable", "--from", f"{COPY}installed", "--stack", "penstock", "--yes")

        assert 0 == main(["admin", "restore", *words, "--json"])

        done = json.loads(capsys.readouterr().out)
        assert {"table": "RunsTable", "looked_at": 2, "written": 1, "deleted": 0} == done

    def test_without_yes_nothing_is_written(
        self, cloud: Cloud, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """It deletes what came since."""
        cloud.clients.dynamodb.put_item(TableName="installed", Item={"pk": {"S": "later"}})
        words = ("RunsTable", "--from", f"{COPY}installed", "--stack", "penstock")

        assert 2 == main(["admin", "restore", *words, "--json"])

        assert "--yes" in json.loads(capsys.readouterr().out)["error"]["message"]
        assert 2 == cloud.clients.dynamodb.scan(TableName="installed")["Count"]

    def test_all_tables_come_back_as_they_were_at_a_time(
        self, cloud: Cloud, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """One command makes the copies, writes them back, and takes them away."""
        # The emulator keeps no history, so the copy is made while the table is as it is to be.
        copy = Copy(
            dynamodb=cloud.clients.dynamodb, table="installed", at="2026-11-26T12:00:00.000Z"
        )
        copy.start()
        cloud.clients.dynamodb.delete_item(TableName="installed", Key={"pk": {"S": "run"}})
        words = ("--at", "2026-11-26T13:00:00+01:00", "--stack", "penstock", "--yes")

        assert 0 == main(["admin", "restore", *words, "--json"])

        [row] = json.loads(capsys.readouterr().out)["data"]
        assert ("RunsTable", 1) == (row["table"], row["written"])
        assert 1 == cloud.clients.dynamodb.scan(TableName="installed")["Count"]
        assert copy.name not in cloud.clients.dynamodb.list_tables()["TableNames"]

    @pytest.mark.parametrize(
        "words",
        [
            ("RunsTable",),
            ("--from", "x"),
            ("RunsTable", "--from", "x", "--at", "2h"),
            ("--at", "2h"),  # and no --yes
        ],
    )
    def test_what_comes_back_is_said_in_one_way(
        self, words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
    ) -> None:
        """And that all else goes."""
        assert 2 == main(["admin", "restore", *words, "--stack", "penstock", "--json"])
        assert "error" in json.loads(capsys.readouterr().out)

    @pytest.mark.parametrize(
        ("table", "source", "code"),
        [("Nowhere", "x", "table_not_found"), ("RunsTable", "nowhere", "aws_unavailable")],
    )
    def test_a_table_that_is_not_there_is_named(
        self, table: str, source: str, code: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """With those that there are."""
        words = (table, "--from", source, "--stack", "penstock", "--yes")

        assert 1 == main(["admin", "restore", *words, "--json"])

        assert code == json.loads(capsys.readouterr().out)["error"]["code"]
