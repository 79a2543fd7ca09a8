"""A process that runs our handlers as a Lambda would, and kills itself at random named points.

A line of JSON in is one invocation, lines out are what happened: see `tests.chaos.processes`.
"""

import json
import os
import random
import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from functions import deliver, fanout, sweep
from runtime.core.deliveries.attempt import Posted
from runtime.egress.sender import Sender
from runtime.stores.aws.aws_json import AwsJson
from runtime.wiring import worker
from tests.chaos.receivers import LIFE

HANDLERS: Mapping[str, Callable[[Mapping[str, Any], object], Any]] = {
    "fanout": fanout.handler,
    "deliver": deliver.handler,
    "sweep": sweep.handler,
}


@dataclass(kw_only=True)
class Life:
    """One life of a worker: who it is, what time it takes it to be, and what it says."""

    number: int
    dice: random.Random
    out: int
    worker: str = ""
    ahead_s: float = 0.0
    kill_rate: float = 0.0

    def now(self) -> datetime:
        """The present, or so it seems."""
        return datetime.now(UTC) + timedelta(seconds=self.ahead_s)

    def say(self, **what: object) -> None:
        """Tell the parent; said is said, even if the next thing is a kill."""
        os.write(self.out, json.dumps(what).encode() + b"\n")

    def at(self, point: str, *, weight: int = 1) -> None:
        """A named point: the process may end here, with no chance to clean up."""
        if self.dice.random() < self.kill_rate * weight:
            self.say(killed=f"{self.worker} {point}")
            os.kill(os.getpid(), signal.SIGKILL)


def _wrap(life: Life) -> None:
    """Put points around every call to tables and queues, and around every POST."""
    call, call_async, post = AwsJson.call, AwsJson.call_async, Sender.post

    def perilous_call(service: AwsJson, operation: str, request: Mapping[str, Any]) -> Any:
        life.at(f"before {operation}")
        answer = call(service, operation, request)
        life.at(f"after {operation}")
        return answer

    async def perilous_call_async(
        service: AwsJson, operation: str, request: Mapping[str, Any]
    ) -> Any:
        life.at(f"before {operation}")
        answer = await call_async(service, operation, request)
        life.at(f"after {operation}")
        return answer

    async def perilous_post(sender: Sender, url: str, **letter: Any) -> Posted:
        letter["headers"] = (*letter["headers"], (LIFE, str(life.number)))
        life.at("before POST")
        posted = await post(sender, url, **letter)
        life.at("after POST", weight=4)
        return posted

    AwsJson.call = perilous_call  # type: ignore[assignment,method-assign]
    AwsJson.call_async = perilous_call_async  # type: ignore[assignment,method-assign]
    Sender.post = perilous_post  # type: ignore[assignment,method-assign]
    worker.now = life.now


def main() -> None:
    """Serve invocations until the end of the input, or of the process."""
    number, seed = sys.argv[1:]
    out = os.dup(1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what handlers log is not for the parent
    dice = random.Random(f"{seed} {number}")  # noqa: S311 - to be had again by its seed
    life = Life(number=int(number), dice=dice, out=out)
    _wrap(life)
    for line in sys.stdin:
        job = json.loads(line)
        life.worker, life.ahead_s, life.kill_rate = job["worker"], job["ahead_s"], job["kill_rate"]
        answer = HANDLERS[life.worker](job["event"], None)
        life.say(done=answer)


if __name__ == "__main__":
    main()
