"""Run a batch of events through their functions, in the sandbox."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from runtime.core.functions import canary, readiness, run_attempt, run_effects, run_plan
from runtime.core.functions.function import Function, FunctionVersion
from runtime.core.functions.health import Ended
from runtime.core.functions.readiness import Refusal
from runtime.core.functions.run import Commit, Run
from runtime.core.functions.run_effects import Attempted, Outgoing
from runtime.core.functions.run_plan import PlannedRun
from runtime.core.profiles import names
from runtime.core.profiles.identity import Subject
from runtime.core.timestamps import timestamp
from runtime.errors import Transient
from runtime.races import Races
from runtime.usecases.functions import ports, record_runs
from runtime.usecases.functions.open_secrets import Unseal, open_secrets
from runtime.usecases.functions.record_runs import RecordRuns
from runtime.usecases.pacing.admit_runs import AdmitRuns, Slot
from runtime.usecases.ports import Drafts, Quota, no_quota

Failures = dict[int, Exception]


class Functions(ports.Findable, ports.Versions, Protocol):
    """Reads functions and their versions."""


class Runs(record_runs.Runs, Protocol):
    """Stores runs."""

    def find_many(self, run_ids: Iterable[str]) -> dict[str, Run]:
        """The runs that have a record, by id."""

    def open(self, run: Run) -> Run:
        """The run with its output and effects.

        Raises:
            NotFound: they have expired.
        """


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
    people: Drafts
    sandbox: Sandbox
    admit: AdmitRuns
    apply: Callable[[Run, Outgoing], None]
    # Takes in how runs of a function ended, once they are stored; raises nothing.
    tend: Callable[[Function, Sequence[Ended]], None]
    unseal: Unseal  # opens the values of the function's secrets
    clock: Callable[[], datetime]
    dice: Callable[[], float]  # random numbers from 0 to 1
    journal: Callable[[Mapping[str, Any]], None]  # takes one line for each run
    allow_local_http: bool
    races: Races = field(default_factory=Races)
    parallel_groups: int = 10  # how many functions run at the same time
    quota: Quota = no_quota  # of runs that are begun, a tenant's a day

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
            record = RecordRuns(runs=self.runs, apply=self.apply, journal=self.journal)
            try:
                return failures | self._made(todo, function, record)
            finally:
                if function is not None and record.ended:
                    self.tend(function, record.ended)
        except Exception as problem:  # noqa: BLE001 - one function's trouble must not fail another's events
            return {id(planned_run): problem for planned_run in planned_runs}

    def _made(
        self, todo: list[PlannedRun], function: Function | None, record: RecordRuns
    ) -> Failures:
        failures: Failures = {}
        ready: list[PlannedRun] = []
        for planned_run in todo:
            refusal = readiness.refusal(function, version=planned_run.message.version)
            if refusal is None:
                ready.append(planned_run)
            else:
                failures |= self.refuse([planned_run], refusal, record=record)
        if function is None or not ready:
            return failures
        messages = [planned_run.message for planned_run in ready]
        with self.admit.slot(function, messages) as slot:
            if slot is not None:
                within, beyond = self._by_quota(ready)
                failures |= self.refuse(beyond, readiness.OVER_QUOTA, record=record)
                jobs = _Jobs(self, function, record, slot=slot)
                for wave in run_plan.waves(within):
                    failures |= jobs.run(wave)
        return failures

    def _by_quota(self, ready: list[PlannedRun]) -> tuple[list[PlannedRun], list[PlannedRun]]:
        """Those within and those beyond their tenant's quota; only a first attempt counts."""
        begun = [each for each in ready if each.message.attempt == 1]
        again = [each for each in ready if each.message.attempt > 1]
        allowed = self.quota(ready[0].message.tenant, count=len(begun))
        return [*begun[:allowed], *again], begun[allowed:]

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

    def refuse(
        self, planned_runs: list[PlannedRun], refusal: Refusal, *, record: RecordRuns
    ) -> Failures:
        """Record that these runs cannot be made."""

        def refuse(planned_run: PlannedRun) -> None:
            decision = run_effects.refused(
                planned_run,
                refusal.error,
                attempt=Attempted(version=0, now=timestamp(self.clock())),
                outcome=refusal.outcome,
            )
            record(planned_run, decision)

        return self._each(planned_runs, refuse)


