"""What ends a function's start, before it has taken anything from a queue."""

from collections.abc import Callable
from typing import Any

import pytest

from runtime.settings import SettingMissing
from runtime.stores.aws.switches import SwitchNotHonoured
from runtime.wiring import (
    api,
    archive,
    check_syncs,
    deliver,
    fanout,
    jobs,
    outcomes,
    profiles,
    reconcile,
    run,
    sweep,
    sync,
)

STARTS: list[Callable[[], object]] = [
    api.load,
    lambda: archive.build(_ignore),
    lambda: deliver.build(_ignore),
    lambda: fanout.build(_ignore),
    jobs.build,
    lambda: profiles.build(_ignore),
    lambda: run.build(_ignore),
    lambda: sweep.build(_ignore),
    lambda: sync.build(_ignore),
    sync.planner,
    lambda: check_syncs.build(_ignore),
    profiles.build_follower,
    outcomes.build_follower,
    lambda: reconcile.build(_ignore),
]


def _ignore(_: Any) -> None:
    """A journal that nothing is written to."""


@pytest.fixture(autouse=True)
def _settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PENSTOCK_AWS_WIRE", raising=False)
    for name in (
        *("BUS", "BUCKET", "CONFIG_TABLE", "DELIVERIES_TABLE", "DELIVERY_LOG_TABLE", "RUNS_TABLE"),
        *(
            "EVENTS_TABLE",
            "PROFILES_TABLE",
            "NAMES_TABLE",
            "TIMELINE_TABLE",
            "LEDGER_TABLE",
            "AUDIT_TABLE",
            "DELIVER_QUEUE_URL",
        ),
        "SLOW_QUEUE_URL",
        "JOBS_TABLE",
        *("RUN_QUEUE_URL", "PARK_QUEUE_URL", "SANDBOX_FUNCTION", "SYNC_QUEUE_URL", "KMS_KEY_ID"),
        "BACKLOG_QUEUE_URL",
        *("JOBS_FUNCTION", "ASIDE_QUEUE_URL", "QUEUES", "DEAD_LETTERS"),
    ):
        monkeypatch.setenv(f"PENSTOCK_{name}", "x")


@pytest.mark.parametrize("start", STARTS)
def test_a_wire_that_does_not_exist_ends_the_start(
    start: Callable[[], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not the first call, which may come hours later."""
    monkeypatch.setenv("PENSTOCK_AWS_WIRE", "boto3")

    with pytest.raises(SettingMissing, match="PENSTOCK_AWS_WIRE is 'boto3'"):
        start()


@pytest.mark.parametrize("start", STARTS)
def test_a_proxy_ends_the_start_or_is_spoken_to(
    start: Callable[[], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sentence says what to set, and with that set the function starts."""
    monkeypatch.delenv("no_proxy")  # which excepts AWS from any proxy in the other tests
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    with pytest.raises(SwitchNotHonoured, match="PENSTOCK_AWS_WIRE=botocore"):
        start()

    monkeypatch.setenv("PENSTOCK_AWS_WIRE", "botocore")
    assert start() is not None
