"""Purges the functions whose days of grace are over, step by step.

A purge goes through these steps, and a kill between any two of them leaves a state from which the
next sweep goes on:

1. The function is marked, so that nobody restores it any more: it may lack versions from now on.
2. Its versions, the marks of their sources and its release log are removed, some in each step.
3. The function itself goes last, in one transaction with the entry by which sweeps find the purge.

The function goes last because it holds the name. Were it to go first, a new function of the same
name could push a version, and the rest of the purge would remove that one.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Protocol

from runtime.core.functions.function import Function
from runtime.core.functions.life import Purge
from runtime.core.timestamps import timestamp
from runtime.errors import Conflict, Transient
from runtime.usecases.functions import ports

JOBS: Final = 20  # purges that one sweep takes up
STEPS: Final = 20  # of one purge in one sweep; the next sweep goes on, so others get their minute


class Functions(ports.Findable, Protocol):
    """Stores functions."""

    def replace(self, old: Function, new: Function) -> None:
        """Store `new` in the place of `old`.

        Raises:
            Conflict: `old` has changed since it was read.
        """


class Deletions(Protocol):
    """Removes functions, and what belongs to them."""

    def due(self, *, now: str, limit: int) -> Iterable[Purge]:
        """At most `limit` purges whose time has come, the earliest first."""

    def remove_parts(self, function: Function) -> bool:
        """Remove some of what belongs to the function; False when nothing is left.

        Raises:
            Conflict: the function has changed since it was read.
        """

    def remove(self, function: Function, purge: Purge) -> None:
        """Remove the function itself, and its purge.

        Raises:
            Conflict: the function has changed since it was read.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class PurgeFunctions:
    """Purges functions. Sweeps may overlap: what one has removed, the other does not find."""

    functions: Functions
    deletions: Deletions
    clock: Callable[[], datetime]

    def __call__(self) -> int:
        """Go on with each purge that is due; returns how many functions were removed.

        Raises:
            Transient: a purge could not go on; all others went on.
        """
        count, problems = 0, []
        for purge in self.deletions.due(now=timestamp(self.clock()), limit=JOBS):
            try:
                count += self._purged(purge)
            except Conflict:
                # Somebody has restored the function, or another sweep is at the same purge.
                continue
            except Transient as problem:
                problems.append(problem)
        if problems:
            raise problems[0]
        return count

    def _purged(self, purge: Purge) -> bool:
        """Do some steps; returns whether the function is removed."""
        function = self.functions.find(purge.tenant, purge.function)
        if function is None or not purge.is_of(function):
            return False  # it has changed since the purge was listed
        # A function that was marked before is stored again, too: an earlier release may have marked
        # it, and each step's condition is the digest of the item in the form of today.
        marked = replace(function, purging=True)
        self.functions.replace(function, marked)
        for _ in range(STEPS):
            if not self.deletions.remove_parts(marked):
                self.deletions.remove(marked, purge)
                return True
        return False
