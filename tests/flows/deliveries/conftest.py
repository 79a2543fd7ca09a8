"""What the flows of delivery share: receivers, clients, certificates, worlds."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from runtime.egress.client import SyncEgress
from runtime.egress.policy import EgressPolicy
from tests.builders import a_webhook
from tests.certificates import Authority
from tests.delivery_world import World
from tests.egress_clients import LOCAL, AsyncClient, Client
from tests.scripted_receiver import ScriptedReceiver


@pytest.fixture(params=[AsyncClient, SyncEgress])
def make_client(request: pytest.FixtureRequest) -> Iterator[Callable[..., Client]]:
    """Make a client of either kind; closed at the end."""
    made: list[Client] = []

    def make(policy: EgressPolicy = LOCAL, **options: Any) -> Client:
        made.append(request.param(policy, **options))
        return made[-1]

    yield make
    for client in made:
        client.close()


@pytest.fixture
def client(make_client: Callable[..., Client]) -> Client:
    """A client that may reach this machine."""
    return make_client()


@pytest.fixture
def receiver() -> Iterator[ScriptedReceiver]:
    """A plain HTTP receiver."""
    with ScriptedReceiver() as receiver:
        yield receiver


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Who certifies the receivers here."""
    return Authority.create(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def worlds() -> Iterator[list[World]]:
    """Closes the loops of the worlds that a test makes."""
    made: list[World] = []
    yield made
    for world in made:
        world.deliver.close()


@pytest.fixture
def world(receiver: ScriptedReceiver, worlds: list[World]) -> World:
    """A world with one webhook, at the receiver's root."""
    worlds.append(World(a_webhook(url=receiver.url())))
    return worlds[-1]
