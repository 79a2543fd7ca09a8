"""Profiles: what is known of a person, merged by attribute so that order never matters."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """One person of one tenant.

    `stamps` holds, for each property and identifier, when (ISO 8601) and by what its value was
    set: the later stamp wins. `revision` grows by one with each stored change; a writer names the
    revision it has read. `deleted` profiles keep their stamps, so a late event cannot revive them.
    """

    id: str
    tenant: str
    revision: int
    external_id: str | None = None
    email: str | None = None
    phone: str | None = None
    properties: Mapping[str, Any] = field(default_factory=dict)
    stamps: Mapping[str, str] = field(default_factory=dict)
    deleted: bool = False
    updated_at: str = ""
