"""Computes the bill for a million deliveries, from counts and the list prices of AWS.

No emulator can show how long a Lambda waits for receivers, so this assumes receivers that answer in
a quarter of a second. CPU time is what was measured on a whole core, divided by the share of a core
that the Lambda's memory buys.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from cli.cost import prices

GB: Final = 1e9
MILLION: Final = 1_000_000

BATCH: Final = 10
RETRIES: Final = 0.08  # the share of deliveries that need a second attempt
ATTEMPTS: Final = 1 + RETRIES
ROUND_TRIP_S: Final = 0.250  # until a receiver has answered
OF_TEN: Final = 1.25  # until the slowest of ten has answered, in round trips
AWS_CALL_S: Final = (
    0.005  # one call of a table or a queue in the region, where the code waits for it
)
DELIVER_MB: Final = 256  # as in template.yaml
FANOUT_MB: Final = 512
CORE_MB: Final = 1769  # the memory with which Lambda gives one core
SHORT_S: Final = 0.030  # of `project_profile` for ten events
RUN_S: Final = 0.100  # of `run`, and of the sandbox it waits for, for ten events of short functions
TLS_BYTES: Final = 29  # that TLS adds to a request of one record, on an open connection


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """The counts of one delivery."""

    writes: float  # write units of a delivery that succeeds at once
    reads: float  # read units of a delivery that succeeds at once
    writes_of_a_retried: float  # write units of a delivery whose second attempt succeeds
    reads_of_a_retried: float  # read units of a delivery whose second attempt succeeds
    log_bytes: float  # of `deliver`, for one attempt
    matching_log_bytes: float  # of `fanout`, for one event
    request_bytes: float  # of the POST, with its headers
    body_bytes: int  # of the POST's body
    run_writes: int  # write units of a function's run
    event_writes: float  # write units of an event that is kept, with its share of a page
    # Read units of `project_profile` for an event about somebody who is known, by one name that
    # the process does not remember.
    profile_reads: float
    timeline_writes: float  # write units of an event's entry in the timeline of its person


@dataclass(frozen=True, slots=True, kw_only=True)
class Cpu:
    """Milliseconds of a whole core per webhook. The defaults serve where nothing was measured."""

    fanout_ms: float = 0.15
    deliver_ms: float = 0.9


STATED: Final = Cpu()


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of the bill."""

    what: str
    dollars: float
    how: str  # where the number comes from
    beyond: bool = False  # the formula in docs/explanation/cost.md leaves it out


def lines(counts: Measured, cpu: Cpu = STATED) -> list[Line]:
    """The bill for one million deliveries of as many events, the formula's terms first.

    E·⌈kb/64⌉·$1 + [E + 2E/b]·s + [A/10 + 2A/b]·s + (E/b)(r + t₁·m·g) + (A/b)(r + t₂·m·g)
    + (w·A + u·E)·$0.625/M + A·l·$0.50/GB + A·x·$0.09/GB
    """
    by = {line.what: line for line in [*matched(counts, cpu), *delivered(counts, cpu)]}
    return [
        by["EventBridge"],
        by["DynamoDB writes"],
        _joined("SQS", by["match queue"], by["deliver queue"]),
        _joined("Lambda", by["fanout"], by["deliver"]),
        by["logs"],
        by["data out"],
        by["DynamoDB reads"],
        by["hints"],
        by["the log of `fanout`"],
    ]


def matched(counts: Measured, cpu: Cpu, *, fanout: float = 1) -> list[Line]:
    """What a million events cost until their messages are sent: bus, queue, `fanout`, its log.

    Args:
        counts: of one delivery.
        cpu: of one delivery.
        fanout: deliveries and runs that an event makes, on the average.
    """
    requests, duration_s = 1 + 2 / BATCH, fanout_s(cpu, fanout=fanout)
    return [
        Line(what="EventBridge", dollars=prices.EVENT.dollars, how="one custom event"),
        Line(
            what="match queue",
            dollars=requests * prices.REQUEST.dollars,
            how=f"{requests:.2f} requests to and from the match queue, one of them the bus's own",
        ),
        Line(
            what="fanout",
            dollars=lambda_dollars(duration_s, FANOUT_MB),
            how=f"for ten, `fanout` {duration_s * 1000:.0f} ms at {FANOUT_MB} MB",
        ),
        Line(
            what="the log of `fanout`",
            dollars=_logged(counts.matching_log_bytes),
            how=f"{counts.matching_log_bytes:.0f} bytes an event, measured; Lambda's own lines"
            " are off",
            beyond=True,
        ),
    ]


