"""What an installation costs in a month in which nothing happens, counted in the template."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cli.cost import prices
from cli.cost.bill import FANOUT_MB, MILLION, Line
from runtime.core.watch.queues import EVERY_MIN

ROOT: Final = Path(__file__).parents[2]
HOURS: Final = 730  # of a month
# A Lambda that reads a queue keeps five long polls of 20 s open, however idle the queue is.
POLLS: Final = 5 * HOURS * 3600 / 20
MINUTE_S: Final = 0.3  # of `sweep` and of `jobs` each minute: assumed, not measured in AWS
MINUTE_READS: Final = 16  # read units of each: a query for each shard of each due index
LOOKS: Final = HOURS * 60 / EVERY_MIN  # of `sweep` at every queue

_RESOURCE: Final = re.compile(r"^  (?=\w+:)", re.MULTILINE)
_KIND: Final = re.compile(r"^    Type: (\S+)", re.MULTILINE)
_ON_CONDITION: Final = re.compile(r"^    Condition: ", re.MULTILINE)
_WATCHED: Final = re.compile(r"\bMetricStat:")
_READS_QUEUE: Final = re.compile(r"^ +Type: SQS *(?:#.*)?$", re.MULTILINE)
_EACH_MINUTE: Final = re.compile(r"rate\(1 minute\)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The parts of a template that are paid for although nothing happens."""

    alarms: int  # alarms about metrics
    watched: int  # metrics that these alarms watch: one each, or more where they compute
    composite_alarms: int  # alarms about other alarms
    keys: int  # of KMS
    queues: int  # of SQS, at each of which `sweep` looks
    polled: int  # queues from which a Lambda reads
    minutely: int  # schedules that call a function each minute


def count(root: Path = ROOT) -> Parts:
    """The parts of the template in this folder, without those that only a parameter brings."""
    template = (root / "template.yaml").read_text(encoding="utf-8")
    stacks = [path.read_text(encoding="utf-8") for path in (root / "infra/stacks").glob("*.yaml")]
    found = [pair for text in [template, *stacks] for pair in _resources(text)]
    alarms = [body for kind, body in found if kind == "AWS::CloudWatch::Alarm"]
    kinds = [kind for kind, _ in found]
    return Parts(
        alarms=len(alarms),
        watched=sum(max(1, len(_WATCHED.findall(body))) for body in alarms),
        composite_alarms=kinds.count("AWS::CloudWatch::CompositeAlarm"),
        keys=kinds.count("AWS::KMS::Key"),
        queues=kinds.count("AWS::SQS::Queue"),
        polled=len(_READS_QUEUE.findall(template)),
        minutely=len(_EACH_MINUTE.findall(template)),
    )


def lines(parts: Parts) -> list[Line]:
    """What these parts cost a month."""
    alarms = parts.watched * prices.ALARM.dollars
    alarms += parts.composite_alarms * prices.COMPOSITE_ALARM.dollars
    calls = HOURS * 60 * parts.minutely / MILLION
    gb_s = MINUTE_S * FANOUT_MB / 1024
    minutes = calls * (
        prices.INVOCATION.dollars
        + gb_s * MILLION * prices.GB_SECOND.dollars
        + MINUTE_READS * prices.READ.dollars
    )
    return [
        Line(
            what="alarms",
            dollars=alarms,
            how=f"{parts.alarms} that watch {parts.watched} metrics, and"
            f" {parts.composite_alarms} about other alarms",
        ),
        Line(
            what="idle queues",
            dollars=parts.polled * POLLS / MILLION * prices.REQUEST.dollars,
            how=f"{parts.polled} queues, asked {POLLS / MILLION:.2f} million times each",
        ),
        Line(
            what="sealing key",
            dollars=parts.keys * prices.KEY.dollars,
            how=f"{parts.keys} of KMS, for the secrets of all tenants; $1 more after each of its"
            " first two rotations, one a year",
        ),
        Line(
            what="looks at queues",
            dollars=parts.queues * LOOKS / MILLION * prices.REQUEST.dollars,
            how=f"{parts.queues} queues, every {EVERY_MIN} minutes",
        ),
        Line(
            what="each minute",
            dollars=minutes,
            how=f"`sweep` and `jobs`, {MINUTE_S:.1f} s and {MINUTE_READS} read units each, assumed",
        ),
    ]


def _resources(text: str) -> Iterator[tuple[str, str]]:
    """The kind and the text of each resource of a template."""
    for block in _RESOURCE.split(text):
        if (match := _KIND.search(block)) and not _ON_CONDITION.search(block):
            yield match[1], block
