"""Stores by which rules each tenant's names are read."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from runtime.core.json_text import dump
from runtime.core.profiles import names
from runtime.core.profiles.names import NameRules
from runtime.freshness import Remembered
from runtime.stores.tables import codec, config, keys
from runtime.stores.tables.codec import Item
from runtime.stores.tables.config import FRESH_S, Config

MAX_TENANTS: Final = 500  # whose rules a process keeps; those read longest ago are dropped


def _none_known() -> Remembered[NameRules]:
    return Remembered(for_s=FRESH_S, at_most=MAX_TENANTS)


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityRules:
    """The rules of each tenant; whoever has set none has the defaults."""

    config: Config
    clock: Callable[[], datetime]
    _known: Remembered[NameRules] = field(default_factory=_none_known)

    def of(self, tenant: str) -> NameRules:
        """The tenant's rules, at most two seconds old."""
        return self._known.get(tenant, now_s=self.clock().timestamp(), read=self.get)

    def get(self, tenant: str) -> NameRules:
        """The tenant's rules as they stand now (strong read)."""
        item = self.config.find(tenant, keys.IDENTITY)
        return NameRules() if item is None else _rules(item)

    def replace(self, tenant: str, old: NameRules, new: NameRules) -> bool:
        """Store rules if those of the tenant still are `old`; returns whether they were."""
        stored = self.config.find(tenant, keys.IDENTITY)
        if (NameRules() if stored is None else _rules(stored)) != old:
            return False
        if stored is not None:
            return self.config.replace(tenant, stored, _item(new))
        item = {**_item(new), "pk": {"S": keys.tenant(tenant)}, **config.etag(_item(new))}
        return self.config.table.put_if(item, "attribute_not_exists(pk)")


def _item(rules: NameRules) -> Item:
    return {"sk": {"S": keys.IDENTITY}, "rules": codec.text(dump(rules.to_json()))}


def _rules(item: Item) -> NameRules:
    raw = json.loads(codec.value(item["rules"]))
    # A newer version of this code may have written more, and older code reads on after a rollback.
    return names.parse_rules({name: raw[name] for name in NameRules().to_json() if name in raw})
