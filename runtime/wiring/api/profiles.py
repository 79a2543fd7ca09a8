"""What the API does with profiles."""

from dataclasses import dataclass

from runtime.settings import Settings
from runtime.stores.aws.clients import Clients
from runtime.usecases.profiles.show_profile import ShowProfile
from runtime.wiring import parts


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileApi:
    """What the API does with profiles."""

    show: ShowProfile


def build(clients: Clients, installation: Settings) -> ProfileApi:
    """The use cases of profiles, with their store."""
    return ProfileApi(show=ShowProfile(profiles=parts.profiles(clients, installation)))
