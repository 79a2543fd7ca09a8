"""Run a function on an event, and show what would follow from it. Nothing follows."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, Protocol

from runtime.core import ids
from runtime.core.events.envelope import Event
from runtime.core.functions import canary, run_attempt, run_effects, run_plan
from runtime.core.functions.function import Function, FunctionVersion
from runtime.core.functions.messages import RunMessage
from runtime.core.functions.run import Run
from runtime.core.functions.run_plan import PlannedRun
from runtime.core.json_text import dump
from runtime.core.profiles import names
from runtime.core.profiles.identity import Subject
from runtime.core.timestamps import timestamp
from runtime.errors import Conflict, Transient
from runtime.usecases.functions import ports
from runtime.usecases.functions.open_secrets import Unseal, open_secrets
from runtime.usecases.ports import Drafts

NO_JITTER: Final = 0.5  # of the time at which the run would be tried again
# Of output and effects as JSON. The answer may be stored for a repeat of the request, and an item
# of DynamoDB has 400 KB.
MAX_SHOWN_BYTES: Final = 256 * 1024
_NOT_SHOWN: Final = ""  # stands for the address of output that is left out


class Sandbox(Protocol):
    """Runs user code."""

    def run(self, tenant: str, job: Mapping[str, Any], /) -> Mapping[str, Any]:
        """The sandbox's answer to a job.

        Raises:
            Transient: the job failed for a reason that is not the user's fault.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class DryRun:
    """Makes runs that change nothing."""

    functions: ports.Versioned
    people: Drafts
    sandbox: Sandbox
    unseal: Unseal  # opens the values of the function's secrets
    clock: Callable[[], datetime]
    allow_local_http: bool

    def __call__(
        self, tenant: str, name: str, event: Event, *, version: int | None, allow_http: bool
    ) -> Run:
        """What the record of the run would be. A disabled function can be tried, too.

        Its effects are those that the platform would apply. Output and effects of more than
        `MAX_SHOWN_BYTES` are left out.

        Args:
            tenant: the caller's.
            name: the function's.
            event: what it runs on, with the stored profile that the event is about.
            version: which version runs; None: the one that would run on this event.
            allow_http: whether its http calls are made; else each fails with the code `dry_run`.

        Raises:
            NotFound: there is no such function or version.
            Conflict: code `no_live_version` or `version_deleted`.
            Transient: the sandbox failed.
        """
        function = self.functions.get(tenant, name)
        number = canary.version_for(function, event.id) if version is None else version
        if number is None:
            raise Conflict(
                "the function has no live version; publish one, or name a version",
                code="no_live_version",
            )
        source = ports.existing(self.functions, function, version=number)
        planned_run = _planned(tenant, name, event, version=version)
        run = self._decided(function, source, planned_run, allow_http=allow_http)
        size = len(dump({"output": run.output, "effects": list(run.effects)}).encode())
        if size > MAX_SHOWN_BYTES:
            return replace(run, output=None, effects=(), left_at=_NOT_SHOWN)
        return run

    def _decided(
        self,
        function: Function,
        version: FunctionVersion,
        planned_run: PlannedRun,
        *,
        allow_http: bool,
    ) -> Run:
        secrets = open_secrets(function, unseal=self.unseal)
        subject = self._subject(planned_run)
        job = run_plan.job(
            function,
            version,
            [planned_run],
            subjects={planned_run.message.run_id: subject},
            secrets=secrets,
            allow_local_http=self.allow_local_http,
        )
        answer = self.sandbox.run(function.tenant, {**job, "http": "on" if allow_http else "off"})
        results = run_attempt.results(answer, engine=version.engine)
        result = results.get(planned_run.message.run_id)
        if result is None:
            raise Transient("the sandbox left this event out", code="sandbox_crashed")
        attempt = run_attempt.attempted(
            function,
            version,
            secrets=secrets,
            pinned=planned_run.message.version is not None,
            now=timestamp(self.clock()),
            dice=NO_JITTER,
        )
        decision = run_effects.decide(planned_run, result, attempt=attempt, subject=subject)
        return run_attempt.with_parked(decision)

    def _subject(self, planned_run: PlannedRun) -> Subject:
        tenant, event = planned_run.message.tenant, planned_run.event
        named = names.of(event.profile, self.people.rules(tenant))
        return self.people.draft(tenant, [(event, named)]).subject(event, named)


def _planned(tenant: str, name: str, event: Event, *, version: int | None) -> PlannedRun:
    message = RunMessage(
        tenant=tenant,
        run_id=ids.run_id(tenant, event.id, name),
        function=name,
        event=event.to_json(),
        version=version,
    )
    return PlannedRun(message=message, event=event)
