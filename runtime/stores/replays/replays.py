"""Stores replays of every kind among the deliveries; the sweep finds those that run."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta

from runtime.core.page import Page
from runtime.core.replays.replay import Kind, Replay, Subject
from runtime.core.timestamps import moment
from runtime.errors import NotFound
from runtime.stores.replays import items
from runtime.stores.tables import codec, keys, records, shards
from runtime.stores.tables.codec import Item
from runtime.stores.tables.table import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Replays:
    """Replays by id, by webhook or function, and while they run."""

    table: Table
    retention_days: int  # how long a replay is kept after it was created

    def add(self, replay: Replay) -> None:
        """Store a new replay; storing it again changes nothing."""
        self.table.put_if(self._item(replay), "attribute_not_exists(pk)")

    def get(self, tenant: str, subject: Subject, replay_id: str) -> Replay:
        """One replay of this webhook or function, strongly read.

        Raises:
            NotFound: code `replay_not_found`.
        """
        item = self.table.get({"pk": keys.replay(replay_id)})
        replay = None if item is None else items.replay(item)
        if replay is None or (replay.tenant, replay.subject) != (tenant, subject):
            raise NotFound("no such replay", code="replay_not_found")
        return replay

    def replace(self, old: Replay, new: Replay, /) -> Replay | None:
        """Store `new` in the place of `old`; returns what is stored, None if `old` has changed."""
        stored_replay = replace(new, revision=old.revision + 1)
        won = self.table.put_if(self._item(stored_replay), "#revision = :was", was=old.revision)
        return stored_replay if won else None

    def due(self, *, now_ms: int, limit: int) -> Iterator[Replay]:
        """The replays that run and that no sweep works on at this moment."""
        return records.due_records(
            self.table, items.replay, shard=shards.REPLAYS_SHARD, now_ms=now_ms, limit=limit
        )

    def list(
        self,
        tenant: str,
        subject: Subject,
        *,
        since: str | None = None,
        after: str | None = None,
        limit: int = 50,
    ) -> Page[Replay]:
        """The replays of a webhook or a function, newest first.

        Args:
            tenant: whose.
            subject: the webhook or the function.
            since: the earliest `created_at`, ISO 8601, for a function that may have had a namesake
                before it; None for no bound.
            after: the position after which to go on; None at the beginning.
            limit: at most so many.
        """
        partition = _partition(tenant, subject)
        ages = records.AgeList(index="replays", partition=partition, since=since)
        query = ages.query()
        if after is not None:
            place = {"replays_pk": ages.partition, "list_sk": after}
            partition = keys.replay(keys.record_in_time(after))
            query["ExclusiveStartKey"] = codec.key({**place, "pk": partition})
        return self.table.bounded_page(query, items.replay, limit=limit, position=records.position)

    def _item(self, replay: Replay) -> Item:
        expires = moment(replay.created_at) + timedelta(days=self.retention_days)
        item = {
            **items.replay_item(replay),
            **codec.key(
                {
                    "pk": keys.replay(replay.id),
                    "replays_pk": _partition(replay.tenant, replay.subject),
                    "list_sk": keys.in_time(replay.created_at, replay.id),
                }
            ),
            "expires_at": codec.scalar(int(expires.timestamp())),
        }
        if replay.due_at_ms is not None:
            item |= codec.key({"due_shard": shards.REPLAYS_SHARD})
        return item


def _partition(tenant: str, subject: Subject) -> str:
    match subject.kind:
        case Kind.DELIVERIES:
            return keys.replays_of_webhook(tenant, subject.id)
        case Kind.RUNS:
            return keys.replays_of_function(tenant, subject.id)
