"""A trigger: the topics and the filter by which a webhook or a function is reached."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    """Which events are taken: those of one of the topics that pass the filter."""

    topics: tuple[str, ...]  # exact names, or prefixes such as `message.email.*`
    filter: Mapping[str, Any] | None = None  # an event pattern; None takes every event of them
