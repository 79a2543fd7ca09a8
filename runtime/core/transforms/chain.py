"""The data transforms of a tenant as one chain, worked off in their order for each profile.

Their values are an overlay: they lie over the properties and never change them. So whatever a
transform does can be taken back, and the original is never lost.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from runtime.core.json_text import dump
from runtime.core.transforms import default, format, hash, merge, split, standardize  # noqa: A004
from runtime.core.transforms.default import Default
from runtime.core.transforms.format import Format
from runtime.core.transforms.hash import Hash
from runtime.core.transforms.merge import Merge
from runtime.core.transforms.split import Split
from runtime.core.transforms.standardize import Standardize
from runtime.core.transforms.transform import Definition, Settings
from runtime.core.transforms.values import ABSENT, Source, Work, identity, is_too_large

# Of all that is derived for one profile: with 256 KB of properties it must fit a 400 KB item.
MAX_DERIVED_CHARS: Final = 64 * 1024


class _Step(NamedTuple):
    """One transform, compiled."""

    sources: tuple[str, ...]
    target: str
    work: Work


@dataclass(frozen=True, slots=True, kw_only=True)
class Derived:
    """What a chain makes of one profile's properties."""

    # Target → value. A target whose property has this value already is not among them.
    values: Mapping[str, Any]
    too_large: tuple[str, ...] = ()  # targets without a value because something was too large


class Chain:
    """The enabled transforms of a tenant, compiled once and used for many profiles."""

    def __init__(self, definitions: Iterable[Definition]) -> None:
        """Compile the definitions, which stand in the order in which they work.

        Raises:
            BadInput: code `bad_pattern`.
        """
        self._steps = tuple(
            _Step(each.sources, each.target, work(each.settings)) for each in definitions
        )

    def __bool__(self) -> bool:
        """Whether there is a transform."""
        return bool(self._steps)

    @property
    def sources(self) -> frozenset[str]:
        """The properties that the transforms read."""
        return frozenset(name for step in self._steps for name in step.sources)

    def derive(self, properties: Mapping[str, Any], set_at: Mapping[str, str]) -> Derived:
        """What the transforms make of these properties; it neither raises nor changes them.

        A transform reads the values of those before it, and the properties where they have none;
        it never reads its own. The same properties and stamps always give the same values.

        Args:
            properties: of one profile, any JSON.
            set_at: the stamp of each property, which begins with its time in ISO 8601.
        """
        overlay = _Overlay(properties, set_at)
        for step in self._steps:
            sources = [overlay.read(name) for name in step.sources]
            if any(is_too_large(source.value) for source in sources):
                overlay.too_large.append(step.target)
                continue
            value = step.work(sources)
            if value is not ABSENT:
                overlay.put(step.target, value, set_at=max(source.set_at for source in sources))
        return Derived(values=overlay.values, too_large=tuple(overlay.too_large))


@dataclass(slots=True)
class _Overlay:
    """What has been derived so far, over the properties."""

    properties: Mapping[str, Any]
    set_at: Mapping[str, str]
    values: dict[str, Any] = field(default_factory=dict)
    too_large: list[str] = field(default_factory=list)
    _stamps: dict[str, str] = field(default_factory=dict)  # of the values
    _chars: int = 0  # of the values, as JSON

    def read(self, name: str) -> Source:
        if name in self.values:
            return Source(self.values[name], self._stamps[name])
        return Source(self.properties.get(name, ABSENT), self.set_at.get(name, ""))

    def put(self, target: str, value: Any, *, set_at: str) -> None:
        raw = self.properties.get(target, ABSENT)
        if raw is value or (raw is not ABSENT and identity(raw) == identity(value)):
            return
        self._chars += len(dump([target, value]))
        if is_too_large(value) or self._chars > MAX_DERIVED_CHARS:
            self.too_large.append(target)
            return
        self.values[target] = value
        self._stamps[target] = set_at


def work(settings: Settings) -> Work:
    """What a method with these settings does.

    Raises:
        BadInput: code `bad_pattern`.
    """
    match settings:
        case Format():
            return format.work(settings)
        case Standardize():
            return standardize.work(settings)
        case Merge():
            return merge.work(settings)
        case Split():
            return split.work(settings)
        case Default():
            return default.work(settings)
        case Hash():
            return hash.work(settings)
