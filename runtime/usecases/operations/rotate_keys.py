"""Wrap the data keys of all tenants anew, tenant by tenant, while everything goes on.

What was wrapped before opens as ever, so nobody waits for the end. Whoever is killed leaves the
rest to the next call; a tenant that was begun is begun again, which changes nothing but wraps.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import Enum, auto
from typing import Any, Protocol

from runtime.core.functions.function import Function
from runtime.core.operations import rotation as rotations
from runtime.core.operations.rotation import Rotation
from runtime.core.page import Page
from runtime.core.timestamps import timestamp
from runtime.core.warehouse.sync import Sync
from runtime.core.webhooks.webhook import Sealed, Webhook
from runtime.errors import Conflict, Permanent, Transient
from runtime.races import Races

Thing = Webhook | Function | Sync
Rewrap = Callable[[str], str]  # makes the sealed text with a data key that is wrapped anew


class Records(Protocol):
    """Stores how far the last rotation has come."""

    def find(self) -> Rotation | None:
        """The last one; None before the first."""

    def replace(self, old: Rotation | None, new: Rotation, /) -> Rotation | None:
        """Store `new` in the place of `old`; None when `old` has changed meanwhile."""


class Tenants(Protocol):
    """Lists tenants."""

    def list(self, *, after: str | None, limit: int) -> Page[str]:
        """Tenants by name, after this one."""


class Things(Protocol):
    """Stores what has secrets, of one kind."""

    def list(self, tenant: str, *, after: str | None, limit: int) -> Page[Any]:
        """A tenant's, after this position."""

    def replace(self, old: Any, new: Any, /) -> Any:
        """Store `new` in the place of `old`.

        Returns False, or raises Conflict, when somebody else has changed it meanwhile.
        """


class _Done(Enum):
    """What became of one thing."""

    UNCHANGED = auto()  # it has no secret, or only such as were wrapped anew just now
    CHANGED = auto()
    LOST = auto()  # somebody else has changed it meanwhile
    LEFT = auto()  # one of its secrets does not open


@dataclass(frozen=True, slots=True, kw_only=True)
class RotateKeys:
    """Rotates the data keys of one installation."""

    records: Records
    tenants: Tenants
    things: Sequence[Things]
    rewrap: Callable[[str, str], str]  # of a tenant: (tenant, sealed text)
    clock: Callable[[], datetime]
    races: Races = field(default_factory=Races)
    page: int = 50  # things, or tenants, that are read at once

    def __call__(self) -> Iterator[Rotation]:
        """Go on with the rotation that was stopped, or begin one; gives it after each tenant.

        Raises:
            Transient: code `rotation_busy`: somebody else rotates; `rotation_contended`: a thing
                keeps being changed; or AWS does not answer. The next call goes on.
        """
        rotation = self._begun()
        while tenants := self.tenants.list(after=rotation.after, limit=self.page).items:
            for tenant in tenants:
                changed, left = self._rotate(tenant)
                done = rotations.advanced(rotation, tenant=tenant, changed=changed, left=left)
                rotation = self._stored(rotation, done)
                yield rotation
        yield self._stored(rotation, replace(rotation, finished_at=timestamp(self.clock())))

    def _begun(self) -> Rotation:
        last = self.records.find()
        if last is not None and last.finished_at is None:
            return last
        return self._stored(last, Rotation(started_at=timestamp(self.clock())))

    def _stored(self, old: Rotation | None, new: Rotation) -> Rotation:
        stored = self.records.replace(old, new)
        if stored is None:
            raise Transient(
                "somebody else rotates the keys of this installation; wait until that has ended",
                code="rotation_busy",
            )
        return stored

    def _rotate(self, tenant: str) -> tuple[int, int]:
        """Store all that has secrets anew; returns how many things, and how many do not open."""
        changed = 0
        for _ in self.races:
            results = [self._rewrap(things, thing) for things, thing in self._all(tenant)]
            changed += results.count(_Done.CHANGED)
            if _Done.LOST not in results:
                return changed, results.count(_Done.LEFT)
        raise Transient(
            f"something of {tenant} that has secrets keeps being changed; run this again",
            code="rotation_contended",
        )

    def _rewrap(self, things: Things, thing: Thing) -> "_Done":
        try:
            anew = rewrapped(thing, lambda sealed: self.rewrap(thing.tenant, sealed))
        except Permanent:
            return _Done.LEFT
        if anew == thing:
            return _Done.UNCHANGED
        try:
            is_stored = things.replace(thing, anew) is not False
        except Conflict:
            is_stored = False
        return _Done.CHANGED if is_stored else _Done.LOST

    def _all(self, tenant: str) -> Iterator[tuple[Things, Thing]]:
        for things in self.things:
            after: str | None = None
            while True:
                page = things.list(tenant, after=after, limit=self.page)
                yield from ((things, each) for each in page.items)
                after = page.after
                if after is None:
                    break


def rewrapped(thing: Thing, rewrap: Rewrap) -> Thing:
    """The thing with every secret sealed as before, under a data key that is wrapped anew."""
    match thing:
        case Webhook():
            return replace(
                thing,
                secrets=tuple(
                    replace(each, ciphertext=rewrap(each.ciphertext)) for each in thing.secrets
                ),
                headers=_setting(thing.headers, rewrap),
                auth=_setting(thing.auth, rewrap),
                client_certificate=_setting(thing.client_certificate, rewrap),
            )
        case Function():
            secrets = {
                name: each if each.sealed is None else replace(each, sealed=rewrap(each.sealed))
                for name, each in thing.secrets.items()
            }
            return replace(thing, secrets=secrets)
        case Sync():
            return replace(
                thing, sealed={name: rewrap(text) for name, text in thing.sealed.items()}
            )


def _setting(sealed: Sealed | None, rewrap: Rewrap) -> Sealed | None:
    return None if sealed is None else replace(sealed, ciphertext=rewrap(sealed.ciphertext))
