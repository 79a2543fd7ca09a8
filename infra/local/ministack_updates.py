"""Lets an update of a nested stack leave alone what it does not change.

ministack gives a resource that has no name of its own one that is made of a seed. In a nested stack
it forgets the seed, so with the next update a table would be made anew, empty; and it forgets the
attributes of what the update does not touch, so `Fn::GetAtt` of them fails.

Only `ministack_main.py` imports this, inside the emulator's process.
"""

from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Final

SUFFIX_CHARS: Final = 13  # of the hash that a generated name ends with


@dataclass(frozen=True, slots=True)
class _Updated:
    """The resource that an update is at."""

    stack: str
    logical_id: str
    name: str  # its own, as it was made


_UPDATED: ContextVar[_Updated | None] = ContextVar("penstock_updated", default=None)


def keep_what_stays(provisioners: Any, stacks: Mapping[str, Any]) -> None:
    """Change ministack in place.

    Args:
        provisioners: its module that makes and changes resources.
        stacks: its stacks by name.
    """
    update, name_of = provisioners._update_resource, provisioners._physical_name
    provision, seed = provisioners._provision_resource, provisioners._NAME_SEED

    def updating(  # noqa: PLR0913, PLR0917 - its own signature
        kind: str,
        physical_id: str,
        old: Any,
        new: Any,
        stack: str,
        logical_id: str | None = None,
        attributes: Any = None,
    ) -> Any:
        if attributes is None:
            stored = (stacks.get(stack) or {}).get("_resources", {}).get(logical_id, {})
            attributes = stored.get("Attributes")
        # The id of a queue is its URL, that of a topic its ARN.
        name = physical_id.rpartition("/")[2].rpartition(":")[2]
        token = _UPDATED.set(_Updated(stack, logical_id or "", name))
        try:
            return update(kind, physical_id, old, new, stack, logical_id, attributes)
        finally:
            _UPDATED.reset(token)

    def naming(stack: str, logical_id: str, **how: Any) -> Any:
        made, updated = name_of(stack, logical_id, **how), _UPDATED.get()
        if updated is None or seed.get():  # what gets a seed by an update is replaced
            return made
        if (updated.stack, updated.logical_id) != (stack, logical_id):
            return made
        # All but the hash at the end, which the seed has changed.
        alike = made[:-SUFFIX_CHARS] == updated.name[:-SUFFIX_CHARS] and len(made) == len(
            updated.name
        )
        return updated.name if alike else made

    def providing(kind: str, logical_id: str, properties: Any, stack: str) -> Any:
        token = seed.set(seed.get())  # a bucket's seed is not for what is made behind it
        try:
            return provision(kind, logical_id, properties, stack)
        finally:
            seed.reset(token)

    provisioners._update_resource = updating
    provisioners._physical_name = naming
    provisioners._provision_resource = providing
