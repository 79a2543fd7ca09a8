"""The demo's sums: every count that is off by one is named."""

from dataclasses import fields, replace

import pytest

from examples.orders.events import read_orders
from infra.demo.expected import expect
from infra.demo.tally import Counts, Extras, document, last_line, problems

EXPECTED = expect(read_orders(limit=1000), fulfilment_key="k")
EXTRAS = Extras(events=3, runs=2, transformed=1, profiles=1, repeats=20)
CONTENTS = len(EXPECTED.plain) + len(EXPECTED.payloads)
SOUND = Counts(
    events_sent=325 + 1000 + 3 + 20,
    events_accepted=325 + 1000 + 3 + 20,
    runs=1000 + 290 + 2,
    wasm_runs=290 + 1,
    restricted_runs=1000,
    deliveries=CONTENTS + 4 + 3,
    delivered=CONTENTS,
    dropped=4,
    dead=3,
    pending=0,
    verified=CONTENTS,
    refused=0,
    retried=130,
    busy_answers=130,
    duplicates=1,
    lost=0,
    wrong=0,
    warehouse_events=325 + 1000 + 3 + EXPECTED.champions,
    warehouse_repeated=0,
    warehouse_profiles=326,
)


def test_sound_counts_have_no_problem() -> None:
    """Duplicates are allowed: delivery is at-least-once."""
    assert [] == list(problems(SOUND, EXPECTED, extras=EXTRAS))


@pytest.mark.parametrize("name", [one.name for one in fields(Counts) if one.name != "duplicates"])
@pytest.mark.parametrize("off_by", [1, -1])
def test_each_count_that_is_off_is_named(name: str, off_by: int) -> None:
    """A count that nobody compares is a count that may be wrong for ever."""
    counts = replace(SOUND, **{name: getattr(SOUND, name) + off_by})

    assert [] != list(problems(counts, EXPECTED, extras=EXTRAS))


def test_problem_names_both_numbers() -> None:
    """Whoever reads it must know what was counted and what was due, without a debugger."""
    found = list(problems(replace(SOUND, dead=2), EXPECTED, extras=EXTRAS))

    assert ["deliveries dead at the broken endpoint: counted 2, must be 3"] == found


def test_last_line_is_the_published_one() -> None:
    """Scripts look for this line."""
    assert (
        f"demo: ok events=1000 runs=1292 deliveries={CONTENTS + 7} verified={CONTENTS}"
        " retried=130 dead=3 lost=0 duplicates=1"
        f" warehouse_events={1328 + EXPECTED.champions} warehouse_profiles=326"
        " wasm_runs=291 restricted_runs=1000"
    ) == last_line(SOUND, orders=1000)


def test_the_document_holds_every_count_and_every_problem() -> None:
    """Scripts read this instead of the line for people."""
    sound = document(SOUND, orders=1000, problems=())
    bad = document(SOUND, orders=1000, problems=("one is off",))

    assert (True, 1000, []) == (sound["ok"], sound["events"], sound["problems"])
    assert {each.name for each in fields(Counts)} == set(sound["counts"])
    assert (False, ["one is off"]) == (bad["ok"], bad["problems"])
