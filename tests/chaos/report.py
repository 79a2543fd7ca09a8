"""What a run of chaos prints: enough to judge it by, and to run it again."""

import os
import secrets
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Final

from tests.chaos.checker import Evidence, Verdict
from tests.chaos.faults import Kind, by_point

Tell = Callable[[str], None]
SEED: Final = "PENSTOCK_CHAOS_SEED"


def seed() -> int:
    """The seed that was asked for, or a new one."""
    return int(os.environ.get(SEED) or secrets.randbelow(2**32))


def opening(name: str, seed: int) -> str:
    """Said before anything can go wrong."""
    return f"\nchaos {name}: seed {seed}; again with {SEED}={seed} make chaos"


def summary(evidence: Evidence, verdict: Verdict, **also: object) -> str:
    """What happened and what came of it."""
    counts = {
        **also,
        "deliveries": len(evidence.expected),
        "posts": len(evidence.posts),
        "kills": sum(by_point(evidence.faults, Kind.KILLED).values()),
        "refused": sum(by_point(evidence.faults, Kind.REFUSED).values()),
        "unanswered": sum(by_point(evidence.faults, Kind.UNANSWERED).values()),
        **{name: count for name, count in asdict(verdict).items() if name != "ends"},
        **verdict.ends,
    }
    points = by_point(evidence.faults, Kind.KILLED)
    return f"  {_line(counts)}\n  killed {_line(points)}"


def _line(counts: Mapping[str, object]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items())
