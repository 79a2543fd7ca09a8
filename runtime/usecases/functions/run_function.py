"""Run a batch of events through their functions, in the sandbox."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

from runtime.core.functions import run_effects, run_plan
from runtime.core.functions.function import Function, FunctionVersion
from runtime.core.functions.run import Commit, Run
from runtime.core.functions.run_effects import Attempted, Decision, Outgoing
from runtime.core.functions.run_plan import PlannedRun
from runtime.core.ids import Key
from runtime.core.profiles.profile import Profile
from runtime.core.timestamps import timestamp
from runtime.errors import Transient
from runtime.races import Races
from runtime.usecases.pacing.admit_runs import AdmitRuns

NO_LIVE_VERSION: Final = {
    "type": "NoLiveVersion",
    "message": "the function has no published version; publish one and send the event again",
}
Failures = dict[int, Exception]


class Functions(Protocol):
    """Stores functions and their versions."""

    def find(self, tenant: str, name: str) -> Function | None:
        """One function, or None."""

    def get_version(self, tenant: str, name: str, *, version: int) -> FunctionVersion:
        """One version."""


class Runs(Protocol):
    """Stores runs."""

    def find_many(self, run_ids: Iterable[str]) -> dict[str, Run]:
        """The runs that have a record, by id."""

    def open(self, run: Run) -> Run:
        """The run with its output and effects.

        Raises:
            NotFound: they have expired.
        """

    def commit(self, run: Run, profile: Profile | None = None, *, read_revision: int = 0) -> Commit:
        """Store the run and the profile that it changed, in one transaction."""


class Profiles(Protocol):
    """Stores profiles."""

    def find_many(self, profile_keys: Iterable[Key]) -> dict[Key, Profile]:
        """The profiles that exist, by key."""


class Sandbox(Protocol):
    """Runs user code."""

    def run(self, tenant: str, job: Mapping[str, Any]) -> Mapping[str, Any]:
        """The sandbox's answer to a job.

        Raises:
            Transient: the job failed for a reason that is not the user's fault.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFunctions:
    """Runs each event once, and applies the effects of its run."""

    functions: Functions
    runs: Runs
    profiles: Profiles
    sandbox: Sandbox
    admit: AdmitRuns
    apply: Callable[[Run, Outgoing], None]
    unseal: Callable[[str, str], str]  # decrypts for a tenant: (tenant, ciphertext)
    clock: Callable[[], datetime]
    # Attempt number → seconds until the next attempt; None when there is none.
    retry_delay_s: Callable[[int], float | None]
    journal: Callable[[Mapping[str, Any]], None]  # takes one line for each run
    allow_local_http: bool
    races: Races = field(default_factory=Races)
    parallel_groups: int = 10  # how many functions run at the same time

    def __call__(self, planned_runs: Sequence[PlannedRun]) -> list[Exception | None]:
        """Make the runs; returns, for each, None or the error that prevented it."""
        failures: Failures = {}
        groups = run_plan.groups(planned_runs)
        # Groups run side by side, so that one function's events do not wait for another's.
        with ThreadPoolExecutor(max_workers=min(len(groups), self.parallel_groups) or 1) as pool:
            for group_failures in pool.map(self._group, groups):
                failures.update(group_failures)
        return [failures.get(id(planned_run)) for planned_run in planned_runs]

    def _group(self, planned_runs: list[PlannedRun]) -> Failures:
        try:
            todo, failures = self._without_done(planned_runs)
            function = self.functions.find(
                planned_runs[0].message.tenant, planned_runs[0].message.function
            )
            if function is None or function.live_version is None:
                return failures | self._each(todo, self._refuse)
            return failures | self._admitted(todo, function, function.live_version)
        except Exception as problem:  # noqa: BLE001 - one function's trouble must not fail another's events
            return {id(planned_run): problem for planned_run in planned_runs}

    def _admitted(self, todo: list[PlannedRun], function: Function, live_version: int) -> Failures:
        failures: Failures = {}
        if not todo:
            return failures
        with self.admit.slot(function, [planned_run.message for planned_run in todo]) as admitted:
            if admitted:
                job = _Job(self, function, live_version)
                for wave in run_plan.waves(todo):
                    failures |= job.run(wave)
        return failures

    def _without_done(self, planned_runs: list[PlannedRun]) -> tuple[list[PlannedRun], Failures]:
        """The runs that were not made yet. The effects of the others are sent again."""
        runs = self.runs.find_many(planned_run.message.run_id for planned_run in planned_runs)
        todo: list[PlannedRun] = []
        repeated: list[PlannedRun] = []
        for planned_run in planned_runs:
            run = runs.get(planned_run.message.run_id)
            if run is None or run.attempt < planned_run.message.attempt:
                todo.append(planned_run)
            elif run.attempt == planned_run.message.attempt:
                # The worker that stored the run may have died before it sent the effects.
                repeated.append(planned_run)
        return todo, self._each(
            repeated,
            lambda planned_run: self._apply_again(runs[planned_run.message.run_id], planned_run),
        )

    def _apply_again(self, run: Run, planned_run: PlannedRun) -> None:
        whole = self.runs.open(run)
        self.apply(whole, run_effects.outgoing(whole, planned_run.event))

    def _each(self, planned_runs: list[PlannedRun], do: Callable[[PlannedRun], object]) -> Failures:
        failures: Failures = {}
        for planned_run in planned_runs:
            try:
                do(planned_run)
            except Exception as problem:  # noqa: BLE001 - one bad record must not fail its neighbours
                failures[id(planned_run)] = problem
        return failures

    def _refuse(self, planned_run: PlannedRun) -> None:
        attempt = self.attempt(planned_run, version=0)
        decision = run_effects.refused(planned_run, NO_LIVE_VERSION, attempt=attempt)
        if self.runs.commit(decision.run) is Commit.DONE:
            self.finish(decision)

    def attempt(self, planned_run: PlannedRun, *, version: int) -> Attempted:
        """The attempt of a run that ends now."""
        now = self.clock()
        delay_s = self.retry_delay_s(planned_run.message.attempt)
        again = None if delay_s is None else now + timedelta(seconds=delay_s)
        return Attempted(
            version=version,
            now=timestamp(now),
            retry_at_ms=None if again is None else int(again.timestamp() * 1000),
        )

    def finish(self, decision: Decision) -> None:
        """Send the effects of a stored run, and log the run."""
        self.apply(decision.run, decision.outgoing)
        self.journal(_line(decision.run))


