"""Each alarm of the template fires when its trouble is there, and is silent in a normal day.

The metrics of ours are those that the real functions write; those of AWS are named in a table with
their source. An alarm that nothing of this can move would be blind.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

import pytest

from functions import check_syncs, sweep
from infra.local import ministack_alarms
from infra.local.ministack_alarms import ALARM, OK, Datum
from infra.scan import template
from runtime.core.warehouse.sync import DestinationKind
from runtime.core.webhooks import signing
from runtime.core.webhooks.webhook import SealedSecret
from runtime.errors import Transient
from runtime.stores.tenancy.tenants import Tenants
from runtime.stores.warehouse.syncs import Syncs
from runtime.stores.webhooks.webhooks import Webhooks
from runtime.wiring import worker
from tests.alarms import (
    ALARMS,
    NATIVE,
    delivered,
    each_minute,
    log_of,
    of_lambda,
    of_url,
    resolved,
    says,
    set_age,
    written,
)
from tests.api_client import ApiClient, running_api
from tests.builders import NOW, TENANT, a_sync, a_webhook
from tests.cloud import Cloud
from tests.flows.bus import environment

NOON: Final = datetime(2026, 11, 20, 12, 0, 5, tzinfo=UTC)  # a minute in which the sweep looks
SOON: Final = NOON + timedelta(seconds=30)  # when the alarms are judged
DAY_MIN: Final = 24 * 60
CLOSED_PORT: Final = "http://127.0.0.1:9/"  # whom it is sent to does not matter


class At:
    """A clock that stands."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        """The time that it was set to."""
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> At:
    """The clock of every function in this process."""
    clock = At(NOON)
    monkeypatch.setattr(worker, "now", clock)
    return clock


@pytest.fixture
def installed(
    cloud: Cloud, clock: At, capsys: pytest.CaptureFixture[str]
) -> Iterator[tuple[Cloud, At]]:
    """An installation with a tenant, whose scheduled functions can be called."""
    Tenants(config=cloud.config).add(TENANT, created_at=NOW)
    caches = (sweep.sweeps, check_syncs.checks)
    with environment(cloud, "sweep") as patch:
        for name, value in cloud.watched_queues.items():
            patch.setenv(f"PENSTOCK_{name}", value)
        for cached in caches:
            cached.cache_clear()
        capsys.readouterr()
        yield cloud, clock
    for cached in caches:
        cached.cache_clear()


@pytest.fixture
def subscribed(cloud: Cloud) -> Cloud:
    """An account with a webhook on every click, whose endpoint refuses connections."""
    ciphertext = cloud.secrets.seal(TENANT, signing.new_secret(b"s" * signing.NEW_SECRET_BYTES))
    secrets = (SealedSecret(ciphertext=ciphertext, created_at=NOW),)
    Webhooks(config=cloud.config).add(a_webhook(url=CLOSED_PORT, secrets=secrets))
    return cloud


@pytest.fixture
def api() -> Iterator[ApiClient]:
    """The API, with a key."""
    with running_api() as client:
        yield client


def swept(capsys: pytest.CaptureFixture[str]) -> list[Datum]:
    """The metrics of one call of the sweep, with what Lambda measures of it."""
    now = worker.now()
    try:
        sweep.handler({}, None)
        errors = 0
    except Transient:
        errors = 1
    ours = written("sweep", capsys.readouterr().out)
    return [*ours, of_lambda("Errors", errors, at=now, function="Sweep")]


class TestDeadLetters:
    """DeadLetters."""

    def test_it_fires_while_a_message_is_in_any_dead_letter_queue(
        self, installed: tuple[Cloud, At], capsys: pytest.CaptureFixture[str]
    ) -> None:
        """And the log names the queue."""
        cloud, clock = installed
        cloud.clients.sqs.send_message(QueueUrl=cloud.queue_url("dead"), MessageBody="{}")

        sweep.handler({}, None)
        log = capsys.readouterr().out

        assert says("DeadLetters", written("sweep", log), now=SOON) == ALARM
        assert f'"dead":{{"{cloud.prefix}-dead":1}}' in log
        cloud.clients.sqs.purge_queue(QueueUrl=cloud.queue_url("dead"))
        clock.now += timedelta(minutes=6)
        later = written("sweep", log) + swept(capsys)
        assert says("DeadLetters", later, now=SOON + timedelta(minutes=6)) == OK

    def test_work_in_a_queue_is_no_dead_letter(
        self, installed: tuple[Cloud, At], capsys: pytest.CaptureFixture[str]
    ) -> None:
        """Nor is it late before its time. Nothing is measured: a metric costs by the hour."""
        cloud, _ = installed
        cloud.clients.sqs.send_message(QueueUrl=cloud.queue_url("match"), MessageBody="{}")
        set_age(cloud, "match", 200)

        data = swept(capsys)

        assert [each.name for each in data] == ["Errors"]
        assert (says("DeadLetters", data, now=SOON), says("QueueLate", data, now=SOON)) == (OK, OK)


class TestQueueLate:
    """QueueLate."""

    def test_it_fires_for_a_queue_whose_oldest_message_is_older_than_it_may_be(
        self, installed: tuple[Cloud, At], capsys: pytest.CaptureFixture[str]
    ) -> None:
        """Whether nobody takes its messages, or too few do."""
        cloud, clock = installed
        cloud.clients.sqs.send_message(QueueUrl=cloud.queue_url("match"), MessageBody="{}")
        set_age(cloud, "match", 420)

        data = swept(capsys)

        assert [120] == [each.value for each in data if each.name == "queue_late_s"]
        assert says("QueueLate", data, now=SOON) == ALARM
        clock.now += timedelta(minutes=1)  # no minute of a look
        assert [each.name for each in swept(capsys)] == ["Errors"]


class TestSweepStopped:
    """SweepStopped: an alarm on errors is silent when nobody calls the sweep."""

    def test_it_fires_when_nobody_calls_the_sweep(self) -> None:
        """A function that is not called has no errors."""
        assert says("SweepStopped", [], now=SOON) == ALARM

    def test_it_fires_when_every_sweep_fails(
        self, installed: tuple[Cloud, At], capsys: pytest.CaptureFixture[str]
    ) -> None:
        """By whichever of its chores."""
        cloud, clock = installed
        cloud.clients.dynamodb.delete_table(TableName=cloud.deliveries.table.name)
        data: list[Datum] = []
        for _ in range(5):
            clock.now += timedelta(minutes=1)
            data += swept(capsys)

        assert says("SweepStopped", data, now=clock.now) == ALARM

    def test_one_failure_among_many_is_no_alarm(self) -> None:
        """The next sweep, a minute later, finds the same records."""
        data = each_minute("Errors", 0, until=NOON, minutes=5, function="Sweep")
        data[1] = of_lambda("Errors", 1, at=NOON - timedelta(minutes=1), function="Sweep")

        assert says("SweepStopped", data, now=SOON) == OK


class TestApiFailing:
    """ApiFailing: an alarm on errors could not fire."""

    def test_it_fires_though_the_function_answers_a_fault_of_ours(self, api: ApiClient) -> None:
        """A handler that answers 500 has not failed, as Lambda sees it: `Errors` stays at 0."""
        api.cloud.clients.dynamodb.delete_table(TableName=api.cloud.config.table.name)
        answers = [api.get("/v1/webhooks") for _ in range(6)]
        assert all(answer.status >= 500 for answer in answers)

        data = of_url((answer.status for answer in answers), at=NOON)

        assert says("ApiFailing", data, now=SOON) == ALARM

    def test_behind_an_http_api_it_reads_what_that_has_answered(self) -> None:
        """A function's URL that nobody calls has no metric, and the alarm would be blind."""
        [query] = ministack_alarms.queries(resolved(ALARMS["ApiFailing"], has_front=True))

        assert (query.namespace, query.name) in NATIVE
        assert query.namespace == "AWS/ApiGateway"
        assert query.dimensions == {("ApiId", "FrontApiId")}

    def test_what_callers_do_wrong_is_no_alarm(self, api: ApiClient) -> None:
        """However often they do it."""
        answers = [api.get(f"/v1/webhooks/whk_{number}") for number in range(10)]
        assert {answer.status for answer in answers} == {404}

        assert says("ApiFailing", of_url((a.status for a in answers), at=NOON), now=SOON) == OK


