"""A function's versions: pushed and published by several at once, each in the middle of another."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import count

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, initialize, invariant, rule

from runtime.core.functions.function import Function
from runtime.core.functions.releases import Trial
from runtime.core.matching.trigger import Trigger
from runtime.errors import BadInput, Conflict, NotFound
from runtime.races import Races
from runtime.stores.functions.functions import Functions
from runtime.usecases.functions.delete_version import DeleteVersion
from runtime.usecases.functions.end_canary import EndCanary
from runtime.usecases.functions.publish_version import PublishVersion
from runtime.usecases.functions.push_version import PushVersion
from runtime.usecases.functions.roll_back import RollBack
from runtime.usecases.functions.try_canary import TryCanary
from tests.builders import NOW, TENANT, a_function, a_trigger
from tests.cloud import Cloud
from tests.doubles import FakeClock
from tests.machines.playing import StoreMachine, play
from tests.machines.versions import Between, Checker, Expected, SlowFunctions, nothing

NAME = "vip-orders"
TRIGGERS = st.sampled_from([(a_trigger("metric.x"),), (a_trigger("metric.y"),)])
NUMBERS = st.none() | st.integers(1, 4)
SOURCES = st.integers(0, 99).map("def handler(event): return {}\n".format)
NAMES = ("publish", "roll back", "try", "promote", "stop", "fail", "delete")


@dataclass(frozen=True, slots=True, kw_only=True)
class Verb:
    """Something that may be done to a function, with the version that it names."""

    name: str
    number: int | None  # None: the verb finds the version by itself, if it can


VERBS = st.builds(Verb, name=st.sampled_from(NAMES), number=NUMBERS)


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
        slow = SlowFunctions(store=self.store, meanwhile=self.between)
        numbers = count(1)
        self.publish = PublishVersion(functions=slow, clock=FakeClock())
        self.roll_back = RollBack(functions=slow, clock=FakeClock())
        self.canary = TryCanary(
            functions=slow, new_id=lambda prefix: f"{prefix}_{next(numbers)}", clock=FakeClock()
        )
        self.end_canary = EndCanary(functions=slow, races=Races(pause=lambda _: None))
        self.delete = DeleteVersion(functions=slow, clock=FakeClock())
        made = a_function(tenant=TENANT, name=NAME, latest_version=0, live_version=None)
        self.store.add(made)
        self.expected = Expected(triggers=made.triggers)

    @initialize(begins=st.lists(st.integers(1, 3), max_size=3), percent=st.floats(0.5, 100))
    def it_has_run_for_a_while(self, begins: list[int], percent: float) -> None:
        """Three versions, some that were live, and one on trial: else few histories get there."""
        for number in range(len(begins) and 3):
            self.one_pushes(f"def handler(event): return -{number}\n")
        for version in begins:
            self.one_publishes(version)
        for version in begins[-1:]:
            self.one_tries_a_canary(version % 3 + 1, percent)

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

    @rule(to=NUMBERS)
    def one_rolls_back(self, to: int | None) -> None:
        """Without a number the trial ends first; then each call goes one version further back."""
        expected = self.expected
        ends_trial = to is None and expected.trial is not None
        target = expected.rolls_back_to() if to is None else to
        refusals = {
            "version_not_found": to is not None and to > len(expected.sources),
            "version_deleted": to in expected.gone,
            "nothing_to_roll_back_to": target is None,
            "version_is_live": to is not None and to == expected.live,
        }
        code = next((code for code, holds in refusals.items() if holds), None)
        if code is not None and not ends_trial:
            self.is_refused(code, lambda: self.roll_back(TENANT, NAME, to=to))
            return
        self.roll_back(TENANT, NAME, to=to)
        assert ends_trial or target is not None
        self.expected = expected.ends_trial() if ends_trial else expected.goes_back(target or 0)

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
        self.expected = expected.goes_live(expected.trial) if promote else expected.ends_trial()

    @rule(is_this_one=st.booleans())
    def a_canary_fails(self, is_this_one: bool) -> None:  # noqa: FBT001 - Hypothesis names it
        """It ends, if it still is the one that runs; whoever comes late changes nothing."""
        canary = self.store.get(TENANT, NAME).canary
        canary_id = canary.id if canary is not None and is_this_one else "can_0"
        self.end_canary(TENANT, NAME, canary_id=canary_id, reason="it fails", at=NOW)
        if canary is not None and is_this_one and self.expected.trial == canary.version:
            self.expected = self.expected.ends_trial()

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

    @rule(source=SOURCES, meanwhile=VERBS)
    def another_is_faster_than_a_push(self, source: str, meanwhile: Verb) -> None:
        """A push that has read the old live version does not bring it back."""
        before = self.expected
        self.between.do = lambda: self.do(meanwhile)
        if self.fails(lambda: self.one_pushes(source)):
            assert before.releases != self.expected.releases
            assert before.sources == self.expected.sources

    @rule(verb=VERBS, source=SOURCES)
    def a_push_is_faster(self, verb: Verb, source: str) -> None:
        """A version that was pushed meanwhile is not forgotten again."""
        before = self.expected
        self.between.do = lambda: self.one_pushes(source)
        if self.fails(lambda: self.do(verb)):
            assert before.releases == self.expected.releases
            assert before.sources != self.expected.sources

    @rule(verb=VERBS, meanwhile=VERBS)
    def another_is_faster(self, verb: Verb, meanwhile: Verb) -> None:
        """Of two at the same moment one wins, and the other hears of it."""
        before = self.expected
        self.between.do = lambda: self.do(meanwhile)
        if self.fails(lambda: self.do(verb)):
            assert before.releases != self.expected.releases

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

    def do(self, verb: Verb) -> None:
        """Do what the verb says."""
        number = verb.number or 1
        verbs: dict[str, Callable[[], None]] = {
            "publish": lambda: self.one_publishes(verb.number),
            "roll back": lambda: self.one_rolls_back(verb.number),
            "try": lambda: self.one_tries_a_canary(number, 50),
            "promote": lambda: self.one_ends_the_trial(promote=True),
            "stop": lambda: self.one_ends_the_trial(promote=False),
            "fail": lambda: self.a_canary_fails(is_this_one=True),
            "delete": lambda: self.one_deletes_a_version(number),
        }
        verbs[verb.name]()

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
        except Conflict as refusal:
            if refusal.code != "function_changed":
                raise
            return True
        finally:
            self.between.do = nothing
        return False

    def is_refused(self, code: str, do: Callable[[], object]) -> None:
        """Nothing changes."""
        with pytest.raises((BadInput, Conflict, NotFound)) as refusal:
            do()
        assert refusal.value.code == code


def test_versions_are_counted_kept_and_published_whoever_is_faster(account: Cloud) -> None:
    """Numbers without gaps, sources that never change, and no write that undoes another."""
    play(lambda: Versions(account), histories=25, steps=25)