def delivered(counts: Measured, cpu: Cpu) -> list[Line]:
    """What a million deliveries cost from their messages on."""
    writes = counts.writes + RETRIES * (counts.writes_of_a_retried - counts.writes)
    reads = counts.reads + RETRIES * (counts.reads_of_a_retried - counts.reads)
    requests = ATTEMPTS * (1 / BATCH + 2 / BATCH)
    out_bytes = ATTEMPTS * (counts.request_bytes + TLS_BYTES)
    return [
        Line(
            what="DynamoDB writes",
            dollars=writes * prices.WRITE.dollars,
            how=f"{writes:.2f} units, measured: {counts.writes:.2f} for a delivery that arrives at"
            f" once, {counts.writes_of_a_retried:.2f} for one that is retried",
        ),
        Line(
            what="deliver queue",
            dollars=requests * prices.FAIR_REQUEST.dollars,
            how=f"{requests:.2f} to and from the deliver queue, which is fair",
        ),
        Line(
            what="deliver",
            dollars=ATTEMPTS * lambda_dollars(deliver_s(cpu), DELIVER_MB),
            how=f"`deliver` {deliver_s(cpu) * 1000:.0f} ms at {DELIVER_MB} MB, of it"
            f" {BATCH * cpu.deliver_ms / share(DELIVER_MB):.0f} ms of CPU",
        ),
        Line(
            what="logs",
            dollars=_logged(ATTEMPTS * counts.log_bytes),
            how=f"{counts.log_bytes:.0f} bytes an attempt, measured",
        ),
        Line(
            what="data out",
            dollars=MILLION * out_bytes / GB * prices.OUT_GB.dollars,
            how=f"{counts.request_bytes:.0f} bytes a request, measured, and TLS around it",
        ),
        Line(
            what="DynamoDB reads",
            dollars=reads * prices.READ.dollars,
            how=f"{reads:.2f} units, measured: a strong read of each record before its attempt",
            beyond=True,
        ),
        Line(
            what="hints",
            dollars=RETRIES * (1 - 1 / BATCH) * prices.FAIR_REQUEST.dollars,
            how="that of a retry is sent alone, not in tens",
            beyond=True,
        ),
    ]


def _joined(what: str, *parts: Line) -> Line:
    how = " and ".join(part.how for part in parts)
    return Line(what=what, dollars=sum(part.dollars for part in parts), how=how)


def total(bill: Sequence[Line], *, beyond: bool) -> float:
    """The sum in dollars, with or without the lines that the formula leaves out."""
    return sum(line.dollars for line in bill if beyond or not line.beyond)


def extras(counts: Measured) -> list[Line]:
    """What a million events cost besides their deliveries, and a million runs of functions."""
    return [*kept(counts), run(counts)]


def kept(counts: Measured) -> list[Line]:
    """What a million events cost besides their deliveries, even if no webhook gets them."""
    queue = (1 + 2 / BATCH) * prices.REQUEST.dollars
    return [
        Line(
            what="the event, kept",
            dollars=counts.event_writes * prices.WRITE.dollars,
            how=f"{counts.event_writes:.2f} write units, measured: one for its record, and its"
            " share of a page that lists ten",
        ),
        Line(
            what="archive",
            dollars=queue + MILLION * counts.body_bytes / GB * prices.EVENT_ARCHIVE.dollars,
            how="its queue and the bus's own archive; thousands of events share an object",
        ),
        Line(
            what="profiles",
            dollars=queue
            + lambda_dollars(SHORT_S, FANOUT_MB)
            + counts.profile_reads * prices.READ.dollars
            + prices.WRITE.dollars,
            how=f"their queue, `project_profile`, {counts.profile_reads:.2f} read units, measured:"
            " where the name leads, and the profile; and a write if the event changes any",
        ),
        Line(
            what="timelines",
            dollars=counts.timeline_writes * prices.WRITE.dollars,
            how=f"{counts.timeline_writes:.2f} write units, measured, for the event's entry; one"
            " more for what it changes, if it changes anything",
        ),
    ]


def run(counts: Measured) -> Line:
    """What a million runs of functions cost."""
    return Line(
        what="a function's run",
        dollars=4 / BATCH * prices.FAIR_REQUEST.dollars
        + 2 * lambda_dollars(RUN_S, FANOUT_MB)
        + 2 * prices.READ.dollars
        + counts.run_writes * prices.WRITE.dollars,
        how=f"`run` and the sandbox {RUN_S * 1000:.0f} ms for ten, a lease for ten,"
        f" two reads, {counts.run_writes} write units, measured",
    )


def fanout_s(cpu: Cpu, *, fanout: float = 1) -> float:
    """Seconds of `fanout` for ten events: one call keeps them, and one sends each ten messages."""
    own = BATCH * max(1, fanout) * cpu.fanout_ms / 1000 / share(FANOUT_MB)
    return (1 + fanout) * AWS_CALL_S + own


def deliver_s(cpu: Cpu) -> float:
    """Seconds of `deliver` for ten attempts at once: reads, a wait for the slowest, and writes."""
    own = BATCH * cpu.deliver_ms / 1000 / share(DELIVER_MB)
    return OF_TEN * ROUND_TRIP_S + 2 * AWS_CALL_S + own


def share(memory_mb: int) -> float:
    """The share of a core that a Lambda with this much memory gets."""
    return memory_mb / CORE_MB


def lambda_dollars(duration_s: float, memory_mb: int) -> float:
    """The price of a million events, in invocations of ten that take this long each."""
    gb_seconds = duration_s * memory_mb / 1024
    return (prices.INVOCATION.dollars + gb_seconds * prices.GB_SECOND.dollars * MILLION) / BATCH


def _logged(bytes_each: float) -> float:
    return MILLION * bytes_each / GB * prices.LOG_GB.dollars
