"""A person whose every name and value can be looked for in what is stored."""

from dataclasses import dataclass, replace
from typing import Any, Final

from runtime.core.events.envelope import Event, ProfileRef
from runtime.core.profiles import names
from runtime.core.profiles.names import Name, NameRules
from tests.builders import an_event

NOISE: Final = "".join(chr(0x4E00 + (n * 7919) % 20_000) for n in range(100_000))


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """One person, whose names and values have a word in them that nobody else's have."""

    word: str

    @property
    def card(self) -> ProfileRef:
        """The person as a shop knows her."""
        return ProfileRef(external_id=f"{self.word}-id", email=f"{self.word}@example.com")

    @property
    def device(self) -> ProfileRef:
        """The person as a website knows her, until an event names both."""
        return ProfileRef(anonymous_id=f"{self.word}-device")

    @property
    def both(self) -> ProfileRef:
        """Both names in one event."""
        return replace(self.card, anonymous_id=self.device.anonymous_id)

    def event(self, name: str, profile: ProfileRef | None = None, **changes: Any) -> Event:
        """An event about the person."""
        return an_event(
            id=f"evt-{len(self.word)}-{name}",
            profile=profile or self.card,
            properties={"note": f"{self.word} was here"},
            **changes,
        )

    @property
    def bulky(self) -> Event:
        """An event with more text than Redshift can hold."""
        return replace(self.event("bulky"), properties={"text": self.word + NOISE})


def names_of(person: Person) -> tuple[Name, ...]:
    """Every name of the person, as they are looked up."""
    return names.of(person.both, NameRules()).names
