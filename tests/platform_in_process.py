"""The whole platform in this process, for commands that talk to its API: no local cloud is needed.

The bus, the queues and the tables are emulated; our own handlers work on them in a thread, as
Lambda would call them, and the sweep comes every second. Functions run in the real sandbox.
"""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, Self

import pytest

from runtime.core.functions import run_plan
from runtime.core.timestamps import timestamp
from runtime.wiring import deliver, fanout, sweep, worker
from sandbox.engine_host import Options
from sandbox.host import Sandbox
from tests.api_server import Served, served_api
from tests.cloud import Cloud
from tests.flows.bus import environment
from tests.runs import Platform

LOOK_EVERY_S: Final = 0.2


@dataclass(frozen=True, slots=True)
class Dialect:
    """Runs each version's code by the engine `restricted`, which every checkout has."""

    sandbox: Sandbox

    def run(self, _tenant: str, job: Mapping[str, Any]) -> Mapping[str, Any]:
        """The answer to a job, in the name of the engine that it asks for."""
        answer = self.sandbox.run({**job, "engine": "restricted"})
        results = [{**each, "engine": job["engine"]} for each in answer["results"]]
        return {**answer, "engine": job["engine"], "results": results}


class Workers:
    """What stands behind the API, in a thread of its own."""

    def __init__(self, cloud: Cloud, sandbox: Sandbox) -> None:
        self._cloud = cloud
        self._stopped = threading.Event()
        self._problem: BaseException | None = None
        self._thread = threading.Thread(target=self._work)
        self._platform = Platform(cloud, now=worker.now)
        self._run = self._platform.use_case(sandbox=Dialect(sandbox))
        self._fanout, self._deliver = fanout.build(_unheard), deliver.build(_unheard)
        self._sweeps = sweep.build(_unheard)

    def __enter__(self) -> Self:
        """Begin to work."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop, and raise what a worker has failed with."""
        self._stopped.set()
        self._thread.join()
        self._deliver.work.deliver.__self__.close()  # type: ignore[attr-defined]
        if self._problem is not None:
            raise self._problem

    def _work(self) -> None:
        try:
            while not self._stopped.wait(LOOK_EVERY_S):
                self._take("landed", lambda bodies: self._each(self._fanout, bodies))
                self._take("run", self._run_each)
                self._take("deliver", lambda bodies: self._each(self._deliver, bodies))
                for chore in self._sweeps.values():
                    chore()
        except BaseException as problem:  # noqa: BLE001 - the test has to hear of it
            self._problem = problem

    def _take(self, queue: str, work: Callable[[list[str]], None]) -> None:
        messages = self._cloud.received(queue)
        if not messages:
            return
        work([each["Body"] for each in messages])
        url = self._cloud.queue_url(queue)
        for each in messages:
            self._cloud.clients.sqs.delete_message(
                QueueUrl=url, ReceiptHandle=each["ReceiptHandle"]
            )

    def _run_each(self, bodies: list[str]) -> None:
        now = timestamp(worker.now())
        _must_be_done(self._run([run_plan.parse(body, now=now) for body in bodies]))

    @staticmethod
    def _each(handler: Any, bodies: list[str]) -> None:
        _must_be_done(handler.work([handler.decode(body) for body in bodies]))


def _must_be_done(results: list[Exception | None]) -> None:
    for problem in results:
        if problem is not None:
            raise problem


def _unheard(_line: Mapping[str, Any]) -> None:
    """Nobody reads the log."""


@contextmanager
def platform() -> Iterator[Served]:
    """The API, with the platform behind it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PENSTOCK_ALLOW_LOCAL_HTTP", "true")
        yield from _platform(patch)


def _platform(patch: pytest.MonkeyPatch) -> Iterator[Served]:
    with (
        served_api() as served,
        environment(served.api.cloud, "deliver"),
        Sandbox(Options(allow_weak=True)) as sandbox,
    ):
        served.api.cloud.bus  # noqa: B018 - its queue has to be there before the first event
        # The API makes dry runs itself.
        tried_in = served.api.application.functions.dry_run.sandbox
        patch.setattr(tried_in, "run", Dialect(sandbox).run)
        with Workers(served.api.cloud, sandbox):
            yield served
