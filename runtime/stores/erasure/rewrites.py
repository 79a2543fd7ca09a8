"""What is to be taken out of the raw log and the lake: requests in the ledger, an item each."""

from collections.abc import Sequence
from dataclasses import dataclass

from runtime.core.json_text import dump
from runtime.stores.tables import codec, keys
from runtime.stores.tables.table import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewrites:
    """Requests to rewrite batches and files, for whatever rewrites them to work off."""

    table: Table  # the ledger's

    def request(self, tenant: str, job_id: str, profile_ids: Sequence[str], /, *, now: str) -> None:
        """Ask for every row of these profiles to be taken out; to ask again changes nothing.

        Args:
            tenant: whose rows.
            job_id: of the erasure that asks.
            profile_ids: the ids by which the rows name the person.
            now: ISO 8601; rows that come later are dropped before they are written.
        """
        item = {
            **codec.key({"pk": keys.REWRITES, "sk": job_id, "tenant": tenant, "requested_at": now}),
            "profile_ids": codec.text(dump(list(profile_ids))),
        }
        self.table.put_if(item, "attribute_not_exists(pk)")
