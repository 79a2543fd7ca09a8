"""The bill of a month for an installation that somebody describes by a few numbers."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from cli.cost import bill, idle, prices
from cli.cost.bill import GB, MILLION, Cpu, Line, Measured

DAYS_KEPT: Final = 30  # as `RetentionDays` of the template
EVENT_GB: Final = 0.6  # a million events of 1 KB in their table, compressed
DELIVERY_GB: Final = 1.0  # a million records of deliveries, each with its body
ENTRY_GB: Final = 0.15  # a million entries of timelines
PROFILE_BYTES: Final = 1150  # a person with two names: 850 bytes of profile, and the names
RAW_GB: Final = 0.051  # a million events in the raw log
LAKE_GB: Final = 0.044  # a million events in the lake, which keeps them
LAKE_MONTHS: Final = 12  # how long the lake has grown
LOADS: Final = idle.HOURS  # of a sync that is due each hour
LOAD_S: Final = 5  # of a load, beside its rows: assumed, mostly waiting for the warehouse
ROWS_S: Final = 15  # of a core for a million rows, measured
SYNC_MB: Final = 2048  # as in template.yaml
SYNC_METRICS: Final = 5  # that each sync writes for itself
METRICS: Final = 20  # that are written while all kinds of work are under way
WAKE_RPU_HOURS: Final = 8 / 60  # of Redshift Serverless: 8 RPU for a minute, the least it bills


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """What an installation does in a month."""

    events: float  # that land on the bus
    fanout: float  # deliveries that an event makes, on the average
    runs: float  # runs of functions that an event makes, on the average
    profiles: float  # people that are known
    syncs: int  # that load each hour
    redshift: bool  # whether the syncs wake Redshift Serverless


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A line of the month's bill, and what makes it smaller."""

    what: str
    dollars: float  # a month
    how: str  # where the number comes from
    lever: str  # what to do about it
    is_idle: bool  # whether it is paid although nothing happens


def month(work: Workload, *, counts: Measured, cpu: Cpu, parts: idle.Parts) -> Sequence[Entry]:
    """Every line of the bill, the largest first.

    Args:
        work: what is done in the month.
        counts: of one delivery.
        cpu: of one delivery.
        parts: of the template.
    """
    busy = [*_events(work, counts, cpu), *_kept(work), *_syncs(work)]
    entries = [
        *(_entry(line, is_idle=False) for line in busy if line.dollars),
        *(_entry(line, is_idle=True) for line in idle.lines(parts)),
    ]
    return sorted(entries, key=lambda entry: -entry.dollars)


def _entry(line: Line, *, is_idle: bool) -> Entry:
    return Entry(
        what=line.what,
        dollars=line.dollars,
        how=line.how,
        lever=LEVERS[line.what],
        is_idle=is_idle,
    )


def _events(work: Workload, counts: Measured, cpu: Cpu) -> Iterator[Line]:
    events = work.events / MILLION
    matched = bill.matched(counts, cpu, fanout=work.fanout + work.runs)
    for line in [*matched, *bill.kept(counts)]:
        yield _times(line, events)
    for line in bill.delivered(counts, cpu):
        yield _times(line, events * work.fanout)
    yield _times(bill.run(counts), events * work.runs)


def _kept(work: Workload) -> Iterator[Line]:
    events, table = work.events / MILLION, prices.TABLE_GB.dollars + prices.BACKUP_GB.dollars
    for what, size_gb, million in (
        ("events, stored", EVENT_GB, events),
        ("deliveries, stored", DELIVERY_GB, events * work.fanout),
        ("timelines, stored", ENTRY_GB, events),
    ):
        how = f"{size_gb} GB a million, for {DAYS_KEPT} days, with the table's backups"
        yield Line(what=what, dollars=million * size_gb * table, how=how)
    yield Line(
        what="profiles, stored",
        dollars=work.profiles * PROFILE_BYTES / GB * table,
        how=f"{PROFILE_BYTES:,} bytes a person with two names, with the table's backups",
    )
    yield Line(
        what="raw log and lake",
        dollars=events * (RAW_GB + LAKE_GB * LAKE_MONTHS) * prices.OBJECT_GB.dollars,
        how=f"{RAW_GB} GB a million for {DAYS_KEPT} days, and {LAKE_GB} GB that stay: after"
        f" {LAKE_MONTHS} months",
    )
    if work.events:
        yield Line(
            what="metrics of the work",
            dollars=METRICS * prices.METRIC.dollars,
            how=f"{METRICS}, while all kinds of work are under way",
        )


