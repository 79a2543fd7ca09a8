"""Deaths of a process of the sync function, at a call of AWS of one's choice."""

import threading
from dataclasses import dataclass, field


class Killed(BaseException):
    """The process is gone."""


@dataclass
class Death:
    """Kills a process at its n-th call; counts calls when `at` is never reached."""

    at: int = 10**9
    after_effect: bool = False
    calls: int = 0
    dead: bool = False
    named: list[str] = field(default_factory=list)
    of: str = ""  # the name of the calls that count; empty for all

    def before(self, name: str) -> None:
        """A call is about to be made."""
        if self.dead:
            raise Killed
        if self.of not in ("", name):
            return
        self.calls += 1
        self.named.append(name)
        if self.calls == self.at and not self.after_effect:
            self.dead = True
            raise Killed

    def after(self) -> None:
        """A call has taken effect; its answer has not been read."""
        if self.calls == self.at:
            self.dead = True
            raise Killed


@dataclass
class Stall(Death):
    """A process that stands still at its n-th call, and goes on when somebody says so."""

    thread: int = 0  # of the process; calls of others go through
    stands: threading.Event = field(default_factory=threading.Event)
    go_on: threading.Event = field(default_factory=threading.Event)

    def before(self, name: str) -> None:
        """A call is about to be made."""
        if threading.get_ident() != self.thread or self.of not in ("", name):
            return
        self.calls += 1
        self.named.append(name)
        if self.calls == self.at:
            self.stands.set()
            self.go_on.wait(timeout=120)

    def after(self) -> None:
        """A call has taken effect."""
