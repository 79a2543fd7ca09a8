"""Names: the texts by which a tenant's systems know one person."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from runtime.core.events.envelope import ProfileRef

DEFAULT_MAX_VALUES: Final = 5
_KINDS: Final = ("external_id", "email", "phone")


class Name(NamedTuple):
    """One name of a person, as it is looked up."""

    kind: str
    value: str


class Unusable(NamedTuple):
    """A text that is not used as a name; it is kept and shown, so that somebody can mend it."""

    kind: str
    value: str
    reason: str  # a sentence for people


@dataclass(frozen=True, slots=True, kw_only=True)
class NameRules:
    """How a tenant's names are read, and which of them may join people."""

    # How many names of a kind one person may have; DEFAULT_MAX_VALUES for a kind without an entry.
    max_values: Mapping[str, int] = field(default_factory=dict)

    @property
    def kinds(self) -> tuple[str, ...]:
        """All kinds of names, the strongest first."""
        return _KINDS

    def max_values_of(self, kind: str) -> int:
        """How many names of this kind one person may have."""
        return self.max_values.get(kind, DEFAULT_MAX_VALUES)


class Named(NamedTuple):
    """What an event says of who it is about."""

    names: tuple[Name, ...]  # the strongest first
    unusable: tuple[Unusable, ...]


def of(ref: ProfileRef, rules: NameRules) -> Named:
    """The names by which an event names its person."""
    texts = ref.to_json()
    return Named(tuple(Name(kind, texts[kind]) for kind in rules.kinds if kind in texts), ())
