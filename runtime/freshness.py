"""How long a process believes what it keeps from call to call."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, NamedTuple, TypeVar

V = TypeVar("V")


def is_fresh(kept_at_s: float, *, now_s: float, for_s: float) -> bool:
    """Whether what was kept at `kept_at_s` may still be used; both times by the wall clock.

    Not by the monotonic clock: it stands still while Lambda freezes the process, so that a value an
    hour old would pass for new. After the wall clock was set back nothing is fresh.
    """
    return 0 <= now_s - kept_at_s < for_s


class _Kept(NamedTuple, Generic[V]):
    value: V
    at_s: float  # when it was read, in epoch seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered(Generic[V]):
    """Values by their keys, each read again once it is too old."""

    for_s: float  # how old a value may be
    at_most: int  # how many are kept; those read longest ago are dropped
    _kept: dict[str, _Kept[V]] = field(default_factory=dict)

    def get(self, key: str, *, now_s: float, read: Callable[[str], V]) -> V:
        """The value of a key, as it was at most `for_s` seconds before `now_s`; else as it is read.

        Raises:
            Exception: whatever `read` raises; nothing is kept of it.
        """
        kept = self._kept.get(key)
        if kept is not None and is_fresh(kept.at_s, now_s=now_s, for_s=self.for_s):
            return kept.value
        value = read(key)
        self._kept.pop(key, None)  # so that it stands last, as the one read most recently
        self._kept[key] = _Kept(value, now_s)
        while len(self._kept) > self.at_most:
            del self._kept[next(iter(self._kept))]
        return value


@dataclass(slots=True, kw_only=True)
class Known(Generic[V]):
    """One value, read again once it is too old."""

    read: Callable[[], V]
    for_s: float  # how old the value may be
    clock: Callable[[], datetime]
    _kept: _Kept[V] | None = field(default=None, init=False)  # None before the first read

    def __call__(self) -> V:
        """The value, as it was at most `for_s` seconds ago.

        Raises:
            Exception: whatever `read` raises; what was kept stays as it is.
        """
        kept, now_s = self._kept, self.clock().timestamp()
        if kept is None or not is_fresh(kept.at_s, now_s=now_s, for_s=self.for_s):
            kept = self._kept = _Kept(self.read(), now_s)
        return kept.value