class TestFirstAttemptSlow:
    """FirstAttemptSlow: what everybody feels, whichever part of the way is behind."""

    @pytest.mark.parametrize(("waited_s", "expected"), [(45, ALARM), (2, OK)])
    def test_it_fires_when_first_attempts_come_late_in_two_periods(
        self,
        waited_s: int,
        expected: str,
        subscribed: Cloud,
        clock: At,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        """One bad moment is none; the objective is 30 s."""
        data: list[Datum] = []
        for number in range(2):
            clock.now = NOON + timedelta(minutes=5 * number)
            data += delivered(subscribed, str(number), capsys, waited_s=waited_s)

        values = [each.value for each in data if each.name == "first_attempt_s"]
        assert values == [waited_s, waited_s]
        assert says("FirstAttemptSlow", data, now=clock.now + timedelta(seconds=30)) == expected

    def test_a_replay_of_the_bus_archive_is_not_measured(
        self, subscribed: Cloud, clock: At, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """It brings events of last week; nobody has waited for them."""
        replayed = {"replay-name": "again"}
        data = delivered(subscribed, "old", capsys, waited_s=9999, wrapping=replayed)

        assert "first_attempt_s" not in {each.name for each in data}
        assert clock.now == NOON


class TestDeliveriesFailing:
    """DeliveriesFailing: the month's error budget, and how fast it is spent."""

    def test_it_fires_when_the_platform_fails_deliveries(
        self, subscribed: Cloud, clock: At, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """The function itself succeeds: it says which messages must come again."""
        subscribed.clients.dynamodb.delete_table(TableName=subscribed.deliveries.table.name)
        data = delivered(subscribed, "lost", capsys, count=10)

        assert [10] == [each.value for each in data if each.name == "failed"]
        assert says("DeliveriesFailing", data, now=clock.now + timedelta(seconds=30)) == ALARM

    def test_a_receiver_that_fails_is_not_our_failure(
        self, subscribed: Cloud, clock: At, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """Its deliveries are tried again by their schedule, and cost no budget."""
        data = delivered(subscribed, "refused", capsys, count=10)

        assert {"delivery_attempted_pending", "records"} <= {each.name for each in data}
        assert says("DeliveriesFailing", data, now=clock.now + timedelta(seconds=30)) == OK

    @pytest.mark.parametrize(
        ("failed", "records", "expected"), [(5, 5, OK), (6, 2000, ALARM), (6, 2100, OK)]
    )
    def test_it_fires_at_a_fiftieth_of_a_months_budget_in_an_hour(
        self, failed: int, records: int, expected: str
    ) -> None:
        """That is 14.4 times as much as 0.02 % leaves; a handful in a quiet hour is no trend."""
        about = frozenset({("service", "deliver")})
        data = [
            Datum(namespace="Penstock", name=n, dimensions=about, at_s=NOON.timestamp(), value=v)
            for n, v in (("failed", failed), ("records", records))
        ]

        assert says("DeliveriesFailing", data, now=SOON) == expected


class TestSyncs:
    """SyncOverdue and RowsLost."""

    @pytest.mark.parametrize(("age", "expected"), [({"hours": 5}, ALARM), ({"hours": 1}, OK)])
    def test_sync_overdue_fires_for_one_that_has_not_loaded_for_two_hours_longer_than_it_may(
        self,
        age: dict[str, int],
        expected: str,
        installed: tuple[Cloud, At],
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        """Whether it fails or nobody runs it."""
        cloud, _ = installed
        created = (NOON - timedelta(**age)).isoformat().replace("+00:00", "Z")
        Syncs(config=cloud.config).add(a_sync(kind=DestinationKind.S3, created_at=created))

        check_syncs.handler({}, None)

        data = written("check_syncs", capsys.readouterr().out)
        assert says("SyncOverdue", data, now=SOON) == expected

    def test_rows_lost_fires_for_what_either_comparison_misses(self) -> None:
        """The check of loads and that of profiles make one metric of the installation."""
        data = written(
            "check_syncs",
            log_of("_telemetry.journal({'message': 'm', 'measures_of_all': {'rows_lost': 2}})"),
        )
        late = datetime.now(UTC) + timedelta(seconds=5)

        assert says("RowsLost", data, now=late) == ALARM
        assert says("RowsLost", [], now=late) == OK


class TestAwsOwn:
    """The alarms on what AWS measures of itself."""

    @pytest.mark.parametrize(
        ("alarm", "function"),
        [("ProfileStreamOld", "FollowProfiles"), ("OutcomeStreamOld", "FollowOutcomes")],
    )
    def test_a_stream_is_old_when_its_records_are_read_late_for_five_minutes(
        self, alarm: str, function: str
    ) -> None:
        """A quarter of an hour; the function sets them aside after an hour."""
        late = each_minute("IteratorAge", 1_000_000, until=NOON, minutes=5, function=function)
        usual = each_minute("IteratorAge", 60_000, until=NOON, minutes=5, function=function)

        assert [says(alarm, data, now=SOON) for data in (late, usual, [])] == [ALARM, OK, OK]

    def test_throttled_fires_when_calls_are_turned_away_for_five_minutes(self) -> None:
        """Of whichever function: they share the account's limit."""
        minutes = [NOON - timedelta(minutes=back) for back in range(5)]
        flood = [of_lambda("Throttles", 40, at=at) for at in minutes]

        assert says("Throttled", flood, now=SOON) == ALARM
        assert says("Throttled", flood[:1], now=SOON) == OK


def test_a_normal_day_raises_no_alarm(
    installed: tuple[Cloud, At], subscribed: Cloud, capsys: pytest.CaptureFixture[str]
) -> None:
    """Events arrive and are delivered or refused, a sync loads, every schedule is kept."""
    cloud, clock = installed
    assert subscribed is cloud
    data = [of_lambda("Throttles", 0, at=NOON)]
    data += each_minute("Errors", 0, until=NOON, minutes=DAY_MIN, function="Sweep")
    for follower in ("FollowProfiles", "FollowOutcomes"):
        data += each_minute("IteratorAge", 61_000, until=NOON, minutes=60, function=follower)
    data += of_url([200] * 500 + [404] * 20 + [503], at=NOON)
    data += delivered(cloud, "day", capsys, count=10, waited_s=1) + swept(capsys)
    check_syncs.handler({}, None)
    data += written("check_syncs", capsys.readouterr().out)

    assert {name: says(name, data, now=SOON) for name in ALARMS} == dict.fromkeys(ALARMS, OK)
    assert clock.now == NOON


def test_every_alarm_reads_a_metric_that_a_test_here_writes_or_that_aws_has() -> None:
    """An alarm on a metric that nobody writes is blind."""
    ours = {"first_attempt_s", "failed", "records", "sync.overdue_s", "rows_lost"}
    ours |= {"dead_letters", "queue_late_s"}
    for name, properties in ALARMS.items():
        for query in ministack_alarms.queries(resolved(properties)):
            assert query.name in ours or (query.namespace, query.name) in NATIVE, name


def test_an_installation_has_metrics_of_its_own() -> None:
    """Two in one account must not hear each other's alarms."""
    log = log_of("_telemetry.count(records=1)", PENSTOCK_STACK="shop")

    assert {each.namespace for each in written("deliver", log)} == {"Penstock/shop"}
    for each in ALARMS.values():
        for query in each.get("Metrics", [{"MetricStat": {"Metric": each}}]):
            namespace = query.get("MetricStat", {}).get("Metric", {}).get("Namespace")
            if namespace is not None and "AWS/" not in str(namespace):
                assert namespace == {"Fn::Sub": "Penstock/${Installation}"}


def test_every_alarm_is_heard_and_links_its_runbook() -> None:
    """Who is woken by it must not have to think about where to look."""
    kinds = ("AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm")
    for each in template.resources(*kinds):
        assert each.properties["AlarmActions"] == [{"Ref": "Topic"}], each.name
        page = each.properties["AlarmDescription"]["Fn::Sub"].rpartition("${RunbookUrl}/")[2]
        text = (template.ROOT / "docs" / "runbooks" / page).read_text(encoding="utf-8")
        assert f"`{each.name}`" in text, page
