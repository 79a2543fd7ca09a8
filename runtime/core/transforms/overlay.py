"""What a chain lays over the properties of a profile."""

from collections.abc import Mapping
from typing import Any, Final

from runtime.core.profiles.profile import IDENTIFIERS, Profile
from runtime.core.transforms.chain import Chain, Derived
from runtime.core.transforms.values import ABSENT, identity

_PROPERTY: Final = "properties."  # what the stamps of properties are called by, before their names


def of(profile: Profile, chain: Chain) -> Derived:
    """What the chain makes of a profile; it neither raises nor changes the profile.

    A source that is called like an identifier, such as `email`, reads the profile's newest name of
    that kind, unless there is a property of that name.
    """
    if not chain:
        return Derived(values={})
    set_at = {name: profile.stamps.get(_PROPERTY + name, "") for name in chain.sources}
    names = {name: getattr(profile, name) for name in chain.sources.intersection(IDENTIFIERS)}
    properties = profile.properties
    if names:
        said = {name: value for name, value in names.items() if value is not None}
        properties = {**said, **properties}
    return chain.derive(properties, set_at)


def are_same(one: Mapping[str, Any], two: Mapping[str, Any]) -> bool:
    """Whether two overlays have the same JSON values."""
    return identity(dict(one)) == identity(dict(two))


def shows_alike(name: str, one: Mapping[str, Any], two: Mapping[str, Any]) -> bool:
    """Whether both have the same JSON value for a property, or neither has one."""
    values = (one.get(name, ABSENT), two.get(name, ABSENT))
    if values[0] is ABSENT or values[1] is ABSENT:
        return values[0] is values[1]
    return identity(values[0]) == identity(values[1])
