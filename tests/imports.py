"""A tenant that imports people: its files, its jobs, and what they make of profiles."""

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from runtime.core.events.envelope import Event
from runtime.core.imports import profile_import as imports
from runtime.core.imports.profile_import import FileSpec
from runtime.core.jobs.files import FileFormat
from runtime.core.jobs.job import Job
from runtime.core.profiles.names import NameRules
from runtime.errors import BadInput
from runtime.stores.files import Files
from runtime.usecases.imports.create_import import CreateImport
from runtime.usecases.imports.import_page import ImportPage, Project
from runtime.usecases.imports.start_import import StartImport
from runtime.usecases.jobs.end_failed import EndFailed
from runtime.usecases.jobs.work_off import WorkOff
from tests.builders import TENANT
from tests.cloud import Cloud
from tests.doubles import FakeClock
from tests.machines.steps import Steps, Watched

MAPPING = {"id": "external_id", "city": "properties.city"}


@dataclass(kw_only=True)
class People:
    """What rows have said, by customer; stands for the merge of events, which has its own tests."""

    by_id: dict[str, Any] = field(default_factory=dict)
    events: dict[str, Event] = field(default_factory=dict)  # by id: the same one is no news
    before: Callable[[int], None] = lambda _call: None
    calls: int = 0

    def __call__(self, events: Sequence[Event]) -> list[Exception | None]:
        """Take events in."""
        self.calls += 1
        self.before(self.calls)
        return [self._take_in(event) for event in events]

    def _take_in(self, event: Event) -> Exception | None:
        customer = event.profile.external_id or ""
        if customer == "refused":
            return BadInput("the profile is too large", code="profile_too_large")
        known = self.events.setdefault(event.id, event)
        assert known == event  # the same id, and so the same event
        self.by_id[customer] = {**self.by_id.get(customer, {}), **event.properties}
        return None


@dataclass(kw_only=True)
class World:
    """A bucket, a store of jobs, and people."""

    cloud: Cloud
    clock: FakeClock = field(default_factory=FakeClock)
    people: People = field(default_factory=People)
    project: Project | None = None  # takes events in; None for `people`
    started: list[str] = field(default_factory=list)
    rows: int = 7  # of one page

    @property
    def files(self) -> Files:
        """The files of the bucket."""
        return Files(bucket=lambda: self.cloud.bucket, clock=self.clock)

    def start(self, tenant: str, job_id: str, /) -> None:
        """Note that the function was asked for this job."""
        assert tenant == TENANT
        self.started.append(job_id)

    def upload(self, data: bytes, **spec: Any) -> Job:
        """An import whose file is there, and that is started."""
        values = {"format": FileFormat.CSV, "mapping": MAPPING, "bytes": len(data), **spec}
        create = CreateImport(
            jobs=self.cloud.jobs, files=self.files, new_id=lambda _: "job_1", clock=self.clock
        )
        job = create(TENANT, FileSpec(**values)).job
        self.cloud.bucket.put(imports.file_key(job), data)
        return self.starting(TENANT, job.id)

    @property
    def starting(self) -> StartImport:
        """What starts an import."""
        return StartImport(jobs=self.cloud.jobs, files=self.files, starter=self, clock=self.clock)

    def work(self, steps: Steps | None = None) -> None:
        """The function `jobs`, once; each call of a store is a step."""
        watched = Steps() if steps is None else steps
        project = self.project or self.people
        step = ImportPage(
            files=Watched(thing=self.files, steps=watched),
            projects=[lambda events: watched(lambda: project(events))],
            rules=lambda _tenant: NameRules(),
            clock=self.clock,
            rows=self.rows,
        )
        WorkOff(
            store=Watched(thing=self.cloud.jobs, steps=watched),
            steps={"profile_import": EndFailed(step=step, clock=self.clock)},
            budget_s=55,
            clock=self.clock,
        )()

    def done(self, data: bytes, **spec: Any) -> Job:
        """An import after it has ended."""
        job = self.upload(data, **spec)
        self.work()
        return self.cloud.jobs.get(TENANT, job.id)


def a_csv(rows: int) -> bytes:
    """People of some cities, among them ones with a line of their own in a cell."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(["id", "note", "city"])
    writer.writerows([f"c{n}", 'a "note",\nof two lines', f"city {n % 3}"] for n in range(rows))
    return text.getvalue().encode()
