"""Turns jobs into items of their table, and back."""

from collections.abc import Mapping
from typing import Any, Final

from runtime.core.jobs.job import Fault, Job, JobKind, JobState, Reason
from runtime.stores.tables import codec
from runtime.stores.tables.codec import Item

AS_JSON: Final = frozenset({"params", "counts", "faults", "result", "reason"})


def job_item(job: Job) -> Item:
    """The attributes of a job."""
    return codec.encode(job, as_json=AS_JSON)


def job(item: Mapping[str, Item]) -> Job:
    """A stored job."""
    raw: dict[str, Any] = codec.fields(item, Job, as_json=AS_JSON)
    raw["kind"], raw["state"] = JobKind(raw["kind"]), JobState(raw["state"])
    raw["faults"] = tuple(Fault(**each) for each in raw["faults"])
    if "reason" in raw:
        raw["reason"] = Reason(**raw["reason"])
    return Job(**raw)
