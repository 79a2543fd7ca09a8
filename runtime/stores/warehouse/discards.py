"""The discards of loads: rows that a warehouse could not hold whole, each with the reason."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from runtime.core.archive import rewrite
from runtime.core.ids import Key
from runtime.core.warehouse import plan
from runtime.errors import Transient
from runtime.races import Races
from runtime.stores.aws.s3 import Bucket


@dataclass(frozen=True, slots=True, kw_only=True)
class Discards:
    """The files of discards."""

    bucket: Bucket
    races: Races = field(default_factory=Races)

    def files(self, tenant: str, *, after: str = "") -> Iterator[str]:
        """The keys of the tenant's files that sort behind `after`, in order."""
        return self.bucket.under(plan.discard_folder(tenant), after=after)

    def take_out(self, key: str, erased: Collection[Key]) -> int:
        """Take the rows of these people out of a file; returns how many there were.

        Raises:
            Transient: code `discards_busy`: others keep rewriting it.
        """
        for _ in self.races:
            before = self.bucket.read(key)
            if before is None:
                return 0
            ids = {each.id for each in erased}
            after, removed = rewrite.discards_without(before.body, ids)
            if not removed or self.bucket.replace(key, after, old=before):
                return removed
        raise Transient("these discards are contended", code="discards_busy")
