"""Small functions that do one thing many times, to measure what it costs in each engine."""

from dataclasses import dataclass
from typing import Final

TIMES: Final = 50  # calls of one run; a run may emit a hundred events and ask for twenty secrets
SECRETS: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """One such function."""

    what: str  # what it does, in the words of the table
    source: str
    times: int = 1  # how often a run does it; the run's time is divided by this


def _repeated(line: str, times: int) -> str:
    return f"def handler(event, context):\n    for n in range({times}):\n        {line}\n"


EMPTY: Final = Probe(what="an empty handler", source="def handler(event):\n    return None\n")
PROBES: Final = (
    EMPTY,
    Probe(
        what="one `context.log`", source=_repeated("context.log('seen', n=n)", TIMES), times=TIMES
    ),
    Probe(
        what="one `context.emit`",
        source=_repeated("context.emit('metric.seen', {'n': n})", TIMES),
        times=TIMES,
    ),
    Probe(
        what="one `context.secret`, asked of the parent",
        source=_repeated("context.secret('TOKEN')", SECRETS),
        times=SECRETS,
    ),
    Probe(
        what="a loop of 100,000 in pure Python",
        source=(
            "def handler(event):\n"
            "    total, seen = 0, {}\n"
            "    for n in range(100_000):\n"
            "        total = (total * 31 + n) % 1_000_003\n"
            "        seen[n % 50] = total\n"
            "    return total\n"
        ),
    ),
    Probe(
        what="JSON of 256 KB, read and written",
        source=(
            "import json\n"
            "def handler(event):\n"
            "    rows = [{'id': n, 'name': 'order', 'value': n / 7} for n in range(5000)]\n"
            "    return len(json.dumps(json.loads(json.dumps(rows))))\n"
        ),
    ),
)
