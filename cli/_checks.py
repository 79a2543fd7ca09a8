"""What `penstock doctor` says of one thing that it has looked at."""

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """How a check ended."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"


class TriedOn(StrEnum):
    """Where a check has been seen to tell the truth."""

    MACHINES = "machines"  # such as the one that it runs on
    EMULATORS = "emulators"  # of AWS: nobody has compared what it says with a real account


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that was looked at."""

    name: str
    verdict: Verdict
    found: str  # what it is like
    advice: str = ""  # what to do about it; empty when all is well
    tried_on: TriedOn = TriedOn.MACHINES
