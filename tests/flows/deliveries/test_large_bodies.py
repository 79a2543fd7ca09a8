"""A result of a megabyte on its way: run, sent, tried again, shown, replayed, and expired."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

import pytest

from runtime.core import ids
from runtime.core.deliveries.delivery import Delivery, Status
from runtime.core.deliveries.hints import delivery_hint
from runtime.core.deliveries.messages import DeliverMessage
from runtime.core.functions import run_plan
from runtime.core.functions.run import Outcome, Run
from runtime.core.functions.run_plan import PlannedRun
from runtime.core.json_text import dump
from runtime.core.replays.replay import Kind
from runtime.stores.replays.replays import Replays
from runtime.stores.webhooks.webhooks import Webhooks
from runtime.usecases.deliveries.replay_page import ReplayPage
from runtime.usecases.jobs.work_off import WorkOff
from runtime.wiring import deliver, worker
from sandbox.engine_host import Options
from sandbox.host import Sandbox
from tests.api_client import ApiClient
from tests.api_server import Served, served_api
from tests.builders import NOW, TENANT, a_bus_event, a_webhook
from tests.cloud import RETENTION_DAYS, Cloud
from tests.flows.bus import call, environment
from tests.run_doubles import rerun_nothing
from tests.runs import Platform
from tests.scripted_receiver import ScriptedReceiver, answer
from tests.vectors import SECRET_A

DELIVERY: Final = ids.delivery_id(TENANT, "evt_1", "whk_1")
TIMES: Final = 262_000  # of four bytes in JSON: just below a result's 1 MiB
SOURCE: Final = f"""
def handler(event):
    return {{"order": event["id"], "text": "é\\"" * {TIMES}}}
"""
BODY: Final = dump({"order": "evt_1", "text": 'é"' * TIMES})


class Killed(Exception):
    """The worker is gone."""


class Local:
    """The sandbox in this process's own children, behind the port that Lambda is behind."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    def run(self, _tenant: str, job: Mapping[str, Any]) -> Mapping[str, Any]:
        """The answer to a job."""
        return self._sandbox.run(job)


@dataclass(frozen=True, kw_only=True)
class Shop:
    """An installation with one webhook, whose transform makes a megabyte of every event."""

    platform: Platform
    served: Served
    receiver: ScriptedReceiver

    @property
    def cloud(self) -> Cloud:
        """Its account."""
        return self.platform.cloud

    @property
    def api(self) -> ApiClient:
        """Its API, with the tenant's key."""
        return self.served.api

    @property
    def record(self) -> Delivery:
        """The event's delivery."""
        found = self.cloud.deliveries.find(DELIVERY)
        assert found is not None
        return found

    @property
    def run(self) -> Run:
        """The event's run."""
        found = self.cloud.runs.find(ids.run_id(TENANT, "evt_1", "whk_1"))
        assert found is not None
        return found

    @property
    def heard(self) -> list[tuple[str | None, bool]]:
        """Of each request its webhook-id, and whether its body is what it must be, to the byte."""
        body = BODY.encode()
        return [(r.header("webhook-id"), r.body == body) for r in self.receiver.received]

    def land(self) -> PlannedRun:
        """The event lands and is matched."""
        assert [] == call(self.cloud, "fanout", a_bus_event())
        [hint] = self.cloud.received("run")
        return run_plan.parse(hint["Body"], now=NOW)

    def work(self, *hints: DeliverMessage) -> list[str | None]:
        """What `deliver` does with these messages: for each its code, or None."""
        with environment(self.cloud, "deliver") as patch:
            patch.setenv("PENSTOCK_ALLOW_LOCAL_HTTP", "true")
            sender = deliver.build(lambda _line: None)
            results = sender.work([sender.decode(dump(hint.to_json())) for hint in hints])
            sender.work.deliver.__self__.close()  # type: ignore[attr-defined]
        return [None if result is None else getattr(result, "code", "bug") for result in results]

    def replay(self, **wanted: Any) -> dict[str, Any]:
        """A replay of the webhook, worked off by a later sweep."""
        job = self.api.post("/v1/webhooks/whk_1/replay", wanted).json

        def later() -> datetime:
            return worker.now() + timedelta(minutes=1)

        page = ReplayPage(
            deliveries=self.cloud.deliveries,
            hints=self.cloud.hints("deliver"),
            rerun_transforms=rerun_nothing,
            clock=later,
        )
        work = WorkOff(
            budget_s=20,
            store=Replays(table=self.cloud.deliveries.table, retention_days=RETENTION_DAYS),
            steps={Kind.DELIVERIES: page},
            clock=later,
        )
        work()
        done: dict[str, Any] = self.api.get(f"/v1/webhooks/whk_1/replays/{job['id']}").json
        return done

    def command(self, *arguments: str) -> Any:
        """What the command prints."""
        assert self.api.key is not None
        done = subprocess.run(  # noqa: S603 - our own command
            [sys.executable, "-m", "cli.main", *arguments, "--json"],
            env={
                "PATH": os.environ["PATH"],
                "PYTHONPATH": ".",
                "PENSTOCK_API_URL": self.served.url,
                "PENSTOCK_API_KEY": self.api.key,
            },
            capture_output=True,
            timeout=60,
            check=True,
        )
        return json.loads(done.stdout)

    def expire(self) -> None:
        """What the bucket's lifecycle does after the retention days."""
        for key in self.cloud.objects():
            self.cloud.clients.s3.delete_object(Bucket=self.cloud.bucket.name, Key=key)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Local]:
    """One sandbox for all tests: starting one takes longer than a run."""
    with Sandbox(Options(allow_weak=True)) as started:
        yield Local(started)


@pytest.fixture
def shop(sandbox: Local) -> Iterator[Shop]:
    """The shop, open."""
    with served_api() as served, ScriptedReceiver() as receiver:
        cloud = served.api.cloud
        platform = Platform(cloud)
        platform.sandbox = sandbox  # type: ignore[assignment]
        platform.publish(SOURCE, name="shape", topics=())
        hook = a_webhook()
        secret = replace(hook.secrets[0], ciphertext=cloud.secrets.seal(TENANT, SECRET_A))
        hook = replace(hook, secrets=(secret,), url=receiver.url("/orders"))
        hooks = Webhooks(config=cloud.config)
        hooks.add(replace(hook, transform="shape"))
        hooks.add(replace(hook, id="whk_2", url=receiver.url("/copies"), topics=("list.none",)))
        api = served.api.as_tenant(TENANT)
        yield Shop(platform=platform, served=replace(served, api=api), receiver=receiver)


def test_a_megabyte_arrives_to_the_byte_however_often_it_is_sent(shop: Shop) -> None:
    """First attempt, redelivered message, retry, sent again by hand, replayed to another."""
    shop.receiver.script("/orders", answer(503), answer(200))
    assert [None] == shop.platform.run(shop.land())
    [first] = shop.cloud.received("deliver")
    hint = delivery_hint(shop.record)
    assert first["Body"] == dump(hint.to_json())  # the message is small: the record has the body

    assert [None, None] == [*shop.work(hint), *shop.work(hint)]  # the second finds it attempted
    assert [None] == shop.work(delivery_hint(shop.record))
    assert [(DELIVERY, True)] * 2 == shop.heard
    assert (Status.DELIVERED, 2) == (shop.record.status, len(shop.record.attempts))

    again = shop.api.post(f"/v1/deliveries/{DELIVERY}/retry", idempotency_key="k1")
    assert (202, "pending", None) == (again.status, again.json["status"], again.json["body"])
    assert [None] == shop.work(delivery_hint(shop.record))
    assert [(DELIVERY, True)] * 3 == shop.heard

    job = shop.replay(statuses=["delivered"], to="whk_2")
    assert ("done", 1, 0) == (job["state"], job["replayed"], job["passed_over"])
    copy = ids.delivery_id(TENANT, "evt_1", "whk_2")
    found = shop.cloud.deliveries.find(copy)
    assert found is not None
    assert [None] == shop.work(delivery_hint(found))
    assert [*[(DELIVERY, True)] * 3, (copy, True)] == shop.heard


def test_the_api_and_the_command_show_a_megabyte(shop: Shop) -> None:
    """Of the delivery and of the run; a listing is not made large by it."""
    shop.platform.run(shop.land())

    assert BODY == shop.api.get(f"/v1/deliveries/{DELIVERY}").json["body"]
    assert BODY == shop.command("deliveries", "show", DELIVERY)["body"]
    runs = "/v1/functions/shape/runs"
    [listed] = shop.api.get(runs).json["data"]
    assert (None, True) == (listed["output"], listed["output_left_out"])
    shown = shop.api.get(f"{runs}/{listed['id']}").json
    assert (json.loads(BODY), False) == (shown["output"], shown["output_left_out"])
    for path in (f"{runs}/run_none", f"/v1/functions/other/runs/{listed['id']}"):
        assert (404, "run_not_found") == (
            shop.api.get(path).status,
            shop.api.get(path).json["code"],
        )
    assert 404 == shop.api.newcomer().get(f"{runs}/{listed['id']}").status


@pytest.mark.parametrize(("record", "objects"), [("left_at", 1), ("body_at", 2)])
def test_killed_between_object_and_record_nothing_is_lost_or_doubled(
    shop: Shop, record: str, objects: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message comes again, finds no record of what was kept, and does the same once more."""
    planned_run = shop.land()
    tables = type(shop.cloud.clients.tables)
    write: Callable[..., Any] = tables.put_item

    def die(self: Any, **what: Any) -> Any:
        if record in what["Item"]:
            raise Killed
        return write(self, **what)

    with monkeypatch.context() as patch:
        patch.setattr(tables, "put_item", die)
        assert ["bug"] == shop.platform.run(planned_run)
    kept = shop.cloud.objects()
    assert objects == len(kept)

    assert [None] == shop.platform.run(planned_run)
    assert [None] == shop.work(delivery_hint(shop.record))

    assert [(DELIVERY, True)] == shop.heard
    assert (2, 1) == (len(shop.cloud.objects()), len(shop.receiver.received))
    assert set(kept) <= set(shop.cloud.objects())


def test_a_redelivered_run_sends_what_it_has_kept(shop: Shop) -> None:
    """The function is not run again: on the same event it might answer something else."""
    planned_run = shop.land()
    shop.platform.run(planned_run)
    sandbox = shop.platform.sandbox
    shop.platform.sandbox = None  # type: ignore[assignment]

    assert [None] == shop.platform.run(planned_run)

    shop.platform.sandbox = sandbox
    assert [dump(delivery_hint(shop.record).to_json())] * 2 == [
        message["Body"] for message in shop.cloud.received("deliver")
    ]


def test_a_body_that_has_expired_ends_its_delivery_with_a_reason(shop: Shop) -> None:
    """It is not tried for ever, the receiver gets no empty body, and everybody is told why."""
    planned_run = shop.land()
    shop.platform.run(planned_run)
    shop.expire()

    assert [None] == shop.work(delivery_hint(shop.record))

    assert (Status.DEAD, "body_expired", None) == (
        shop.record.status,
        shop.record.reason,
        shop.record.due_at_ms,
    )
    assert [] == shop.heard
    assert shop.api.get(f"/v1/deliveries/{DELIVERY}").json["body"] is None
    retry = shop.api.post(f"/v1/deliveries/{DELIVERY}/retry")
    assert (409, "body_expired") == (retry.status, retry.json["code"])
    job = shop.replay()
    assert ("done", 0, 1) == (job["state"], job["replayed"], job["passed_over"])
    assert ["body_expired"] == shop.platform.run(
        planned_run
    )  # its message is parked with this code
    run = shop.api.get(f"/v1/functions/shape/runs/{shop.run.id}").json
    assert (None, True, "returned") == (run["output"], run["output_left_out"], run["outcome"])


def test_more_than_a_megabyte_is_the_users_clear_error(shop: Shop) -> None:
    """As before: the run says how much it was, and the delivery that there is none."""
    shop.platform.publish(SOURCE.replace(str(TIMES), str(TIMES + 200)), name="more", topics=())
    hooks = Webhooks(config=shop.cloud.config)
    hook = hooks.get(TENANT, "whk_1")
    hooks.replace(hook, replace(hook, transform="more"))

    assert [None] == shop.platform.run(shop.land())

    error = shop.run.error or {}
    assert (Outcome.RAISED, "InvalidResult") == (shop.run.outcome, error.get("type"))
    assert "the limit is 1048576" in error["message"]
    assert (Status.DEAD, "function_raised") == (shop.record.status, shop.record.reason)
    assert [] == shop.cloud.objects()