class _Job:
    """Runs a batch of events through one function's live version."""

    def __init__(self, uses: RunFunctions, function: Function, live_version: int) -> None:
        self._uses = uses
        self._function = function
        self._version = uses.functions.get_version(
            function.tenant, function.name, version=live_version
        )
        self._secrets = {
            name: uses.unseal(function.tenant, sealed)
            for name, sealed in function.secrets.items()
            if sealed is not None
        }

    def run(self, wave: list[PlannedRun]) -> Failures:
        """Run a wave. If a profile changed during its run, the run is made again on the new one."""
        failures: Failures = {}
        for _ in self._uses.races:
            profile_keys = [
                Key(e.message.tenant, e.profile_id) for e in wave if e.profile_id is not None
            ]
            profiles = self._uses.profiles.find_many(profile_keys)
            lost: list[PlannedRun] = []
            for piece in run_plan.jobs(wave, profiles):
                failures |= self._piece(piece, profiles, lost)
            if not lost:
                return failures
            wave = lost
        busy = Transient("the profile keeps changing", code="profile_busy")
        return failures | {id(planned_run): busy for planned_run in wave}

    def _piece(
        self,
        piece: list[PlannedRun],
        profiles: Mapping[Key, Profile],
        lost: list[PlannedRun],
    ) -> Failures:
        try:
            results = self._invoke(piece, profiles)
        except Transient as problem:
            if problem.code != "sandbox_crashed" or len(piece) == 1:
                return {id(planned_run): problem for planned_run in piece}
            # One event of the batch may have crashed the sandbox. Only that one is to wait.
            failures: Failures = {}
            for planned_run in piece:
                failures |= self._piece([planned_run], profiles, lost)
            return failures

        def conclude(planned_run: PlannedRun) -> None:
            person = profiles.get(Key(planned_run.message.tenant, planned_run.profile_id or ""))
            if self._conclude(planned_run, results, person) is Commit.PROFILE_CHANGED:
                lost.append(planned_run)

        answered_runs = [
            planned_run for planned_run in piece if planned_run.message.run_id in results
        ]
        failures = self._uses._each(answered_runs or piece, conclude)  # noqa: SLF001 - the same module
        unanswered = [
            planned_run for planned_run in piece if planned_run.message.run_id not in results
        ]
        # The size of an answer is limited. Runs that large results left no room for are made now.
        return (
            failures | self._piece(unanswered, profiles, lost)
            if answered_runs and unanswered
            else failures
        )

    def _invoke(
        self, piece: list[PlannedRun], profiles: Mapping[Key, Profile]
    ) -> dict[str, Mapping[str, Any]]:
        job = run_plan.job(
            self._function,
            self._version,
            piece,
            profiles=profiles,
            secrets=self._secrets,
            allow_local_http=self._uses.allow_local_http,
        )
        answer = self._uses.sandbox.run(self._function.tenant, job)
        try:
            engine = answer["engine"]
            results = {str(result["run_id"]): result for result in answer["results"]}
        except (KeyError, TypeError) as problem:
            raise Transient(
                "the sandbox's answer is malformed", code="sandbox_crashed"
            ) from problem
        if engine != self._version.engine:  # a run never falls back to another engine
            raise Transient(
                f"the sandbox ran this on the engine {engine}, not on {self._version.engine}",
                code="engine_unavailable",
            )
        return results

    def _conclude(
        self,
        planned_run: PlannedRun,
        results: Mapping[str, Mapping[str, Any]],
        person: Profile | None,
    ) -> Commit:
        result = results.get(planned_run.message.run_id)
        if result is None:
            raise Transient("the sandbox left this event out", code="sandbox_crashed")
        attempt = self._uses.attempt(planned_run, version=self._version.version)
        decision = run_effects.decide(planned_run, result, attempt=attempt, person=person)
        commit = self._uses.runs.commit(
            decision.run, decision.profile, read_revision=decision.read_revision
        )
        # If the commit is stale, another worker stored this attempt and sends its effects.
        if commit is Commit.DONE:
            self._uses.finish(decision)
        return commit


def _line(run: Run) -> dict[str, Any]:
    """The log's one line about a run: flat, and without the user's data."""
    return {
        "message": "run.finished",
        "tenant": run.tenant,
        "function": run.function,
        "version": run.version,
        "run_id": run.id,
        "event_id": run.event_id,
        "webhook_id": run.webhook_id,
        "topic": run.topic,
        "attempt": run.attempt,
        "outcome": str(run.outcome),
        "engine": run.engine,
        "isolation": run.isolation,
        "duration_ms": run.duration_ms,
        "due_at_ms": run.due_at_ms,
    }
