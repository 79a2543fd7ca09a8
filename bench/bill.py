"""The bill for a million deliveries: what was counted, times the list prices of AWS.

Waiting, which no emulator can show, is taken for what it is at a receiver that answers in a quarter
of a second; the CPU in between is slower in a Lambda by the share of a core that its memory buys.
"""

from dataclasses import dataclass
from typing import Final

# List prices of us-east-1, without the free tier, in dollars.
EVENTS_PER_M: Final = 1.00  # EventBridge, custom events, each begun 64 KB
REQUESTS_PER_M: Final = 0.40  # SQS, standard queues
FAIR_REQUESTS_PER_M: Final = 0.50  # the same where messages have a group, as in the deliver queue
INVOCATIONS_PER_M: Final = 0.20  # Lambda
GB_SECOND: Final = 0.0000133334  # Lambda, arm64
WRITES_PER_M: Final = 0.625  # DynamoDB on demand
READS_PER_M: Final = 0.125
LOGS_PER_GB: Final = 0.50  # CloudWatch Logs, standard class
OUT_PER_GB: Final = 0.09
ARCHIVED_PER_GB: Final = 0.10  # EventBridge archive, when an event goes in
GB: Final = 1e9
MILLION: Final = 1_000_000

BATCH: Final = 10
RETRIES: Final = 0.08  # of the deliveries need a second attempt
ATTEMPTS: Final = 1 + RETRIES
ROUND_TRIP_S: Final = 0.250  # of the receiver
OF_TEN: Final = 1.25  # round trips until the slowest of ten receivers has answered
AWS_CALL_S: Final = 0.005  # to a table or a queue in the region, of those that are waited for
DELIVER_MB: Final = 256  # as in template.yaml
FANOUT_MB: Final = 512
CORE_MB: Final = 1769  # buys one core
SHORT_S: Final = 0.030  # ten events in `project_profile`
RUN_S: Final = 0.100  # ten events of short functions, in `run` and in the sandbox it waits for
TLS_BYTES: Final = 29  # around a request that is one record, on a connection that is kept


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """Of one delivery that succeeds at once, unless it says something else."""

    writes: float
    reads: float
    writes_of_a_retried: float
    reads_of_a_retried: float
    log_bytes: float
    matching_log_bytes: float
    request_bytes: float
    body_bytes: int
    run_writes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Cpu:
    """Milliseconds of a whole core per webhook, as `bench.handlers` measures it; else these."""

    fanout_ms: float = 0.15
    deliver_ms: float = 0.9


STATED: Final = Cpu()


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """Of the bill; `beyond` what the formula of the target knows of."""

    what: str
    dollars: float
    how: str
    beyond: bool = False


def lines(counted: Measured, cpu: Cpu = STATED) -> list[Line]:
    """The bill for one million deliveries, one an event: first the terms of the formula.

    E·⌈kb/64⌉·$1 + [E + 2E/b]·s + [A/10 + 2A/b]·s + (E/b)(r + t₁·m·g) + (A/b)(r + t₂·m·g)
    + (w·A + u·E)·$0.625/M + A·l·$0.50/GB + A·x·$0.09/GB
    """
    return [*_formula(counted, cpu), *_beyond(counted)]