def _syncs(work: Workload) -> Iterator[Line]:
    seconds = LOADS * LOAD_S + work.events / MILLION * ROWS_S * bill.CORE_MB / SYNC_MB
    gb_s = seconds * SYNC_MB / 1024
    calls = LOADS * prices.INVOCATION.dollars / MILLION
    yield Line(
        what="loads of syncs",
        dollars=work.syncs * (calls + gb_s * prices.GB_SECOND.dollars),
        how=f"each hour {LOAD_S} s at {SYNC_MB:,} MB, assumed, and {ROWS_S} s of CPU a million"
        " rows, measured",
    )
    yield Line(
        what="metrics of syncs",
        dollars=work.syncs * SYNC_METRICS * prices.METRIC.dollars,
        how=f"{SYNC_METRICS} for each sync",
    )
    if work.redshift and work.syncs:
        yield Line(
            what="Redshift Serverless",
            dollars=LOADS * WAKE_RPU_HOURS * prices.RPU_HOUR.dollars,
            how="a minute of 8 RPU each hour, which all syncs share",
        )


def _times(line: Line, million: float) -> Line:
    return Line(what=line.what, dollars=line.dollars * million, how=line.how)


LEVERS: Final[Mapping[str, str]] = {
    "EventBridge": "send what somebody subscribes to; up to 64 KB of an event cost the same",
    "match queue": "fewer events: nothing else makes it less",
    "fanout": "fewer, more selective subscriptions",
    "the log of `fanout`": "nothing: it is the metrics of the batches",
    "the event, kept": "fewer events: each is kept, so that it can be replayed",
    "archive": "smaller events: EventBridge's archive is paid by size",
    "profiles": "`ProfileWindowSeconds`: events of a moment share a call; fewer changes of people",
    "timelines": "fewer events about people",
    "DynamoDB writes": "receivers that answer at once: a retried delivery writes four units",
    "deliver queue": "fewer deliveries: filters at the subscription, not at the receiver",
    "deliver": "receivers that answer sooner: waiting for them is most of it",
    "logs": "fewer deliveries: a line is written for each attempt",
    "data out": "transforms that send less; receivers in the same region do not pay less",
    "DynamoDB reads": "fewer deliveries: each record is read before its attempt",
    "hints": "receivers that answer at once: only retries have hints",
    "a function's run": "filters at the trigger, so that functions run on what they need",
    "events, stored": "`RetentionDays`: half of it costs half",
    "deliveries, stored": "`RetentionDays`, and transforms that send less",
    "timelines, stored": "`RetentionDays`",
    "profiles, stored": "fewer properties; erase people who are gone",
    "raw log and lake": "`RetentionDays` for the raw log; the lake is meant to stay",
    "metrics of the work": "nothing: a metric that is not written is not paid",
    "loads of syncs": "a longer schedule: `syncs update --schedule 'daily at 03:30 Europe/Berlin'`",
    "metrics of syncs": "`SyncMetrics=together`: five for all syncs",
    "Redshift Serverless": "a longer schedule (daily costs $1.50), 4 RPU, or the lake and `query`",
    "alarms": "fewer alarms in infra/stacks/alarms.yaml; the first ten of an account are free",
    "idle queues": "nothing: each queue has its reader",
    "sealing key": "nothing: one key seals the secrets of all tenants",
    "looks at queues": "nothing: without them each queue would have an alarm, at $0.10",
    "each minute": "nothing: due retries wait at most a minute",
}
"""What makes each line smaller, by its name."""
