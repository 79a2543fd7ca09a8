"""Stores idempotency claims in the tenant's own partition, until their TTL."""

from dataclasses import dataclass

from runtime.core.tenancy.idempotency import Claim, State
from runtime.errors import Conflict
from runtime.stores.tables import keys
from runtime.stores.tables.codec import Item
from runtime.stores.tables.config import Config
from runtime.stores.tenancy import items


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """Claims by tenant and key."""

    config: Config

    def take(self, claim: Claim, *, now_s: int) -> Claim | None:
        """Store `claim` unless another one stands; returns that one, None when ours was stored.

        Raises:
            Conflict: code `idempotency_in_progress`: the other claim was released at this moment;
                send the request again.
        """
        # TTL deletes late, so a claim's age is judged here.
        never_taken = "attribute_not_exists(pk)"
        expired = "#expires_at < :now"
        abandoned = "(#state = :running AND #lease_until_s < :now)"
        free = f"{never_taken} OR {expired} OR {abandoned}"
        if self.config.table.put_if(_item(claim), free, now=now_s, running=State.RUNNING.value):
            return None
        item = self.config.find(claim.tenant, keys.claim(claim.key_sha256))
        if item is None:
            raise Conflict(
                "the first request with this key has just failed; send it again",
                code="idempotency_in_progress",
            )
        return items.claim(item)

    def finish(self, claim: Claim) -> None:
        """Store the answer, unless there is one already, or the key has another request now."""
        # A repeat may have taken the claim over when our lease ran out. What we did is done all
        # the same, so the first answer stays, and whoever comes later does not change it.
        never_taken = "attribute_not_exists(pk)"
        unanswered = "(#request_sha256 = :mine AND #state = :running)"
        self.config.table.put_if(
            _item(claim),
            f"{never_taken} OR {unanswered}",
            mine=claim.request_sha256,
            running=State.RUNNING.value,
        )

    def release(self, claim: Claim) -> None:
        """Forget a claim whose request was refused: nothing has happened."""
        key = {"pk": keys.tenant(claim.tenant), "sk": keys.claim(claim.key_sha256)}
        # Whoever takes a claim over sets a later lease, so this deletes our claim, never theirs.
        deletion = self.config.table.delete(
            key,
            "#state = :running AND #lease_until_s = :lease",
            running=State.RUNNING.value,
            lease=claim.lease_until_s,
        )
        self.config.table.transact(deletion)


def _item(claim: Claim) -> Item:
    return {
        **items.claim_item(claim),
        "pk": {"S": keys.tenant(claim.tenant)},
        "sk": {"S": keys.claim(claim.key_sha256)},
    }
