"""The sandbox is killed in the middle of a batch: its runs are made again, as if nothing was."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

import pytest

from infra.local.place import Place
from tests.game_day.installation import HOUR_MIN, Installation, Play, Tenant
from tests.game_day.receivers import Endpoint
from tests.game_day.reports import Report, heard
from tests.game_day.scenes import SANDBOX
from tests.game_day.test_crash import outcomes, release
from tests.scripted_receiver import ScriptedReceiver

EVENTS: Final = 60
KILLS: Final = 3
TOPIC: Final = "metric.game_day_invoice"
RESULT: Final = "metric.game_day_total"
NAME: Final = "totals"
# Works for half a second, so that a batch is in the middle for some seconds.
SLOW: Final = f"""\
import time

def handler(event, context):
    until = time.monotonic() + 0.5
    while time.monotonic() < until:
        pass
    context.emit("{RESULT}", {{"number": event["properties"]["number"]}})
    return event["id"]
"""


@pytest.mark.game_day
def test_a_killed_sandbox_loses_no_run_and_blames_nobody(
    installation: Installation, report: Callable[[Report], None]
) -> None:
    """What a run asked for is done once, though the run may have been begun twice."""
    tenant = installation.tenant("game-day-sandbox")
    with ScriptedReceiver() as server:
        totals = Endpoint(server=server, path="/totals")
        tenant.subscribe(totals, RESULT)
        tenant.api.post("/v1/functions", {"name": NAME, "topics": [TOPIC]})
        release(tenant, NAME, SLOW)
        play = Play(installation=installation)

        accepted = tenant.send("invoice", TOPIC, numbers=range(EVENTS))
        done = 0
        for _ in range(KILLS):
            done = _more_than(done, installation, tenant)
            installation.wait("the sandbox", lambda: kill_sandbox(installation.place) > 0)
        assert done < EVENTS
        killed_s = installation.progress.seconds
        installation.wait("all runs", lambda: outcomes(tenant, NAME).total() == EVENTS)
        installation.wait("all deliveries", lambda: len(totals.accepted) == EVENTS)
        took_s = installation.progress.seconds - killed_s
        play.take_deployed()
        hit = round(sum(play.alarms.values("failed")))  # what had been handed to the sandbox
        for _ in range(HOUR_MIN):
            play.minute()
    assert hit > 0
    assert outcomes(tenant, NAME) == {"returned": EVENTS}
    assert sum(totals.accepted.values()) == EVENTS
    report(
        Report(
            scene=SANDBOX,
            accepted=len(accepted),
            ended={f"run, and {how}": n for how, n in outcomes(tenant, NAME).items()},
            heard=heard(play.fired(), began=play.began, ended=play.at),
            noticed=f"{hit} times a run was lost with its sandbox, and was made again. Each of the"
            f" {EVENTS} runs has `returned`; none is recorded as a failure of its function, whose"
            f" owner hears nothing. What the runs emitted came {EVENTS} times.",
            recovery=f"{took_s:.0f} seconds after the last kill, {EVENTS - done} runs have been"
            " made and what they emitted is delivered, on this machine",
        )
    )


def _more_than(done: int, installation: Installation, tenant: Tenant) -> int:
    """How many runs are done, once it is more than so many."""
    installation.wait("runs", lambda: outcomes(tenant, NAME).total() > done)
    return outcomes(tenant, NAME).total()


def kill_sandbox(place: Place) -> int:
    """Kill all processes that run users' code on this installation; how many there were."""
    killed = 0
    for pid in _sandbox(place):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
            killed += 1
    return killed


def _sandbox(place: Place) -> Iterator[int]:
    """The processes of the sandbox: its Lambda's, and those that these have started."""
    scratch = str(place.scratch)
    for command in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):  # it has ended meanwhile
            text = command.read_bytes().decode(errors="replace")
            if scratch in text and ("SandboxFunction" in text or "sandbox.zygote" in text):
                yield int(command.parent.name)
