"""Measures how fast people are imported from a file and exported to one."""

import csv
import io
import time
from collections.abc import Iterator
from typing import Any, Final

from bench.report import Row
from infra.demo import imports as files
from infra.demo.patience import Patience
from infra.demo.stage import Stage
from runtime.core.imports import mapping as mappings
from runtime.core.imports import profile_import as imports
from runtime.core.imports import records
from runtime.core.imports.profile_import import FileSpec, Place
from runtime.core.jobs.files import FileFormat
from runtime.core.jobs.job import Job, JobKind
from runtime.core.profiles.names import NameRules
from runtime.core.timestamps import epoch_ms

ROWS: Final = 5_000
MAPPING: Final = {
    "customer": "external_id",
    "mail": "email",
    "city": "properties.city",
    "age": "properties.age:number",
    "news": "consent.email",
}
DEADLINE_S: Final = 600.0
AT: Final = "2026-11-20T13:04:05.123Z"


class TooSlow(Exception):
    """A job did not end within the bench's deadline."""


def measure(stage: Stage) -> Iterator[Row]:
    """Read a file's rows, import it, and export the people of it again."""
    data = a_csv(ROWS)
    cpu_s = _reading_s(data)
    yield Row(
        what="CPU to read one row of an import",
        value=f"{cpu_s / ROWS * 1e6:.0f} µs",
        how=f"{ROWS} rows of {len(MAPPING)} columns, from bytes to events; a dry run does no more",
    )
    patience = Patience(DEADLINE_S, check=stage.refuse_denials)
    job = _done(files.take_in(stage, data, mapping=MAPPING, patience=patience))
    yield _speed("imported rows", job)
    request = {"format": "csv", "filter": {"external_id": [{"prefix": "bench-"}]}}
    made = stage.api.post("/v1/profiles/export", request)
    yield _speed("exported profiles", _done(files.ended(stage, made["id"], patience)))


def a_csv(rows: int) -> bytes:
    """People with two names, two properties and a consent."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(MAPPING)
    for n in range(rows):
        writer.writerow([f"bench-{n}", f"bench-{n}@example.com", f"city {n % 50}", n % 90, "yes"])
    return text.getvalue().encode()


def _reading_s(data: bytes) -> float:
    """Seconds of CPU to make events of every row."""
    spec = FileSpec(format=FileFormat.CSV, mapping=MAPPING, bytes=len(data))
    job = Job(id="job_bench", tenant="bench", kind=JobKind.PROFILE_IMPORT, created_at=AT)
    targets, rules = list(mappings.parse(MAPPING).values()), NameRules()
    began_s = time.process_time()
    header, *rows = records.records(data, line=1, delimiter=spec.delimiter, is_last=True)
    width, fields = imports.begin_csv(spec, header)
    place = Place(width=width, fields=fields)
    for record in rows:
        row = imports.read(spec, place, record, targets=targets)
        list(imports.events_of(job, row, line=record.line, rules=rules))
    return time.process_time() - began_s


def _done(job: Any) -> Any:
    if job["state"] != "done":
        raise TooSlow(f"after {DEADLINE_S:.0f} s the job is {job['state']}: {job['reason']}")
    return job


def _speed(what: str, job: Any) -> Row:
    took_s = (epoch_ms(job["finished_at"]) - epoch_ms(job["created_at"])) / 1000
    return Row(
        what=f"{what} a second",
        value=f"{job['done'] / took_s:.0f}",
        how=f"one job of {job['done']}, {took_s:.0f} s from its creation to its end",
    )
