"""Processes that die at a call of AWS, before or after it has taken effect."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, TypeVar, cast

from runtime.stores.aws.clients import Clients
from tests.cloud import Cloud

T = TypeVar("T")


class KilledError(BaseException):
    """The process ends here; nobody may catch it."""


@dataclass
class Life:
    """A process that dies at its last call, before or after the call has taken effect."""

    calls_left: int  # 0 when it is dead; negative when it never dies
    took_effect: bool

    def around(self, call: Callable[[], Any]) -> Any:
        """What the call gives, unless it is the last."""
        self.calls_left -= 1
        if self.calls_left == 0 and not self.took_effect:
            raise KilledError
        answer = call()
        if self.calls_left == 0:
            raise KilledError
        return answer


@dataclass(frozen=True)
class Mortal:
    """A client of AWS whose calls are those of a life."""

    client: Any
    life: Life

    def __getattr__(self, name: str) -> Any:
        call = getattr(self.client, name)
        return lambda *args, **kwargs: self.life.around(lambda: call(*args, **kwargs))


def mortal(client: T, life: Life) -> T:
    """The client with the calls of a life."""
    return cast("T", Mortal(client, life))


def mortal_cloud(cloud: Cloud, life: Life) -> Cloud:
    """The account, as a process of this life calls it."""
    clients = cast("Clients", _Clients(cloud.clients, life))
    return replace(cloud, clients=clients)


@dataclass(frozen=True)
class _Clients:
    """Clients whose calls are all those of a life."""

    clients: Clients
    life: Life

    def __getattr__(self, name: str) -> Any:
        return mortal(getattr(self.clients, name), self.life)
