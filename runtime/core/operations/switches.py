"""The switches by which an admin stops a part of an installation for a while."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Switch(StrEnum):
    """What can be paused."""

    INTAKE = "intake"  # the API takes no events
    DELIVERY = "delivery"  # nothing is sent to webhooks


@dataclass(frozen=True, slots=True, kw_only=True)
class Switches:
    """Which of them are paused."""

    # ISO 8601 UTC: since when, by switch; a switch that is not named is not paused.
    paused_at: Mapping[Switch, str] = field(default_factory=dict)

    def is_paused(self, switch: Switch) -> bool:
        """Whether this one is paused."""
        return switch in self.paused_at
