"""A function's life: switched, deleted, restored and purged by several at once, and by the killed.

The model holds what callers were told. The invariants name what nobody may ever see: a function
that has come back without one of its versions, a purge of a function that was restored, a new
function that loses a part to the purge of its namesake.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, initialize, invariant, precondition, rule

from runtime.core.functions.function import Function
from runtime.core.timestamps import moment
from runtime.errors import Conflict, NotFound
from runtime.stores.functions import deletions as deletions_module
from runtime.stores.functions.deletions import Deletions
from runtime.stores.functions.functions import Functions
from runtime.stores.tables import keys
from runtime.stores.tables.config import prefix_query
from runtime.stores.webhooks.webhooks import Webhooks
from runtime.usecases.functions import purge_functions
from runtime.usecases.functions.create_function import CreateFunction, NewFunction
from runtime.usecases.functions.delete_function import DeleteFunction, RestoreFunction
from runtime.usecases.functions.purge_functions import PurgeFunctions
from runtime.usecases.functions.switch_function import SwitchFunction
from tests.builders import TENANT, a_version
from tests.cloud import Cloud
from tests.doubles import FakeClock
from tests.machines.playing import StoreMachine, play
from tests.machines.steps import KilledError, Steps, Watched, die

NAME = "vip-orders"
DAY_S = 86_400
PARTS = 2  # of one step, so that a few versions make several steps
VERSIONS = st.integers(0, 5)
LAST_STEP = 11  # of the purge of a function with five versions
STEPS = st.integers(1, LAST_STEP)


@dataclass(frozen=True, kw_only=True)
class Expected:
    """The function as its owner knows it."""

    versions: int  # that it has
    enabled: bool = True
    deleted: bool = False


class Life(StoreMachine):
    """One name of one tenant, under which functions come and go."""

    copies = Bundle("copies")

    def __init__(self, account: Cloud) -> None:
        super().__init__(account)
        self.clock = FakeClock()
        self.store = Functions(config=self.cloud.config)
        self.deletions = Deletions(config=self.cloud.config)
        self.expected: Expected | None = None  # None while there is no function
        self.purging = False  # whether a sweep has begun to remove it

    @initialize(versions=VERSIONS)
    def it_is_created(self, versions: int) -> None:
        """With versions to lose."""
        self._create(versions)

    @rule(versions=VERSIONS)
    def somebody_creates_it(self, versions: int) -> None:
        """Only where nobody has the name, the deleted included."""
        if self.expected is None:
            self._create(versions)
        else:
            self.is_refused(lambda: self._create(versions))

    @rule(enabled=st.booleans())
    def somebody_switches_it(self, *, enabled: bool) -> None:
        """As often as they like, but not once it is deleted."""
        switch = SwitchFunction(functions=self.store, clock=self.clock)
        if self.expected is None or self.expected.deleted:
            self.is_refused(lambda: switch(TENANT, NAME, enabled=enabled))
        else:
            switch(TENANT, NAME, enabled=enabled)
            self.expected = replace(self.expected, enabled=enabled)

    @rule()
    def somebody_deletes_it(self) -> None:
        """A second time changes nothing."""
        if self.expected is None:
            self.is_refused(self._delete)
            return
        before = self.store.get(TENANT, NAME)
        deleted = self._delete()
        assert (deleted == before) == self.expected.deleted
        self.expected = replace(self.expected, deleted=True)

    @rule()
    def somebody_restores_it(self) -> None:
        """Until the sweep has begun to remove it."""
        restore = RestoreFunction(functions=self.store, deletions=self.deletions)
        if self.expected is None or self.purging:
            self.is_refused(lambda: restore(TENANT, NAME))
        else:
            restore(TENANT, NAME)
            self.expected = replace(self.expected, deleted=False)

    @precondition(lambda self: self.expected is not None)
    @rule(target=copies)
    def somebody_reads_it(self) -> Function:
        """A copy, by which its reader may write later."""
        return self.store.get(TENANT, NAME)

    @rule(copy=copies, enabled=st.booleans())
    def somebody_writes_by_an_old_copy(self, copy: Function, *, enabled: bool) -> None:
        """Nothing of what has happened since is undone."""
        if self.expected is not None and self.store.get(TENANT, NAME) == copy:
            return  # nothing has happened since
        self.is_refused(lambda: self.store.replace(copy, replace(copy, enabled=enabled)))

    @rule(days=st.sampled_from([1, 3, 7]))
    def days_pass(self, days: int) -> None:
        """Of grace, or of peace."""
        self.clock.advance(days * DAY_S)

    @rule()
    def the_sweep_runs(self) -> None:
        """What is due goes, and nothing else."""
        is_due = self._is_due()
        assert (
            is_due
            == PurgeFunctions(functions=self.store, deletions=self.deletions, clock=self.clock)()
        )
        if is_due:
            self._is_gone()

    @rule(at=STEPS, after=st.booleans())
    def a_sweep_is_killed(self, at: int, *, after: bool) -> None:
        """Before or after any of its writes."""
        self._make_due()
        steps = Steps(left=at, **{"after" if after else "before": die})
        with suppress(KilledError):
            self._sweep(steps)
        self._look_again()

    @rule(at=STEPS)
    def another_sweep_overtakes_one(self, at: int) -> None:
        """In the middle of any of its steps; then the name is given again."""
        self._make_due()

        def overtake() -> None:
            self.the_sweep_runs()
            self.somebody_creates_it(3)

        self._sweep(Steps(left=at, before=overtake))
        self._look_again()

    @rule(at=STEPS)
    def somebody_restores_it_in_the_middle_of_a_sweep(self, at: int) -> None:
        """Whole, or not at all."""
        self._make_due()
        expected = self.expected
        restore = RestoreFunction(functions=self.store, deletions=self.deletions)

        def try_to_restore() -> None:
            with suppress(Conflict, NotFound):
                restore(TENANT, NAME)
                assert expected is not None
                self.expected = replace(expected, deleted=False)

        self._sweep(Steps(left=at, before=try_to_restore))
        self._look_again()

    @invariant()
    def the_function_is_as_expected(self) -> None:
        """With every version, unless it is being removed."""
        stored = self.store.find(TENANT, NAME)
        if self.expected is None:
            assert stored is None
            assert self._parts() == 0
            return
        assert stored is not None
        assert stored.enabled == self.expected.enabled
        assert (stored.deleted_at is not None) == self.expected.deleted
        assert stored.purging == self.purging
        assert stored.purging or self._parts() == 2 * self.expected.versions

    @invariant()
    def there_is_a_purge_exactly_while_it_is_deleted(self) -> None:
        """One more would remove a function that was restored; one less would keep it for ever."""
        purges = list(self.deletions.due(now="2999-01-01T00:00:00.000Z", limit=10))
        is_deleted = self.expected is not None and self.expected.deleted
        assert len(purges) == is_deleted
        if is_deleted:
            stored = self.store.get(TENANT, NAME)
            assert (stored.deleted_at, stored.purged_at) == (purges[0].deleted_at, purges[0].at)

    def teardown(self) -> None:
        """Let the days pass: whatever is deleted goes in the end, however often it was killed."""
        self.clock.advance(8 * DAY_S)
        self.the_sweep_runs()
        self.the_function_is_as_expected()
        super().teardown()

    def _create(self, versions: int) -> None:
        create = CreateFunction(functions=self.store, clock=self.clock)
        function = create(TENANT, NewFunction(name=NAME))
        for number in range(1, versions + 1):
            version = a_version(
                tenant=TENANT, function=NAME, version=number, source_sha256=f"{number:064x}"
            )
            function = self.store.add_version(function, version)
        self.expected, self.purging = Expected(versions=versions), False

    def _delete(self) -> Function:
        delete = DeleteFunction(
            functions=self.store,
            deletions=self.deletions,
            webhooks=Webhooks(config=self.cloud.config),
            clock=self.clock,
        )
        return delete(TENANT, NAME)

    def _sweep(self, steps: Steps) -> None:
        PurgeFunctions(
            functions=Watched(thing=self.store, steps=steps),
            deletions=Watched(thing=self.deletions, steps=steps),
            clock=self.clock,
        )()

    def _is_due(self) -> bool:
        stored = self.store.find(TENANT, NAME)
        due_at = None if stored is None else stored.purged_at
        return due_at is not None and moment(due_at) <= self.clock()

    def _make_due(self) -> None:
        """Have a function with some versions whose days of grace are over."""
        if self.expected is None:
            self._create(5)
        if not self._is_due():
            self.somebody_deletes_it()
            self.clock.advance(8 * DAY_S)

    def _look_again(self) -> None:
        """What a sweep has left that was disturbed: what is deleted may be gone, or half gone."""
        stored = self.store.find(TENANT, NAME)
        if self.expected is None or not self.expected.deleted:
            return
        if stored is None:
            self._is_gone()
        else:
            self.purging = stored.purging

    def _is_gone(self) -> None:
        self.expected, self.purging = None, False

    def _parts(self) -> int:
        """How many versions and marks of sources are stored under the name."""
        table = self.cloud.config.table
        prefixes = keys.parts_of_function(NAME)
        queries = [prefix_query(TENANT, prefix) for prefix in prefixes]
        return sum(len(list(table.query(query))) for query in queries)

    def is_refused(self, do: Callable[[], object]) -> None:
        """Nothing changes."""
        with pytest.raises((Conflict, NotFound)):
            do()


@pytest.fixture
def life(account: Cloud, monkeypatch: pytest.MonkeyPatch) -> Iterator[Life]:
    """A function with five versions, whose parts go in six steps."""
    monkeypatch.setattr(deletions_module, "PARTS", PARTS)
    machine = Life(account)
    machine.it_is_created(5)
    yield machine
    machine.the_function_is_as_expected()
    machine.there_is_a_purge_exactly_while_it_is_deleted()
    machine.teardown()


@pytest.mark.parametrize("at", range(1, LAST_STEP + 1))
@pytest.mark.parametrize("after", [False, True])
def test_a_sweep_may_be_killed_at_every_step(life: Life, *, at: int, after: bool) -> None:
    """What it leaves is either whole or goes with the next sweep."""
    life.a_sweep_is_killed(at, after=after)


@pytest.mark.parametrize("at", range(1, LAST_STEP + 1))
def test_a_sweep_that_was_overtaken_removes_nothing_of_a_namesake(life: Life, at: int) -> None:
    """The name is free as soon as the other sweep is through, and given again at once."""
    life.another_sweep_overtakes_one(at)


@pytest.mark.parametrize("at", range(1, LAST_STEP + 1))
def test_a_function_is_restored_whole_or_not_at_all(life: Life, at: int) -> None:
    """However far the sweep is."""
    life.somebody_restores_it_in_the_middle_of_a_sweep(at)


def test_a_function_lives_ends_and_comes_back_whole_or_not_at_all(
    account: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever is faster, and wherever a sweep is killed."""
    monkeypatch.setattr(deletions_module, "PARTS", PARTS)
    monkeypatch.setattr(purge_functions, "STEPS", LAST_STEP)
    play(lambda: Life(account), histories=20, steps=12)
