"""Running functions on real stores, whatever stands in for the sandbox."""

import uuid
from collections.abc import Callable
from datetime import datetime
from typing import Any

from runtime.core import ids
from runtime.core.events.envelope import ProfileRef
from runtime.core.functions import run_plan
from runtime.core.functions.function import Engine, Function
from runtime.core.functions.run import Run
from runtime.core.functions.run_plan import PlannedRun
from runtime.core.json_text import dump
from runtime.races import Races
from runtime.stores.functions.canary_counts import CanaryCounts
from runtime.stores.functions.error_groups import ErrorGroups
from runtime.stores.functions.functions import Functions
from runtime.stores.functions.health import FunctionHealths
from runtime.stores.pacing.turns import Turns
from runtime.usecases.functions.apply_run import ApplyRun
from runtime.usecases.functions.end_canary import EndCanary
from runtime.usecases.functions.run_function import RunFunctions
from runtime.usecases.functions.tend_functions import TendFunctions
from runtime.usecases.pacing.admit_runs import AdmitRuns
from tests.builders import NOW, TENANT, a_function, a_run_message, a_version, an_event
from tests.cloud import RETENTION_DAYS, Cloud
from tests.doubles import FakeClock, Journal, ScriptedSandbox


class Platform:
    """The use case on real stores; only the sandbox and the clock are stand-ins.

    Args:
        cloud: where the stores are.
        now: gives the time to all parts; None for `clock`, which a test moves.
    """

    def __init__(self, cloud: Cloud, *, now: Callable[[], datetime] | None = None) -> None:
        self.cloud = cloud
        self.clock = FakeClock()
        self._now = now or self.clock
        self.sandbox = ScriptedSandbox()
        self.journal = Journal()
        self.functions = Functions(config=cloud.config)
        self.apply = ApplyRun(
            bus=cloud.bus,
            deliver_queue=cloud.hints("deliver"),
            run_queue=cloud.hints("run"),
            deliveries=cloud.deliveries,
            parked=cloud.parked("dead"),
            queue_delay_max_s=900,
        )
        self.permits = Turns(table=cloud.runs.table, clock=self._now)
        self.admit = AdmitRuns(
            permits=self.permits,
            hints=cloud.hints("run"),
            dice=lambda: 0.5,
            new_owner=lambda: uuid.uuid4().hex,
            clock=self._now,
        )
        self.pauses: list[float] = []
        self.races = Races(dice=lambda: 1.0, pause=self.pauses.append)
        self.tend = TendFunctions(
            healths=FunctionHealths(table=cloud.runs.table, clock=self._now),
            counts=CanaryCounts(table=cloud.runs.table, clock=self._now),
            groups=ErrorGroups(
                table=cloud.runs.table, clock=self._now, retention_days=RETENTION_DAYS
            ),
            end_canary=EndCanary(functions=self.functions, races=self.races),
            bus=cloud.bus,
            clock=self._now,
            journal=self.journal,
            races=self.races,
        )

    def use_case(self, **changes: Any) -> RunFunctions:
        """The use case, with parts exchanged."""
        parts: dict[str, Any] = {
            "functions": self.functions,
            "runs": self.cloud.runs,
            "people": self.cloud.people(),
            "sandbox": self.sandbox,
            "admit": self.admit,
            "apply": self.apply,
            "tend": self.tend,
            "unseal": lambda _tenant, sealed: f"opened {sealed}",
            "clock": self._now,
            "dice": lambda: 0.5,
            "journal": self.journal,
            "races": self.races,
            "allow_local_http": False,
        }
        return RunFunctions(**parts | changes)

    def publish(
        self, source: str = "", *, engine: Engine = Engine.RESTRICTED, **changes: Any
    ) -> Function:
        """A function with one live version, which has this engine."""
        function = a_function(latest_version=0, **changes)
        self.functions.add(function)
        version = a_version(function=function.name, version=1, source=source, engine=engine)
        return self.functions.add_version(function, version)

    def run(self, *planned_runs: PlannedRun, **changes: Any) -> list[str | None]:
        """Run them; for each the code that says why it is not done, or None."""
        results = self.use_case(**changes)(planned_runs)
        return [None if result is None else getattr(result, "code", "bug") for result in results]

    def record(self, planned_run: PlannedRun) -> Run:
        """The stored run of a planned run."""
        run = self.cloud.runs.find(planned_run.message.run_id)
        assert run is not None
        return run


def a_planned_run(number: int = 1, *, person: str | None = None, **changes: Any) -> PlannedRun:
    """Run number `number` of the trigger, on an event about `person`."""
    reference = ProfileRef() if person is None else ProfileRef(external_id=person)
    event = an_event(id=f"evt_{number}", profile=reference)
    function = changes.get("function", "vip-orders")
    subscriber = changes.get("webhook_id") or function
    message = a_run_message(
        **{
            "run_id": ids.run_id(TENANT, event.id, subscriber),
            "event": event.to_json(),
            **changes,
        }
    )
    return run_plan.parse(dump(message.to_json()), now=NOW)
