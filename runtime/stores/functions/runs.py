"""Stores runs. The record of a run is also the outbox of its effects."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from botocore.exceptions import ClientError

from runtime.core.functions.run import Commit, Run
from runtime.core.functions.selection import RunSelection
from runtime.core.json_text import dump
from runtime.core.page import Page
from runtime.core.profiles.change import Change
from runtime.stores.aws import clients as aws
from runtime.stores.bodies import INLINE_LEFT_BYTES, Bodies
from runtime.stores.functions import items, run_lists
from runtime.stores.profiles.profiles import Profiles
from runtime.stores.tables import codec, records, shards
from runtime.stores.tables.codec import Item
from runtime.stores.tables.table import Table, transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Runs:
    """Runs by id; listed by function and by due time.

    Large output and effects are stored apart from their record; only `open` fetches them.
    """

    table: Table
    bodies: Bodies
    profiles: Profiles
    retention_days: int  # how long a run is kept after its last use

    def find(self, run_id: str) -> Run | None:
        """The run as it stands now (strong read), or None before its first try."""
        item = self.table.get({"pk": run_id})
        return None if item is None or not records.is_record(item) else items.run(item)

    def find_many(self, run_ids: Iterable[str]) -> dict[str, Run]:
        """The runs of these that have a record, strongly read, by id."""
        each = [{"pk": run_id} for run_id in dict.fromkeys(run_ids)]
        stored = filter(records.is_record, self.table.get_many(each))
        return {run.id: run for run in map(items.run, stored)}

    def open(self, run: Run) -> Run:
        """The run with its output and effects.

        Raises:
            NotFound: code `body_expired`.
        """
        if run.left_at is None:
            return run
        # json.loads, not our own `load`: this text is ours, and effects nest a payload deeper.
        result = json.loads(self.bodies.read(run.left_at))
        return replace(run, output=result["output"], effects=tuple(result["effects"]))

    def commit(self, run: Run, change: Change | None = None) -> Commit:
        """Store the run and what it changed about a person, in one transaction.

        Each attempt of a run is stored once, so its changes to the profile happen once.

        Args:
            run: the run as it stands after this attempt.
            change: what the run changed; None if that is nothing.
        """
        never_run, earlier_attempt = "attribute_not_exists(pk)", "attempt < :attempt"
        put_run = self.table.put(
            self._item(self._kept(run)),
            f"{never_run} OR {earlier_attempt}",
            attempt=run.attempt,
        )
        if change is None:
            first = self.table.try_to(lambda: self.table.client.put_item(**put_run))
            return Commit.DONE if first else Commit.STALE
        try:
            with aws.faults(f"write {self.table.name}"):
                self.table.client.transact_write_items(
                    TransactItems=transaction(put_run, *self.profiles.writes(change))
                )
        except ClientError as problem:  # only lost conditions come through `faults`
            lost_run = aws.cancellations(problem)[0] == "ConditionalCheckFailed"
            return Commit.STALE if lost_run else Commit.PROFILE_CHANGED
        return Commit.DONE

    def begin_again(self, old: Run, new: Run) -> bool:
        """Store `new`, whose next attempt is due, in the place of `old`, which has ended.

        Returns False when `old` has changed since it was read.
        """
        has_ended, is_unchanged = "attribute_not_exists(due_at_ms)", "attempt = :attempt"
        return self.table.put_if(
            self._item(self._kept(new)), f"{has_ended} AND {is_unchanged}", attempt=old.attempt
        )

    def blank(self, old: Run, new: Run) -> bool:
        """Store `new`, which has less, in the place of `old`; False if it has another attempt."""
        return self.table.put_if(self._item(new), "attempt = :attempt", attempt=old.attempt)

    def lease(self, run: Run, *, until_ms: int) -> bool:
        """Move the due time to `until_ms`; False when another sweep has moved it already."""
        return records.lease(self.table, run, until_ms=until_ms)

    def due(self, *, shard: str, now_ms: int, limit: int) -> Iterator[Run]:
        """Due runs of a shard (see `shards.RUN_SHARDS`), the longest waiting first."""
        return records.due(self.table, items.run, shard=shard, now_ms=now_ms, limit=limit)

    def list(
        self,
        tenant: str,
        selection: RunSelection,
        *,
        after: str | None = None,
        limit: int = 50,
        oldest_first: bool = False,
    ) -> Page[Run]:
        """A page of the runs of a function or about a profile, newest first unless said otherwise.

        It may be short, or empty, and not the last. The selection has to name either of them.
        """
        return run_lists.page(
            self.table, tenant, selection, after=after, limit=limit, oldest_first=oldest_first
        )

    @staticmethod
    def position(run: Run) -> str:
        """Where a run stands in a listing, as `after` takes it."""
        return run_lists.position(run)

    def _kept(self, run: Run) -> Run:
        """The run as it is stored. Large output and effects are written before the record."""
        if run.output is None and not run.effects:
            return run
        result = dump({"output": run.output, "effects": list(run.effects)})
        event = "" if run.event is None else dump(run.event)  # it stands in the record, too
        if len(result.encode()) + len(event.encode()) <= INLINE_LEFT_BYTES:
            return run
        at = self.bodies.keep(result, tenant=run.tenant, record_id=run.id)
        return replace(run, output=None, effects=(), left_at=at)

    def _item(self, run: Run) -> Item:
        return {
            **items.run_item(run),
            **codec.key({"pk": run.id}),
            **run_lists.index_keys(run),
            **records.due_key(run, shard=shards.run_shard(run.id)),
            "expires_at": codec.scalar(records.expires_s(run, self.retention_days)),
        }
