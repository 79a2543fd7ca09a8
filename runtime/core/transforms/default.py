"""The method Default: a value for profiles that have none."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from runtime.core.transforms.values import Source, Value, Work, is_empty, only


@dataclass(frozen=True, slots=True, kw_only=True)
class Default:
    """What stands where the source is empty."""

    value: Any  # JSON, not null


def work(settings: Default) -> Work:
    """What gives the source's value, or the default when it is empty; it is idempotent."""

    def value_or_default(sources: Sequence[Source]) -> Value:
        value = only(sources)
        return settings.value if is_empty(value) else value

    return value_or_default
