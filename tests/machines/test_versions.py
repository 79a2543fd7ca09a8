"""A function's versions: pushed and published by several at once, each in the middle of another."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, invariant, rule

from runtime.core.functions.function import Function, FunctionVersion
from runtime.core.functions.releases import Change, ReleaseKind, Trial
from runtime.core.matching.trigger import Trigger
from runtime.errors import BadInput, Conflict, NotFound
from runtime.stores.functions.functions import Functions
from runtime.usecases.functions.delete_version import DeleteVersion
from runtime.usecases.functions.publish_version import PublishVersion
from runtime.usecases.functions.push_version import PushVersion
from runtime.usecases.functions.roll_back import RollBack
from runtime.usecases.functions.try_canary import TryCanary
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

    def release(self, old: Function, change: Change) -> None:
        """The store's."""
        self.store.release(old, change)


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

    def goes_live(self, version: int) -> "Expected":
        """What is expected once the version is live."""
        before = self.before if self.live is None else (*self.before, self.live)
        return replace(
            self, live=version, before=before[-20:], trial=None, releases=self.releases + 1
        )


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
            functions=SlowFunctions(store=self.store, meanwhile=self.between), clock=FakeClock()
        )
        self.roll_back = RollBack(functions=self.store, clock=FakeClock())
        self.canary = TryCanary(
            functions=self.store, new_id=lambda prefix: f"{prefix}_1", clock=FakeClock()
        )
        self.delete = DeleteVersion(functions=self.store, clock=FakeClock())
        made = a_function(tenant=TENANT, name=NAME, latest_version=0, live_version=None)
        self.store.add(made)
        self.expected = Expected(triggers=made.triggers)

    @rule(source=SOURCES)
    def one_pushes(self, source: str) -> None:
        """Versions have the numbers from 1 on, without a gap; a source is one version."""
        earlier = self.expected.find(source)
        pushed = self.push(TENANT, NAME, source=source)

        assert pushed.is_new == (earlier is None)
        if earlier is None:
            self.expected = replace(self.expected, sources=(*self.expected.sources, source))
        number = earlier or len(self.expected.sources)
        assert (number, source) == (pushed.version.version, pushed.version.source)

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
        elif target in self.expected.gone:
            self.is_refused("version_deleted", lambda: self.publish(TENANT, NAME, version=number))
        elif target != self.expected.live and self.expected.trial not in (None, target):
            self.is_refused("canary_running", lambda: self.publish(TENANT, NAME, version=number))
        else:
            published = self.publish(TENANT, NAME, version=number)
            if target != self.expected.live:
                self.expected = self.expected.goes_live(target)
            assert (target, latest) == (published.live_version, published.latest_version)

    @rule()
    def one_rolls_back(self) -> None:
        """First the trial ends; then each call goes one version further back."""
        expected = self.expected
        if expected.trial is not None:
            self.roll_back(TENANT, NAME)
            self.expected = replace(expected, trial=None, releases=expected.releases + 1)
        elif expected.before:
            assert expected.before[-1] == self.roll_back(TENANT, NAME).live_version
            self.expected = replace(
                expected,
                live=expected.before[-1],
                before=expected.before[:-1],
                releases=expected.releases + 1,
            )
        else:
            self.is_refused("nothing_to_roll_back_to", lambda: self.roll_back(TENANT, NAME))

    @rule(number=st.integers(1, 4), percent=st.floats(0.5, 100))
    def one_tries_a_canary(self, number: int, percent: float) -> None:
        """Beside a live version, one at a time, and never one that does not exist."""
        expected = self.expected
        trial = Trial(version=number, percent=percent)
        refusals = {
            "version_not_found": number > len(expected.sources),
            "version_deleted": number in expected.gone,
            "no_live_version": expected.live is None,
            "canary_is_live": number == expected.live,
            "canary_running": expected.trial not in (None, number),
        }
        code = next((code for code, holds in refusals.items() if holds), None)
        if code is not None:
            self.is_refused(code, lambda: self.canary(TENANT, NAME, trial=trial))
            return
        self.canary(TENANT, NAME, trial=trial)
        self.expected = replace(expected, trial=number, releases=expected.releases + 1)

    @rule(promote=st.booleans())
    def one_ends_the_trial(self, promote: bool) -> None:  # noqa: FBT001 - Hypothesis names it
        """By publishing what is on trial, or by stopping it."""
        expected = self.expected
        end = self.canary.promote if promote else self.canary.stop
        if expected.trial is None:
            self.is_refused("no_canary", lambda: end(TENANT, NAME))
            return
        end(TENANT, NAME)
        self.expected = (
            expected.goes_live(expected.trial)
            if promote
            else replace(expected, trial=None, releases=expected.releases + 1)
        )

    @rule(number=st.integers(1, 4))
    def one_deletes_a_version(self, number: int) -> None:
        """Not what is live or on trial; once is enough."""
        expected = self.expected
        refusals = {
            "version_not_found": number > len(expected.sources),
            "version_is_live": number == expected.live,
            "canary_running": number == expected.trial,
        }
        code = next((code for code, holds in refusals.items() if holds), None)
        if code is not None:
            self.is_refused(code, lambda: self.delete(TENANT, NAME, version=number))
            return
        self.delete(TENANT, NAME, version=number)
        if number not in expected.gone:
            self.expected = replace(
                expected,
                gone=expected.gone | {number},
                before=tuple(each for each in expected.before if each != number),
                releases=expected.releases + 1,
            )

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
        """Two cannot have the same number, and one source is one version."""
        self.between.do = lambda: self.one_pushes(other)
        is_new = self.expected.find(source) is None and source != other
        if is_new and self.expected.find(other) is None:
            self.is_refused("function_changed", lambda: self.push(TENANT, NAME, source=source))
            return
        assert is_new == self.push(TENANT, NAME, source=source).is_new
        if is_new:
            self.expected = replace(self.expected, sources=(*self.expected.sources, source))

    @rule(source=SOURCES, number=NUMBERS)
    def another_publishes_while_one_pushes(self, source: str, number: int | None) -> None:
        """A push that has read the old live version does not bring it back."""
        before = self.expected
        self.between.do = lambda: self.publish_between(number)
        if self.fails(lambda: self.one_pushes(source)):
            assert before.releases != self.expected.releases
            assert before.sources == self.expected.sources

    @rule(source=SOURCES, number=NUMBERS)
    def another_pushes_while_one_publishes(self, source: str, number: int | None) -> None:
        """A version that was pushed meanwhile is not forgotten again."""
        before = self.expected
        target = len(before.sources) if number is None else number
        if not 0 < target <= len(before.sources):
            return
        self.between.do = lambda: self.one_pushes(source)
        changes = target != before.live
        refusals = {
            "version_deleted": target in before.gone,
            "canary_running": changes and before.trial not in (None, target),
            "function_changed": changes and before.find(source) is None,
        }
        code = next((code for code, holds in refusals.items() if holds), None)
        if code is not None:
            self.is_refused(code, lambda: self.publish(TENANT, NAME, version=number))
            return
        self.publish(TENANT, NAME, version=number)
        if changes:
            self.expected = self.expected.goes_live(target)

    @rule()
    def somebody_reads_the_release_log(self) -> None:
        """Each change of what is live has one entry, and the entries make a chain."""
        log = self.store.release_log(TENANT, NAME, limit=1000).items
        assert [each.seq for each in log] == list(range(self.expected.releases, 0, -1))
        live: int | None = None
        for each in reversed(log):
            assert each.live_before == live
            live = each.live_after
        assert live == self.expected.live
        last = log[0] if log else None
        assert last is None or last.kind in set(ReleaseKind) - {ReleaseKind.CANARY_FAILED}

    @rule()
    def somebody_reads_all_versions(self) -> None:
        """What was pushed once is never another source, and there is none besides."""
        for number, source in enumerate(self.expected.sources, start=1):
            version = self.store.get_version(TENANT, NAME, version=number)
            is_gone = number in self.expected.gone
            assert (version.source, version.deleted_at is not None) == (
                "" if is_gone else source,
                is_gone,
            )
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
        self.somebody_reads_the_release_log()
        super().teardown()

    def publish_between(self, number: int | None) -> None:
        """Publish in the middle of a push, where that is possible at all."""
        latest = len(self.expected.sources)
        if latest and (number or latest) <= latest:
            self.one_publishes(number)

    def is_current(self, copy: Function) -> bool:
        """Whether the function still is as it was read."""
        trial = None if copy.canary is None else copy.canary.version
        versions = (copy.latest_version, copy.live_version, copy.live_before, trial)
        expected = self.expected
        return (copy.triggers, copy.releases, versions) == (
            expected.triggers,
            expected.releases,
            (len(expected.sources), expected.live, expected.before, expected.trial),
        )

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
