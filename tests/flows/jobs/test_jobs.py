"""Jobs of an installation: worked off at once and each minute, killed, cancelled, failed."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

import pytest

from runtime.core.jobs import job as jobs
from runtime.core.jobs.job import Job, JobKind, JobState
from runtime.errors import BadInput, Conflict, Transient
from runtime.usecases.jobs.cancel_job import CancelJob
from runtime.usecases.jobs.end_failed import EndFailed
from runtime.usecases.jobs.work_jobs import WorkJobs
from runtime.usecases.jobs.work_off import LEASE_MS, WorkOff
from tests import cloud as clouds
from tests.builders import NOW, TENANT, a_job
from tests.cloud import Cloud
from tests.doubles import FakeClock

PAGES = 5


class KilledError(BaseException):
    """The worker is gone."""


@dataclass(kw_only=True)
class Counting:
    """A step that counts to `PAGES`, a page each; what it has done can be seen from outside."""

    pages: list[int] = field(default_factory=list)
    before: Callable[[int], None] = lambda _page: None

    def __call__(self, job: Job) -> Job:
        """Count one further."""
        page = int(job.cursor or "0")
        self.before(page)
        self.pages.append(page)
        cursor = None if page + 1 == PAGES else str(page + 1)
        return jobs.advanced(job, done=1, counts={"counted": 1}, cursor=cursor, now=NOW)


@dataclass(kw_only=True)
class World:
    """A store of jobs, a step and a clock."""

    cloud: Cloud
    clock: FakeClock = field(default_factory=FakeClock)
    step: Counting = field(default_factory=Counting)

    @property
    def worker(self) -> WorkJobs:
        """The function `jobs`."""
        step = EndFailed(step=self.step, clock=self.clock)
        return WorkJobs(
            jobs=self.cloud.jobs,
            work_off=WorkOff(
                store=self.cloud.jobs,
                steps={JobKind.PROFILE_EXPORT: step},
                budget_s=55,
                clock=self.clock,
            ),
            clock=self.clock,
        )

    @property
    def cancel(self) -> CancelJob:
        """What stops a job."""
        return CancelJob(jobs=self.cloud.jobs, clock=self.clock)

    def start(self, **changes: object) -> Job:
        """A job that is due now."""
        job = a_job(**changes)
        self.cloud.jobs.add(job)
        return job

    def stored(self, job: Job) -> Job:
        """The job as it stands."""
        return self.cloud.jobs.get(job.tenant, job.id)


@pytest.fixture(scope="module")
def account() -> Iterator[Cloud]:
    """An account for all tests: to make its clients takes longer than a test."""
    with clouds.in_process() as cloud:
        yield cloud


@pytest.fixture
def world(account: Cloud) -> World:
    """Stores of its own."""
    return World(cloud=Cloud(clients=account.clients))


@pytest.mark.parametrize("at_once", [True, False])
def test_a_job_is_worked_off_to_its_end(world: World, *, at_once: bool) -> None:
    """By the call that its start asks for, or by that of the minute."""
    job = world.start()

    worked = world.worker.work_on(TENANT, job.id) if at_once else world.worker.work_off()

    after = world.stored(job)
    assert PAGES == worked == after.done
    assert (JobState.DONE, {"written": 0, "counted": PAGES}) == (after.state, after.counts)


@pytest.mark.parametrize("page", range(PAGES))
def test_the_next_worker_goes_on_where_one_was_killed(world: World, page: int) -> None:
    """After the lease, and not before; the page at which it died is done once more."""

    def die(at: int) -> None:
        if at == page:
            raise KilledError

    job = world.start()
    world.step.before = die
    with pytest.raises(KilledError):
        world.worker.work_off()
    world.step.before = lambda _page: None

    assert 0 == world.worker.work_off() == world.worker.work_on(TENANT, job.id)
    world.clock.advance(LEASE_MS / 1000 + 1)
    world.worker.work_off()

    assert list(range(PAGES)) == world.step.pages
    assert PAGES == world.stored(job).done


def test_a_cancelled_job_goes_no_further(world: World) -> None:
    """Also when it is cancelled in the middle of a page, whose work stays done."""

    def cancel(at: int) -> None:
        if at == 2:
            world.cancel(TENANT, job.id)

    job = world.start()
    world.step.before = cancel
    world.worker.work_off()

    assert [0, 1, 2] == world.step.pages
    after = world.stored(job)
    assert (JobState.CANCELLED, 2, None) == (after.state, after.done, after.due_at_ms)
    assert after == world.cancel(TENANT, job.id)  # and cancelling it again changes nothing


def test_a_job_that_waits_is_left_alone_and_can_be_cancelled(world: World) -> None:
    """It waits for its file; nobody works on what is not there."""
    job = world.start(state=JobState.WAITING, due_at_ms=None)

    assert 0 == world.worker.work_off() == world.worker.work_on(TENANT, job.id)
    assert JobState.CANCELLED is world.cancel(TENANT, job.id).state


def test_a_job_that_can_never_go_on_fails_with_the_reason(world: World) -> None:
    """And it is not tried again each minute for ever."""

    def refuse(at: int) -> None:
        if at == 1:
            raise BadInput("the file is gone", code="file_gone")

    job = world.start()
    world.step.before = refuse
    world.worker.work_off()

    after = world.stored(job)
    assert after.reason is not None
    assert (JobState.FAILED, "file_gone", 1) == (after.state, after.reason.code, after.done)


def test_a_fault_of_ours_holds_up_one_job_and_no_other(world: World) -> None:
    """The one that met it stays due after its lease."""
    bad, good = world.start(), world.start(tenant="globex")
    counting = world.step

    def step(job: Job) -> Job:
        if job.tenant == TENANT:
            raise Transient("no answer")
        return counting(job)

    work_off = WorkOff(
        store=world.cloud.jobs,
        steps={JobKind.PROFILE_EXPORT: EndFailed(step=step, clock=world.clock)},
        budget_s=55,
        clock=world.clock,
    )
    with pytest.raises(Transient, match="no answer"):
        work_off()

    assert JobState.DONE is world.stored(good).state
    assert JobState.RUNNING is world.stored(bad).state
    world.clock.advance(LEASE_MS / 1000 + 1)
    world.worker.work_off()
    assert JobState.DONE is world.stored(bad).state


def test_a_worker_whose_time_is_up_leaves_the_rest_to_the_next_one(world: World) -> None:
    """At once, without waiting for the end of its lease."""

    def pass_time(_page: int) -> None:
        world.clock.advance(30)

    job = world.start()
    world.step.before = pass_time
    assert [2, 2, 1] == [world.worker.work_off() for _ in range(3)]

    assert JobState.DONE is world.stored(job).state
    assert list(range(PAGES)) == world.step.pages


def test_a_kind_that_must_not_stop_half_way_cannot_be_cancelled(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half an erasure would be worse than none."""
    monkeypatch.setattr(jobs, "TO_THE_END", frozenset({JobKind.PROFILE_EXPORT}))
    job = world.start()

    with pytest.raises(Conflict, match="goes on to its end"):
        world.cancel(TENANT, job.id)

    assert job == replace(world.stored(job), revision=job.revision)
