"""What the machine of versions is played with: its model, and the stand-ins that let others in."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from runtime.core.functions.function import Function, FunctionVersion
from runtime.core.functions.releases import Change, Release
from runtime.core.matching.trigger import Trigger
from runtime.stores.functions.functions import Functions


def nothing() -> None:
    """Nobody comes in between."""


@dataclass(kw_only=True)
class Between:
    """Lets somebody do something in the middle of what another one does."""

    do: Callable[[], None] = nothing

    def __call__(self) -> None:
        """Now, and not again."""
        do, self.do = self.do, nothing
        do()


@dataclass(frozen=True, kw_only=True)
class Checker:
    """The sandbox's check, which takes its time and finds nothing."""

    meanwhile: Between

    def run(self, tenant: str, job: Mapping[str, Any], /) -> Mapping[str, Any]:
        """The answer to a check."""
        assert tenant
        assert job["op"] == "check"
        self.meanwhile()
        return {"engine": "restricted", "findings": []}


@dataclass(frozen=True, kw_only=True)
class SlowFunctions:
    """The store, as somebody sees it who is slow between reading a function and changing it."""

    store: Functions
    meanwhile: Between

    def get(self, tenant: str, name: str) -> Function:
        """The store's."""
        return self.store.get(tenant, name)

    def find(self, tenant: str, name: str) -> Function | None:
        """The store's."""
        return self.store.find(tenant, name)

    def get_version(self, tenant: str, name: str, *, version: int) -> FunctionVersion:
        """The store's."""
        return self.store.get_version(tenant, name, version=version)

    def find_release(self, tenant: str, name: str, *, seq: int) -> Release | None:
        """The store's."""
        return self.store.find_release(tenant, name, seq=seq)

    def release(self, old: Function, change: Change) -> None:
        """The store's, after what somebody else does."""
        self.meanwhile()
        self.store.release(old, change)

    def delete_version(self, old: Function, change: Change, *, version: FunctionVersion) -> None:
        """The store's, after what somebody else does."""
        self.meanwhile()
        self.store.delete_version(old, change, version=version)


@dataclass(frozen=True, kw_only=True)
class Expected:
    """What the model knows of the function."""

    triggers: tuple[Trigger, ...]
    sources: tuple[str, ...] = field(default=())  # that of version 1 first
    live: int | None = None
    before: tuple[int, ...] = ()  # what was live before, the newest last
    trial: int | None = None  # the version on trial
    gone: frozenset[int] = frozenset()  # versions that are deleted
    releases: int = 0  # changes of what is live or on trial

    def find(self, source: str) -> int | None:
        """The version that has this source."""
        numbers = (n for n, each in enumerate(self.sources, 1) if each == source)
        return next((number for number in numbers if number not in self.gone), None)

    def rolls_back_to(self) -> int | None:
        """The version to which a rollback without a number goes; None for none."""
        return next((each for each in reversed(self.before) if each != self.live), None)

    def goes_back(self, version: int) -> "Expected":
        """What is expected once a rollback has made the version live."""
        before = self.before
        while version in self.before and before[-1] != version:
            before = before[:-1]
        if version in self.before:
            before = before[:-1]
        return replace(self, live=version, before=before, trial=None, releases=self.releases + 1)

    def ends_trial(self) -> "Expected":
        """What is expected once nothing is on trial."""
        return replace(self, trial=None, releases=self.releases + 1)

    def goes_live(self, version: int) -> "Expected":
        """What is expected once the version is live."""
        before = self.before if self.live is None else (*self.before, self.live)
        return replace(
            self, live=version, before=before[-20:], trial=None, releases=self.releases + 1
        )