def _formula(counted: Measured, cpu: Cpu) -> list[Line]:
    writes = counted.writes + RETRIES * (counted.writes_of_a_retried - counted.writes)
    matched, sent = 1 + 2 / BATCH, ATTEMPTS * (1 / BATCH + 2 / BATCH)
    fanout = lambda_dollars(fanout_s(cpu), FANOUT_MB)
    deliver = ATTEMPTS * lambda_dollars(deliver_s(cpu), DELIVER_MB)
    return [
        Line(what="EventBridge", dollars=EVENTS_PER_M, how="one custom event"),
        Line(
            what="DynamoDB writes",
            dollars=writes * WRITES_PER_M,
            how=f"{writes:.2f} units, measured: {counted.writes:.2f} for a delivery that arrives at"
            f" once, {counted.writes_of_a_retried:.2f} for one that is retried",
        ),
        Line(
            what="SQS",
            dollars=matched * REQUESTS_PER_M + sent * FAIR_REQUESTS_PER_M,
            how=f"{matched:.2f} requests to and from the match queue, one of them the bus's own,"
            f" and {sent:.2f} to and from the deliver queue, which is fair",
        ),
        Line(
            what="Lambda",
            dollars=fanout + deliver,
            how=f"for ten, `fanout` {fanout_s(cpu) * 1000:.0f} ms at {FANOUT_MB} MB and `deliver`"
            f" {deliver_s(cpu) * 1000:.0f} ms at {DELIVER_MB} MB, of it"
            f" {BATCH * cpu.deliver_ms / share(DELIVER_MB):.0f} ms of CPU",
        ),
        Line(
            what="logs",
            dollars=_logged(ATTEMPTS * counted.log_bytes),
            how=f"{counted.log_bytes:.0f} bytes an attempt, measured",
        ),
        Line(
            what="data out",
            dollars=MILLION * ATTEMPTS * (counted.request_bytes + TLS_BYTES) / GB * OUT_PER_GB,
            how=f"{counted.request_bytes:.0f} bytes a request, measured, and TLS around it",
        ),
    ]


def _beyond(counted: Measured) -> list[Line]:
    reads = counted.reads + RETRIES * (counted.reads_of_a_retried - counted.reads)
    return [
        Line(
            what="DynamoDB reads",
            dollars=reads * READS_PER_M,
            how=f"{reads:.2f} units, measured: a strong read of each record before its attempt",
            beyond=True,
        ),
        Line(
            what="hints",
            dollars=RETRIES * (1 - 1 / BATCH) * FAIR_REQUESTS_PER_M,
            how="that of a retry is sent alone, not in tens",
            beyond=True,
        ),
        Line(
            what="the log of `fanout`",
            dollars=_logged(counted.matching_log_bytes),
            how=f"{counted.matching_log_bytes:.0f} bytes an event, measured; Lambda's own lines"
            " are off",
            beyond=True,
        ),
    ]


def total(bill: list[Line], *, beyond: bool) -> float:
    """The sum, with or without what the formula leaves out."""
    return sum(line.dollars for line in bill if beyond or not line.beyond)


def extras(counted: Measured) -> list[Line]:
    """What each event costs besides, whether or not anybody listens to it."""
    queue = (1 + 2 / BATCH) * REQUESTS_PER_M
    return [
        Line(
            what="archive",
            dollars=queue + MILLION * counted.body_bytes / GB * ARCHIVED_PER_GB,
            how="its queue and the bus's own archive; thousands of events share an object",
        ),
        Line(
            what="profiles",
            dollars=queue + lambda_dollars(SHORT_S, FANOUT_MB) + READS_PER_M + WRITES_PER_M,
            how="their queue, `project_profile`, a read, and a write if the event changes any",
        ),
        Line(
            what="a function's run",
            dollars=3 / BATCH * FAIR_REQUESTS_PER_M
            + 2 * lambda_dollars(RUN_S, FANOUT_MB)
            + 2 * READS_PER_M
            + counted.run_writes * WRITES_PER_M,
            how=f"`run` and the sandbox {RUN_S * 1000:.0f} ms for ten, two reads,"
            f" {counted.run_writes} write units, measured",
        ),
    ]


def fanout_s(cpu: Cpu) -> float:
    """What `fanout` takes for ten events: it sends one batch."""
    return AWS_CALL_S + BATCH * cpu.fanout_ms / 1000 / share(FANOUT_MB)


def deliver_s(cpu: Cpu) -> float:
    """What `deliver` takes for ten attempts at once: reads, waits for the slowest, and writes."""
    own = BATCH * cpu.deliver_ms / 1000 / share(DELIVER_MB)
    return OF_TEN * ROUND_TRIP_S + 2 * AWS_CALL_S + own


def share(memory_mb: int) -> float:
    """Of a core, that so much memory buys."""
    return memory_mb / CORE_MB


def lambda_dollars(duration_s: float, memory_mb: int) -> float:
    """A million events in invocations of ten, each of so long."""
    gb_seconds = duration_s * memory_mb / 1024
    return (INVOCATIONS_PER_M + gb_seconds * GB_SECOND * MILLION) / BATCH


def _logged(bytes_each: float) -> float:
    return MILLION * bytes_each / GB * LOGS_PER_GB
