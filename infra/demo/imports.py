"""People come in from a file and go out to one; nobody is lost, and one name too many is refused.

All of it happens after the counting, so none of it is in the sums.
"""

import csv
import hashlib
import io
from collections.abc import Iterator, Mapping
from typing import Any, Final

import httpx

from infra.demo.patience import Patience
from infra.demo.stage import Stage

PEOPLE: Final = 24
# Of a property of each: together more than DynamoDB gives in one answer, so that an export has two
# pages. Digits of hashes hardly compress.
BULK_CHARS: Final = 100_000
CROWDED: Final = "imported-0"  # a customer with more addresses than a person may have
ADDRESSES: Final = 6
CITY: Final = "=Rome"  # a text that a spreadsheet would run
MAPPING: Final = {
    "customer": "external_id",
    "mail": "email",
    "city": "properties.city",
    "bulk": "properties.bulk",
    "news": "consent.email",
}
TRANSFER_S: Final = 60


def problems(stage: Stage, patience: Patience) -> Iterator[str]:
    """A sentence for everything about the import and the export that is not as it must be."""
    stage.progress.step(f"{PEOPLE} people are imported from a file, and exported to one")
    data = _file()
    imported = take_in(stage, data, mapping=MAPPING, patience=patience)
    if (imported["state"], imported["counts"].get("taken")) != ("done", PEOPLE + ADDRESSES - 1):
        yield f"the import ended as {imported}"
    if [fault["code"] for fault in imported["faults"]] != ["unequal_columns"]:
        yield f"the import's faults are {imported['faults']}"
    yield from _refusal_problems(stage, patience)
    yield from _export_problems(stage, patience)
    request = {"format": "csv", "mapping": MAPPING, "bytes": 1}
    waiting = stage.api.post("/v1/profiles/import", request)
    stage.api.post(f"/v1/jobs/{waiting['id']}/cancel")
    states = {job["id"]: job["state"] for job in stage.api.get("/v1/jobs")["data"]}
    if states.get(waiting["id"]) != "cancelled":
        yield "an import that was cancelled is not"


def _file() -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(MAPPING)
    for number in range(PEOPLE):
        digits = (hashlib.sha256(f"{number}-{n}".encode()).hexdigest() for n in range(2000))
        bulk = "".join(digits)[:BULK_CHARS]
        address = f"imported-{number}@example.com"
        writer.writerow([f"imported-{number}", address, CITY, bulk, "yes"])
    for number in range(1, ADDRESSES):
        writer.writerow([CROWDED, f"crowd-{number}@example.com", "", "", ""])
    writer.writerow(["one field"])
    return text.getvalue().encode()


def take_in(stage: Stage, data: bytes, *, mapping: Mapping[str, str], patience: Patience) -> Any:
    """Import a CSV; returns the job once it has ended, or when patience has."""
    request = {"format": "csv", "mapping": mapping, "bytes": len(data)}
    made = stage.api.post("/v1/profiles/import", request)
    upload = made["upload"]
    httpx.request(
        upload["method"],
        upload["url"],
        headers=upload["headers"],
        content=data,
        timeout=TRANSFER_S,
        trust_env=False,
    ).raise_for_status()
    stage.api.post(f"/v1/jobs/{made['id']}/start")
    return ended(stage, made["id"], patience)


def _export_problems(stage: Stage, patience: Patience) -> Iterator[str]:
    request = {
        "format": "csv",
        "filter": {"properties": {"city": [CITY]}},
        "columns": ["external_id", "properties.city", "consent.email"],
    }
    job = ended(stage, stage.api.post("/v1/profiles/export", request)["id"], patience)
    if job["state"] != "done":
        yield f"the export ended as {job}"
        return
    signed = stage.api.get(f"/v1/jobs/{job['id']}/download")
    answer = httpx.request(
        signed["method"], signed["url"], timeout=TRANSFER_S, trust_env=False
    ).raise_for_status()
    people = {row["external_id"]: row for row in csv.DictReader(io.StringIO(answer.text))}
    if people.keys() != {f"imported-{number}" for number in range(PEOPLE)}:
        yield f"the export has {len(people)} people, must be {PEOPLE}"
    shown = {(row["properties.city"], row["consent.email"]) for row in people.values()}
    if shown != {(f"'{CITY}", "subscribed")}:
        yield f"the export shows {shown}"


def _refusal_problems(stage: Stage, patience: Patience) -> Iterator[str]:
    """The name that would have been the sixth of its kind stands in the person's timeline."""
    [crowded] = stage.api.get("/v1/profiles", {"external_id": CROWDED})["data"]
    path = f"/v1/profiles/{crowded['id']}/timeline"
    if not patience.until(lambda: bool(stage.api.get(path, {"kind": "refusal"})["data"])):
        yield "nothing shows that a name was refused in an import"


def ended(stage: Stage, job_id: str, patience: Patience) -> Any:
    """A job once it has ended, or when patience has."""
    path = f"/v1/jobs/{job_id}"
    patience.until(lambda: stage.api.get(path)["finished_at"] is not None)
    return stage.api.get(path)
