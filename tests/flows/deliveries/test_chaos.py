"""Deliveries while everything is killed, doubled, reordered, throttled, unanswered and late.

A few in `make test`; ten thousand in `make chaos`, which prints its seeds. What is told here of
named points, receivers and the checker stands in `tests/chaos`.
"""

from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.core.deliveries.delivery import Selection
from runtime.egress.client import Egress
from runtime.egress.policy import EgressPolicy
from runtime.egress.sender import Sender
from runtime.usecases.loop import Loop
from tests.builders import TENANT
from tests.chaos import events, report
from tests.chaos.checker import check
from tests.chaos.receivers import SCRIPTS
from tests.chaos.report import Tell
from tests.chaos.stage import Setting, Stage
from tests.chaos.stores import InDynamo
from tests.cloud import Cloud
from tests.scripted_receiver import ScriptedReceiver

FEW = 12
TEN_THOUSAND = 10_000
IN_DYNAMO = 200  # an emulated DynamoDB reads a whole table to answer a query of one index


def _setting(seed: int, *, deliveries: int) -> Setting:
    return Setting(seed=seed, events=deliveries // events.FAN_OUT)


def _play(stage: Stage, name: str, tell: Tell) -> None:
    """The run, the checker, and what both saw."""
    tell(report.opening(name, stage.setting.seed))
    evidence = stage.run()
    verdict = check(evidence)
    assert stage.parked == []
    tell(
        report.summary(
            evidence,
            verdict,
            events=stage.setting.events,
            clock_forward=stage.clocks.jumps["forward"],
            clock_back=stage.clocks.jumps["back"],
        )
    )


@given(
    seed=st.integers(0, 2**32),
    kill_rate=st.sampled_from([0.0, 0.01]),
    fail_rate=st.sampled_from([0.0, 0.05, 0.2]),
)
def test_every_delivery_ends_and_none_is_lost(
    seed: int, kill_rate: float, fail_rate: float
) -> None:
    """The same at rates that ten thousand deliveries would not live through.

    At twice the kills and half as many failures more, a full batch of `fanout` hardly ever gets
    through all of its calls, and the queue's repeats make messages as fast as they are done.
    """
    setting = _setting(seed, deliveries=FEW)
    setting.kill_rate, setting.fail_rate = kill_rate, fail_rate
    stage = Stage(setting)

    verdict = check(stage.run())

    assert stage.parked == []
    assert kill_rate or fail_rate or not verdict.lost_writes


def test_a_seed_plays_the_same_again() -> None:
    """A run that went wrong must be had again."""

    def played() -> list[tuple[str, int | None]]:
        evidence = Stage(_setting(7, deliveries=4 * FEW)).run()
        return [(post.delivery_id, post.status) for post in evidence.posts]

    assert played() == played()


def test_nothing_is_lost_in_the_real_stores(cloud: Cloud) -> None:
    """Conditions, indexes and the AWS client's own second try are not those of a dictionary."""
    setting = _setting(5, deliveries=FEW)
    setting.make_stores = partial(InDynamo, cloud=cloud)
    setting.fail_rate = 0.1

    evidence = Stage(setting).run()

    check(evidence)
    listed = cloud.deliveries.list(TENANT, Selection(), limit=2 * FEW)
    assert sorted(each.id for each in listed.items) == sorted(evidence.records)


@pytest.mark.chaos
@pytest.mark.parametrize("number", range(2))
def test_ten_thousand_deliveries_and_none_is_lost(number: int, tell: Tell) -> None:
    """Lost 0, limbo 0; doubled only where a kill fell between POST and write."""
    stage = Stage(_setting(report.seed() + number, deliveries=TEN_THOUSAND))

    _play(stage, "in memory", tell)


@pytest.mark.chaos
def test_ten_thousand_deliveries_to_real_servers(tell: Tell) -> None:
    """The log that judges us is then one that no code of ours has written."""
    with ScriptedReceiver() as server:
        setting = _setting(report.seed(), deliveries=TEN_THOUSAND)
        setting.base, setting.make_loop = server.url("/").rstrip("/"), Loop
        stage = Stage(setting)
        stage.sender = lambda: Sender(Egress(EgressPolicy(allow_local=True)))
        for name in SCRIPTS:
            server.script(f"/{name}", stage.receivers.behave)

        _play(stage, "over HTTP", tell)


@pytest.mark.chaos
def test_nothing_is_lost_while_dynamodb_fails_below_its_client(tell: Tell, cloud: Cloud) -> None:
    """DynamoDB throttles and times out below the AWS client, before and after the write."""
    setting = _setting(report.seed(), deliveries=IN_DYNAMO)
    setting.make_stores = partial(InDynamo, cloud=cloud)

    _play(Stage(setting), "in DynamoDB", tell)
