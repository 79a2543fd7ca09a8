"""The method Split: takes text apart at a separator, into a list or one of its parts."""

from collections.abc import Sequence
from dataclasses import dataclass

from runtime.core.transforms.values import ABSENT, Source, Value, Work, only


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """Where to split, and which part to take. Spaces around parts go, and empty parts too."""

    separator: str | None = None  # None: wherever there are spaces
    part: int | None = None  # 1 is the first and -1 the last; None takes the list of all


def work(settings: Split) -> Work:
    """What splits the source; what is no text, or has no such part, gives no value."""

    def split(sources: Sequence[Source]) -> Value:
        text = only(sources)
        if not isinstance(text, str):
            return ABSENT
        parts = [part for each in text.split(settings.separator) if (part := each.strip())]
        if settings.part is None:
            return parts
        index = settings.part - 1 if settings.part > 0 else settings.part
        return parts[index] if -len(parts) <= index < len(parts) else ABSENT

    return split
