"""What the API does with profiles."""

from dataclasses import dataclass

from runtime.settings import Settings
from runtime.stores.aws.clients import Clients
from runtime.stores.profiles.identity_rules import IdentityRules
from runtime.usecases.profiles.find_profile import FindProfile
from runtime.usecases.profiles.set_identity import SetIdentity
from runtime.usecases.profiles.show_profile import ShowProfile
from runtime.wiring import parts


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileApi:
    """What the API does with profiles."""

    show: ShowProfile
    find: FindProfile
    rules: IdentityRules  # to show them
    set_identity: SetIdentity


def build(clients: Clients, installation: Settings) -> ProfileApi:
    """The use cases of profiles, with their store."""
    profiles = parts.profiles(clients, installation)
    rules = parts.identity_rules(clients, installation)
    return ProfileApi(
        show=ShowProfile(profiles=profiles),
        find=FindProfile(profiles=profiles),
        rules=rules,
        set_identity=SetIdentity(rules=rules, profiles=profiles),
    )
