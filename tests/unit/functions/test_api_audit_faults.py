"""A change and its entry, when a process is killed between any two lines, or AWS fails."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from functions import api as api_function
from runtime.core import timestamps
from runtime.core.audit.entry import Entry, due_at_ms
from runtime.errors import Transient
from runtime.stores.tables import shards
from runtime.usecases.audit.record_change import Begun, RecordChange
from runtime.wiring import worker
from tests import audit
from tests.api_client import ApiClient
from tests.doubles import Failing
from tests.tending import BusOf

HOOK = {"name": "orders", "url": "https://hooks.example.com/in", "topics": ["metric.x"]}


class Killed(BaseException):
    """The process is killed here."""


@contextmanager
def killed_before(api: ApiClient, call: int) -> Iterator[list[str]]:
    """Kill the process before its call of this number to AWS; yields the calls that it made."""
    made = list[str]()

    def count(event_name: str, **_: object) -> None:
        if len(made) == call:
            raise Killed
        made.append(event_name.removeprefix("before-send."))

    wire: Any = api.application.audit.log.table.client
    emitters = [
        wire._service._events,  # noqa: SLF001 - nobody but a test needs to reach it
        api.application.audit.record.bus.client.meta.events,  # type: ignore[attr-defined]
    ]
    for events in emitters:
        events.register_first("before-send", count)  # moto is the next, and answers
    try:
        yield made
    finally:
        for events in emitters:
            events.unregister("before-send", count)


@pytest.fixture
def recorder(api: ApiClient, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Gives the running application other parts to record changes with."""

    def use(**parts: Any) -> None:
        record: RecordChange = replace(api.application.audit.record, **parts)
        with_it = replace(api.application, audit=replace(api.application.audit, record=record))
        monkeypatch.setattr(api_function, "_application", lambda: with_it)

    return use


class Log:
    """The real log, of which some methods fail."""

    def __init__(self, log: Any, **failing: Any) -> None:
        self.add = failing.get("add", log.add)
        self.end = failing.get("end", log.end)
        self.note_told = failing.get("note_told", log.note_told)


def no(*_: object, **__: object) -> Any:
    """AWS does not answer."""
    raise Transient("no", code="aws_unavailable")


def entries(api: ApiClient) -> list[dict[str, Any]]:
    """The entries of the tenant, the newest first."""
    listed: list[dict[str, Any]] = api.get("/v1/audit").json["data"]
    return listed


def test_wherever_a_process_is_killed_no_change_goes_unrecorded(installation: ApiClient) -> None:
    """Before each of its calls to AWS once: the change has an entry, an end, and an event."""
    ends = set()
    for call in range(30):
        api = installation.newcomer()
        path = f"/v1/webhooks/{api.post('/v1/webhooks', HOOK).json['id']}"
        audit.told(api)
        before = api.get(path).json
        with killed_before(api, call) as made:
            try:
                api.call("PATCH", path, {"name": "changed"})
                was_killed = False
            except Killed:
                was_killed = True

        left = [each for each in entries(api) if each["action"] == "webhook.updated"]
        has_changed = api.get(path).json != before
        assert left or not has_changed, made

        audit.sweep_later(api.cloud)
        ended = [each for each in entries(api) if each["action"] == "webhook.updated"]
        told = [event["properties"] for event in audit.told(api)]
        assert [each["id"] for each in left] == [each["id"] for each in ended]
        assert {each["id"] for each in ended} == {each["id"] for each in told}
        for each in ended:
            assert each["outcome"] == ("done" if each["changed"] else "unknown")
            assert {each["outcome"]} == {event["outcome"] for event in told}
        assert 0 == audit.sweep_later(api.cloud)
        ends.add((has_changed, ended[0]["outcome"] if ended else None))
        if not was_killed:
            break
    else:
        pytest.fail("the call never came to its end")
    # Not yet begun; begun; changed and not ended; ended.
    assert {(False, None), (False, "unknown"), (True, "unknown"), (True, "done")} == ends


def test_a_change_that_cannot_be_recorded_is_not_made(
    api: ApiClient, recorder: Callable[..., None]
) -> None:
    """The caller may try again, and nothing has happened."""
    path = f"/v1/webhooks/{api.post('/v1/webhooks', HOOK).json['id']}"
    before = api.get(path).json
    recorder(entries=Log(api.application.audit.log, add=no))

    answer = api.call("PATCH", path, {"name": "changed"})

    assert (503, "aws_unavailable") == (answer.status, answer.json["code"])
    assert before == api.get(path).json


