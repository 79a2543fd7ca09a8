"""A function's versions: pushed and published by several at once, each in the middle of another."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, invariant, rule

from runtime.core.functions.function import Function, FunctionVersion
from runtime.core.matching.trigger import Trigger
from runtime.errors import BadInput, Conflict, NotFound
from runtime.stores.functions.functions import Functions
from runtime.usecases.functions.publish_version import PublishVersion
from runtime.usecases.functions.push_version import PushVersion
from tests.builders import TENANT, a_function, a_trigger
from tests.cloud import Cloud
from tests.doubles import FakeClock
from tests.machines.playing import StoreMachine, play

NAME = "vip-orders"
TRIGGERS = st.sampled_from([(a_trigger("metric.x"),), (a_trigger("metric.y"),)])
NUMBERS = st.none() | st.integers(1, 5)
SOURCES = st.integers(0, 99).map("def handler(event): return {}\n".format)


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
    """The store, as somebody sees it who is slow between reading a version and publishing it."""

    store: Functions
    meanwhile: Between

    def get(self, tenant: str, name: str) -> Function:
        """The store's."""
        return self.store.get(tenant, name)

    def get_version(self, tenant: str, name: str, *, version: int) -> FunctionVersion:
        """The store's."""
        stored = self.store.get_version(tenant, name, version=version)
        self.meanwhile()
        return stored

    def replace(self, old: Function, new: Function) -> None:
        """The store's."""
        self.store.replace(old, new)


@dataclass(frozen=True, kw_only=True)
class Expected:
    """What the model knows of the function."""

    triggers: tuple[Trigger, ...]
    sources: tuple[str, ...] = field(default=())  # that of version 1 first
    live: int | None = None


class Versions(StoreMachine):
    """One function of one tenant."""

    copies = Bundle("copies")

    def __init__(self, account: Cloud) -> None:
        super().__init__(account)
        self.store = Functions(config=self.cloud.config)
        self.between = Between()
        self.push = PushVersion(
            functions=self.store, sandbox=Checker(meanwhile=self.between), clock=FakeClock()
        )
        self.publish = PublishVersion(
            functions=SlowFunctions(store=self.store, meanwhile=self.between)
        )
        made = a_function(tenant=TENANT, name=NAME, latest_version=0, live_version=None)
        self.store.add(made)
        self.expected = Expected(triggers=made.triggers)

    @rule(source=SOURCES)
    def one_pushes(self, source: str) -> None:
        """Versions have the numbers from 1 on, without a gap."""
        pushed = self.push(TENANT, NAME, source=source).version

        self.expected = replace(self.expected, sources=(*self.expected.sources, source))
        assert (len(self.expected.sources), source) == (pushed.version, pushed.source)

    @rule(number=NUMBERS)
    def one_publishes(self, number: int | None) -> None:
        """A version that there is, the latest where none is named; else nothing changes."""
        latest = len(self.expected.sources)
        target = latest if number is None else number
        if not target:
            self.is_refused("no_version", lambda: self.publish(TENANT, NAME))
        elif target > latest:
            too_high = target
            self.is_refused(
                "version_not_found", lambda: self.publish(TENANT, NAME, version=too_high)
            )
        else:
            published = self.publish(TENANT, NAME, version=number)
            self.expected = replace(self.expected, live=target)
            assert (target, latest) == (published.live_version, published.latest_version)

    @rule(target=copies)
    def one_reads(self) -> Function:
        """A copy, by which its owner may change settings later."""
        return self.store.get(TENANT, NAME)

    @rule(copy=copies, triggers=TRIGGERS)
    def one_changes_settings(self, copy: Function, triggers: tuple[Trigger, ...]) -> None:
        """By a copy of before, nothing of what has happened since is undone."""
        if self.is_current(copy):
            self.store.replace(copy, replace(copy, triggers=triggers))
            self.expected = replace(self.expected, triggers=triggers)
        else:
            self.is_refused(
                "function_changed",
                lambda: self.store.replace(copy, replace(copy, triggers=triggers)),
            )

    @rule(source=SOURCES, other=SOURCES)
    def another_pushes_while_one_pushes(self, source: str, other: str) -> None:
        """Two cannot have the same number."""
        self.between.do = lambda: self.one_pushes(other)
        self.is_refused("function_changed", lambda: self.push(TENANT, NAME, source=source))

    @rule(source=SOURCES, number=NUMBERS)
    def another_publishes_while_one_pushes(self, source: str, number: int | None) -> None:
        """A push that has read the old live version does not bring it back."""
        before = self.expected
        self.between.do = lambda: self.publish_between(number)
        if self.fails(lambda: self.one_pushes(source)):
            assert before.live != self.expected.live
            assert before.sources == self.expected.sources

    @rule(source=SOURCES, number=NUMBERS)
    def another_pushes_while_one_publishes(self, source: str, number: int | None) -> None:
        """A version that was pushed meanwhile is not forgotten again."""
        self.between.do = lambda: self.one_pushes(source)
        latest = len(self.expected.sources)
        if latest and (latest if number is None else number) <= latest:
            self.is_refused("function_changed", lambda: self.publish(TENANT, NAME, version=number))
        self.between.do = nothing

    @rule()
    def somebody_reads_all_versions(self) -> None:
        """What was pushed once is never another source, and there is none besides."""
        for number, source in enumerate(self.expected.sources, start=1):
            version = self.store.get_version(TENANT, NAME, version=number)
            assert version.source == source
            assert version.source_sha256 == hashlib.sha256(source.encode()).hexdigest()
        with pytest.raises(NotFound):
            self.store.get_version(TENANT, NAME, version=len(self.expected.sources) + 1)

    @invariant()
    def the_function_is_as_expected(self) -> None:
        """All that was accepted and nothing that was refused."""
        assert self.is_current(self.store.get(TENANT, NAME))

    def teardown(self) -> None:
        """Read them once more."""
        self.somebody_reads_all_versions()
        super().teardown()

    def publish_between(self, number: int | None) -> None:
        """Publish in the middle of a push, where that is possible at all."""
        latest = len(self.expected.sources)
        if latest and (number or latest) <= latest:
            self.one_publishes(number)

    def is_current(self, copy: Function) -> bool:
        """Whether the function still is as it was read."""
        counted = (copy.triggers, copy.latest_version, copy.live_version)
        expected = self.expected
        return counted == (expected.triggers, len(expected.sources), expected.live)

    def fails(self, do: Callable[[], None]) -> bool:
        """Whether somebody was overtaken."""
        try:
            do()
        except Conflict:
            return True
        return False

    def is_refused(self, code: str, do: Callable[[], object]) -> None:
        """Nothing changes."""
        with pytest.raises((BadInput, Conflict, NotFound)) as refusal:
            do()
        assert refusal.value.code == code


def test_versions_are_counted_kept_and_published_whoever_is_faster(account: Cloud) -> None:
    """Numbers without gaps, sources that never change, and no write that undoes another."""
    play(lambda: Versions(account), histories=25, steps=20)