class _Jobs:
    """Runs a batch of events through one function, each through the version that is its own."""

    def __init__(
        self, uses: RunFunctions, function: Function, record: RecordRuns, *, slot: Slot
    ) -> None:
        self._uses = uses
        self._function = function
        self._record = record
        self._slot = slot
        self._secrets = open_secrets(function, unseal=uses.unseal)
        self._by_version: dict[int, _Job | None] = {}  # None for a version that does not exist

    def run(self, wave: list[PlannedRun]) -> Failures:
        """Run a wave, one version after the other."""
        by_version: dict[int, list[PlannedRun]] = {}
        for each in wave:
            by_version.setdefault(self._version_of(each), []).append(each)
        failures: Failures = {}
        for version, planned_runs in by_version.items():
            job = self._job(version)
            failures |= self._missing(planned_runs) if job is None else job.run(planned_runs)
        return failures

    def _version_of(self, planned_run: PlannedRun) -> int:
        pinned = planned_run.message.version
        version = pinned or canary.version_for(self._function, planned_run.event.id)
        return version or 0

    def _job(self, version: int) -> "_Job | None":
        if version not in self._by_version:
            self._by_version[version] = self._made(version)
        return self._by_version[version]

    def _made(self, version: int) -> "_Job | None":
        stored = ports.find_existing(
            self._uses.functions, self._function.tenant, self._function.name, version=version
        )
        if stored is None:
            return None
        return _Job(
            self._uses,
            self._function,
            stored,
            secrets=self._secrets,
            record=self._record,
            slot=self._slot,
        )

    def _missing(self, planned_runs: list[PlannedRun]) -> Failures:
        """The failures of runs whose version does not exist.

        A version that is live or on trial cannot be deleted, so the function has changed since it
        was read. Only a version that was asked for by its number may be gone.
        """
        asked_for = [each for each in planned_runs if each.message.version is not None]
        changed = Transient("the function has changed meanwhile", code="function_changed")
        failures: Failures = {
            id(each): changed for each in planned_runs if each.message.version is None
        }
        return failures | self._uses.refuse(asked_for, readiness.NO_VERSION, record=self._record)


class _Job:
    """Runs events through one version of a function."""

    def __init__(
        self,
        uses: RunFunctions,
        function: Function,
        version: FunctionVersion,
        *,
        secrets: Mapping[str, str],
        record: RecordRuns,
        slot: Slot,
    ) -> None:
        self._slot = slot
        self._uses = uses
        self._function = function
        self._version = version
        self._secrets = secrets
        self._record = record

    def run(self, wave: list[PlannedRun]) -> Failures:
        """Run a wave. If a profile changed during its run, the run is made again on the new one."""
        failures: Failures = {}
        for races_lost in self._uses.races:
            subjects = self._subjects(wave, again=races_lost > 0)
            erased = [each for each in wave if subjects[each.message.run_id].erased]
            failures |= self._uses.refuse(erased, readiness.ERASED, record=self._record)
            going = [each for each in wave if not subjects[each.message.run_id].erased]
            lost: list[PlannedRun] = []
            for piece in run_plan.jobs(going, subjects):
                failures |= self._piece(piece, subjects, lost)
            if not lost:
                return failures
            wave = lost
        busy = Transient("the profile keeps changing", code="profile_busy")
        return failures | {id(planned_run): busy for planned_run in wave}

    def _subjects(self, wave: list[PlannedRun], *, again: bool) -> dict[str, Subject]:
        """Whom the event of each run is about, by the run's id."""
        people = self._uses.people
        rules = people.rules(self._function.tenant)
        named = [names.of(each.event.profile, rules) for each in wave]
        events = [(each.event, its) for each, its in zip(wave, named, strict=True)]
        draft = people.draft(self._function.tenant, events, again=again)
        return {
            each.message.run_id: draft.subject(*event)
            for each, event in zip(wave, events, strict=True)
        }

    def _piece(
        self,
        piece: list[PlannedRun],
        subjects: Mapping[str, Subject],
        lost: list[PlannedRun],
    ) -> Failures:
        try:
            results = self._invoke(piece, subjects)
        except Transient as problem:
            if problem.code != "sandbox_crashed" or len(piece) == 1:
                return {id(planned_run): problem for planned_run in piece}
            # One event of the batch may have crashed the sandbox. Only that one is to wait.
            failures: Failures = {}
            for planned_run in piece:
                failures |= self._piece([planned_run], subjects, lost)
            return failures

        def conclude(planned_run: PlannedRun) -> None:
            subject = subjects[planned_run.message.run_id]
            if self._conclude(planned_run, results, subject) is Commit.PROFILE_CHANGED:
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
            failures | self._piece(unanswered, subjects, lost)
            if answered_runs and unanswered
            else failures
        )

    def _invoke(
        self, piece: list[PlannedRun], subjects: Mapping[str, Subject]
    ) -> dict[str, Mapping[str, Any]]:
        job = run_plan.job(
            self._function,
            self._version,
            piece,
            subjects=subjects,
            secrets=self._secrets,
            allow_local_http=self._uses.allow_local_http,
        )
        self._slot.must_last(now=self._uses.clock())
        answer = self._uses.sandbox.run(self._function.tenant, job)
        return run_attempt.results(answer, engine=self._version.engine)

    def _conclude(
        self,
        planned_run: PlannedRun,
        results: Mapping[str, Mapping[str, Any]],
        subject: Subject,
    ) -> Commit:
        result = results.get(planned_run.message.run_id)
        if result is None:
            raise Transient("the sandbox left this event out", code="sandbox_crashed")
        decision = run_effects.decide(
            planned_run, result, attempt=self._attempt(planned_run), subject=subject
        )
        return self._record(planned_run, decision)

    def _attempt(self, planned_run: PlannedRun) -> Attempted:
        """The attempt that ends now."""
        return run_attempt.attempted(
            self._function,
            self._version,
            secrets=self._secrets,
            pinned=planned_run.message.version is not None,
            now=timestamp(self._uses.clock()),
            dice=self._uses.dice(),
        )
