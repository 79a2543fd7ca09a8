"""The token buckets of API keys, each one item beside its key.

Taking tokens costs one write, or a write, a read and a write for a bucket that is full.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from runtime.core.pacing import token_bucket
from runtime.core.pacing.token_bucket import Empty, Taken, TokenBucket
from runtime.errors import Transient
from runtime.races import Races
from runtime.stores.tables import codec, keys
from runtime.stores.tables.table import Table

KEEP: Final = timedelta(days=1)  # a bucket that nobody has used for so long is full


@dataclass(frozen=True, slots=True, kw_only=True)
class Buckets:
    """The buckets by the hash of their API key."""

    table: Table
    clock: Callable[[], datetime]
    races: Races = field(default_factory=Races)

    def take(self, key_sha256: str, bucket: TokenBucket, *, count: int) -> Empty | None:
        """Take `count` tokens of this key's bucket; returns None if they were there.

        Raises:
            Transient: the table cannot be reached, or too many processes want tokens at once.
        """
        key = {"pk": keys.api_key_by_hash(key_sha256), "sk": keys.CALLS}
        for _ in self.races:
            now_us = int(self.clock().timestamp() * 1_000_000)
            if self._add(key, bucket, count=count, now_us=now_us):
                return None
            item = self.table.get(key)
            full_at_us = 0 if item is None else int(codec.value(item["full_at_us"]))
            answer = token_bucket.take(bucket, full_at_us, count=count, now_us=now_us)
            if isinstance(answer, Empty):
                return answer
            if self._begin(key, answer, now_us=now_us):
                return None
        raise Transient("the call limit of this key is contended", code="calls_contended")

    def _add(self, key: dict[str, str], bucket: TokenBucket, *, count: int, now_us: int) -> bool:
        """Move the time of a bucket that is neither full nor too empty."""
        cost_us = bucket.cost_us(count)
        in_use, enough = "full_at_us >= :now", "full_at_us <= :latest"
        update = self.table.update(
            key,
            "SET full_at_us = full_at_us + :cost, expires_at = :expires",
            f"{in_use} AND {enough}",
            cost=cost_us,
            now=now_us,
            latest=now_us + bucket.room_us - cost_us,
            expires=self._expires(),
        )
        return self.table.try_to(lambda: self.table.client.update_item(**update))

    def _begin(self, key: dict[str, str], taken: Taken, *, now_us: int) -> bool:
        """Set the time of a bucket that is full; returns whether it still was."""
        new, full = "attribute_not_exists(full_at_us)", "full_at_us < :now"
        update = self.table.update(
            key,
            "SET full_at_us = :after, expires_at = :expires",
            f"{new} OR {full}",
            after=taken.full_at_us,
            now=now_us,
            expires=self._expires(),
        )
        return self.table.try_to(lambda: self.table.client.update_item(**update))

    def _expires(self) -> int:
        return int((self.clock() + KEEP).timestamp())
