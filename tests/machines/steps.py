"""The steps of a worker, at one of which something happens: it is killed, or overtaken."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


class KilledError(Exception):
    """The sweep has ended here."""


@dataclass(kw_only=True)
class Steps:
    """Counts the steps of a sweep, and does something at one of them."""

    left: int = 0  # until then; 0 for never
    before: Callable[[], None] = lambda: None
    after: Callable[[], None] = lambda: None

    def __call__(self, call: Callable[[], Any]) -> Any:
        """One step."""
        self.left -= 1
        if self.left:
            return call()
        self.before()
        result = call()
        self.after()
        return result


@dataclass(frozen=True, kw_only=True)
class Watched:
    """A store or a queue whose calls are steps."""

    thing: Any
    steps: Steps

    def __getattr__(self, name: str) -> Callable[..., Any]:
        """The same call, as a step."""
        call = getattr(self.thing, name)
        return lambda *args, **kwargs: self.steps(lambda: call(*args, **kwargs))


def die() -> None:
    """Killed."""
    raise KilledError