@pytest.mark.parametrize("what", ["end", "bus", "note_told"])
def test_a_change_that_was_made_is_answered_so_whatever_becomes_of_its_entry(
    api: ApiClient, recorder: Callable[..., None], what: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A failure would have the caller make the change once more. The sweep does the rest."""
    path = f"/v1/webhooks/{api.post('/v1/webhooks', HOOK).json['id']}"
    audit.told(api)
    log = api.application.audit.log
    recorder(**({"bus": BusOf(no)} if what == "bus" else {"entries": Log(log, **{what: no})}))

    assert 200 == api.call("PATCH", path, {"name": "changed"}).status

    assert "audit.not_ended" in capsys.readouterr().out
    audit.sweep_later(api.cloud)
    [entry] = api.get("/v1/audit", action="webhook.updated").json["data"]
    assert ("unknown" if what == "end" else "done") == entry["outcome"]
    assert {entry["id"]} == {each["properties"]["id"] for each in audit.told(api)}


@pytest.mark.parametrize(
    ("problem", "code"),
    [(Transient("no", code="dns_timeout"), "dns_timeout"), (KeyError(), "internal")],
)
def test_a_fault_of_ours_leaves_open_whether_the_change_was_made(
    api: ApiClient, monkeypatch: pytest.MonkeyPatch, problem: Exception, code: str
) -> None:
    """Nobody knows, so the entry does not say that nothing has happened."""
    path = f"/v1/webhooks/{api.post('/v1/webhooks', HOOK).json['id']}"
    update = Failing(api.application.webhooks.update, problem)
    webhooks = replace(api.application.webhooks, update=update)  # type: ignore[arg-type]
    broken = replace(api.application, webhooks=webhooks)
    monkeypatch.setattr(api_function, "_application", lambda: broken)

    assert code == api.call("PATCH", path, {"name": "changed"}).json["code"]

    [entry] = api.get("/v1/audit", action="webhook.updated").json["data"]
    assert ("unknown", code) == (entry["outcome"], entry["code"])


def test_the_sweep_leaves_a_call_that_may_still_be_at_work(api: ApiClient) -> None:
    """The API's function has half a minute, and an entry's lease is twice that."""
    api.cloud.audit.add(fresh := an_open_entry(api))

    assert 0 == audit.sweep_later(api.cloud, seconds=31)

    assert fresh == api.cloud.audit.get(api.tenant, fresh.id)


def test_a_slow_end_does_not_replace_that_of_the_sweep(api: ApiClient) -> None:
    """Whoever was told that the end is unknown is not told otherwise later, under the same id."""
    entry = an_open_entry(api)
    api.cloud.audit.add(entry)
    audit.told(api)
    audit.sweep_later(api.cloud)

    record = api.application.audit.record
    record.refused(Begun(entry=entry, before=None), code="too_late")

    assert "abandoned" == api.cloud.audit.get(api.tenant, entry.id).code
    assert ["abandoned"] == [each["properties"]["code"] for each in audit.told(api)]


def test_what_the_sweep_cannot_do_now_keeps_nothing_else_waiting(api: ApiClient) -> None:
    """One shard fails, and one event: the others are told of, and the sweep says that it failed."""
    every = [an_open_entry(api, unique=letter * 17) for letter in "abcdefgh"]
    for entry in every:
        api.cloud.audit.add(entry)
    audit.told(api)
    sweep = audit.sweep(api.cloud, seconds=120)
    log = api.cloud.audit

    class OneShardFails(Log):
        def due(self, *, shard: str, now_ms: int, limit: int) -> Iterator[Entry]:
            if shard == shards.audit_shard(every[0].id):
                no()
            return log.due(shard=shard, now_ms=now_ms, limit=limit)

    with pytest.raises(Transient):
        replace(sweep, entries=OneShardFails(log))()

    reached = {
        each.id for each in every if shards.audit_shard(each.id) != shards.audit_shard(every[0].id)
    }
    assert reached
    assert reached == {each["properties"]["id"] for each in audit.told(api)}

    flaky = Failing(api.cloud.bus.put, Transient("no"))
    with pytest.raises(Transient):
        replace(sweep, bus=BusOf(flaky))()
    sweep()

    told = {each["properties"]["id"] for each in audit.told(api)}
    assert {each.id for each in every} - reached == told


def an_open_entry(api: ApiClient, **changes: Any) -> Entry:
    """An entry of this tenant that has just begun."""
    at = timestamps.timestamp(worker.now())
    times = {"at": at, "at_ms": timestamps.epoch_ms(at), "due_at_ms": due_at_ms(at)}
    return audit.an_entry(tenant=api.tenant, **times, **changes)
