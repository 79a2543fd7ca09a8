"""Find out which grants the database user that loads still lacks."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from runtime.core.warehouse.grants import Grant, Loader, grants

QUERY_WAIT_S: Final = 60.0


class Database(Protocol):
    """The database that is loaded."""

    def query(self, sql: str, *, wait_s: float) -> list[dict[str, Any]]:
        """The rows of one SELECT."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckGrants:
    """Asks the database; whoever is asked for may be another user than the one that asks."""

    database: Database

    def __call__(self, loader: Loader) -> Sequence[Grant]:
        """What the loader lacks; all of it if its user does not exist.

        Raises:
            Transient: the database did not answer.
        """
        made, *others = grants(loader)
        if not self._has(made):  # nobody can be asked about a user that does not exist
            return [made, *others]
        return [each for each in others if not self._has(each)]

    def _has(self, grant: Grant) -> bool:
        (row,) = self.database.query(grant.question, wait_s=QUERY_WAIT_S)
        return bool(row["granted"])
