"""The method Merge: makes one value of several properties."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from runtime.core.json_text import dump
from runtime.core.transforms.values import ABSENT, Source, Value, Work, identity, is_empty


class Choice(StrEnum):
    """Which of the values is taken. Empty ones never are; among equals the earlier source's is."""

    FIRST = "first"  # of the source that is listed first
    LONGEST = "longest"  # the one with the most characters; of a value that is no text, as JSON
    LATEST = "latest"  # the one that was set last
    UNION = "union"  # a list of all, in order, each once; lists are taken apart


@dataclass(frozen=True, slots=True, kw_only=True)
class Merge:
    """How to merge; the order of the sources is their priority."""

    choice: Choice = Choice.FIRST


def work(settings: Merge) -> Work:
    """What merges the sources; without a value in any of them there is none."""

    def merged(sources: Sequence[Source]) -> Value:
        full = [source for source in sources if not is_empty(source.value)]
        if not full:
            return ABSENT
        match settings.choice:
            case Choice.FIRST:
                return full[0].value
            case Choice.LONGEST:
                return max(full, key=lambda source: _length(source.value)).value
            case Choice.LATEST:
                return max(full, key=lambda source: source.set_at).value
            case Choice.UNION:
                return _union(full)

    return merged


def _length(value: Any) -> int:
    return len(value if isinstance(value, str) else dump(value))


def _union(full: Sequence[Source]) -> list[Any]:
    members: dict[Hashable, Any] = {}
    for source in full:
        for each in source.value if isinstance(source.value, list) else [source.value]:
            members.setdefault(identity(each), each)
    return list(members.values())
