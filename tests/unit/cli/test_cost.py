"""`penstock cost`: the bill of an installation that is described by a few numbers."""

import json
import re
from dataclasses import replace

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st

from cli import _numbers
from cli.cost import bill, idle, measured, prices
from cli.cost.month import LEVERS, Entry, Workload, month
from cli.main import main
from infra.scan import template
from runtime.core.warehouse.sync import DestinationKind
from tests.pages import ROOT

NOTHING = Workload(events=0, fanout=0, runs=0, profiles=0, syncs=0, redshift=False)
PARTS = idle.Parts(alarms=3, watched=4, composite_alarms=1, keys=1, queues=4, polled=2, minutely=2)
FEW = st.integers(0, 10**9)
WORKLOADS = st.builds(
    Workload,
    events=FEW,
    fanout=st.floats(0, 100),
    runs=st.floats(0, 10),
    profiles=FEW,
    syncs=st.integers(0, 500),
    redshift=st.booleans(),
)


def entries(work: Workload) -> list[Entry]:
    """The bill of a month."""
    return list(month(work, counts=measured.COUNTS, cpu=measured.CPU, parts=PARTS))


def dollars(work: Workload, *, is_idle: bool = False) -> float:
    """What the work costs, or what is paid without any."""
    return sum(each.dollars for each in entries(work) if each.is_idle is is_idle)


def test_a_million_deliveries_cost_what_the_bench_says() -> None:
    """One model: what a month has besides is what is stored, and the metrics."""
    work = replace(NOTHING, events=1e6, fanout=1)
    lines = bill.lines(measured.COUNTS, measured.CPU)
    events = sum(line.dollars for line in bill.kept(measured.COUNTS))
    besides = {"metrics of the work", "raw log and lake"}
    month_dollars = sum(
        each.dollars
        for each in entries(work)
        if not each.is_idle and not each.what.endswith("stored") and each.what not in besides
    )

    assert month_dollars == pytest.approx(bill.total(lines, beyond=True) + events)


@given(WORKLOADS, WORKLOADS)
def test_more_of_anything_never_costs_less(one: Workload, other: Workload) -> None:
    """Whoever plans may round up."""
    more = Workload(
        events=max(one.events, other.events),
        fanout=max(one.fanout, other.fanout),
        runs=max(one.runs, other.runs),
        profiles=max(one.profiles, other.profiles),
        syncs=max(one.syncs, other.syncs),
        redshift=one.redshift or other.redshift,
    )

    assert dollars(more) >= dollars(one) * (1 - 1e-9)


@given(WORKLOADS)
def test_what_is_paid_without_work_is_paid_with_any(work: Workload) -> None:
    """And twice the people cost twice what is stored of them."""
    assert dollars(work, is_idle=True) == pytest.approx(dollars(NOTHING, is_idle=True))
    without = dollars(replace(work, profiles=0))
    twice = dollars(replace(work, profiles=2 * work.profiles))
    assert twice - without == pytest.approx(2 * (dollars(work) - without), abs=1e-4)


def test_nothing_to_do_costs_what_is_idle_alone() -> None:
    """Each alarm by the metrics that it watches, each queue by its polls."""
    assert dollars(NOTHING) == 0
    by = {each.what: each.dollars for each in entries(NOTHING)}
    assert by["alarms"] == pytest.approx(4 * 0.10 + 0.50)
    assert by["idle queues"] == pytest.approx(2 * 0.262_8)
    assert by["sealing key"] == 1


def test_an_installation_costs_at_most_five_dollars_while_nothing_happens() -> None:
    """It may stand there for a customer who begins next year."""
    assert sum(line.dollars for line in idle.lines(idle.count())) <= 5


@given(WORKLOADS)
def test_the_largest_line_stands_first_and_each_has_a_lever(work: Workload) -> None:
    """Whoever has time for one thing does the first."""
    bills = entries(work)
    amounts = [each.dollars for each in bills]
    assert amounts == sorted(amounts, reverse=True)
    assert all(each.lever == LEVERS[each.what] for each in bills)
    assert len({each.what for each in bills}) == len(bills)


def test_no_lever_is_for_a_line_that_no_bill_has() -> None:
    """A name that was changed would else leave its advice behind."""
    everything = Workload(events=1, fanout=1, runs=1, profiles=1, syncs=1, redshift=True)
    assert set(LEVERS) == {each.what for each in entries(everything)}


def test_what_is_idle_is_counted_in_the_template_itself() -> None:
    """An alarm that is added shows in the bill, and nobody has to think of it."""
    parts = idle.count()
    polled = sum(len(template.events(each, "SQS")) for each in template.functions())

    assert parts.alarms == len(template.resources("AWS::CloudWatch::Alarm"))
    assert parts.watched >= parts.alarms
    composites = template.resources("AWS::CloudWatch::CompositeAlarm")
    assert parts.composite_alarms == sum("Condition" not in each.raw for each in composites)
    assert parts.keys == len(template.resources("AWS::KMS::Key"))
    assert parts.queues == len(template.resources("AWS::SQS::Queue"))
    assert parts.polled == polled
    assert parts.minutely == sum(
        each["ScheduleExpression"] == "rate(1 minute)"
        for function in template.functions()
        for each in template.events(function, "ScheduleV2")
    )


@pytest.mark.parametrize("kind", DestinationKind)
def test_the_page_of_costs_has_a_million_rows_to_each_destination(kind: DestinationKind) -> None:
    """A destination without a price would be chosen for its silence."""
    page = (ROOT / "docs" / "explanation" / "cost.md").read_text(encoding="utf-8")
    _, _, section = page.partition("## A million rows in a warehouse")
    name = {DestinationKind.S3: "bucket of your own"}.get(kind, kind.value)
    rows = [row.split("|") for row in section.splitlines() if row.startswith("| ")]

    assert [row for row in rows if name in row[1].lower() and len(row) == 6]


@pytest.mark.parametrize("name", sorted(prices.PRICES))
def test_each_price_says_when_it_was_known_and_where_it_stands(name: str) -> None:
    """Prices change; a number without a date cannot be doubted."""
    page = prices.PRICES[name].page
    assert re.fullmatch(r"\d{4}(-\d\d)?", page.as_of)
    assert page.url.startswith("https://aws.amazon.com/")
    assert page.known_by == ("reprint" if page.source else "memory")
    assert not page.source or page.source.startswith("https://")


@given(st.integers(0, 999), st.sampled_from([("", 1), ("k", 10**3), ("M", 10**6), ("b", 10**9)]))
def test_amounts_are_read_as_people_write_them(number: int, unit: tuple[str, int]) -> None:
    """Large numbers have suffixes, in either case."""
    letter, times = unit
    assert _numbers.amount(f"{number}{letter}") == number * times
    assert _numbers.amount(f"{number}.5{letter.swapcase()}") == (number + 0.5) * times
    assert _numbers.amount(f"{number * times:,}") == number * times


@pytest.mark.parametrize(
    "text", ["10X", "ten", "-1", "nan", "inf", "1e6", "", "1,00", "2M5", "9" * 16]
)
def test_what_is_no_amount_is_refused_with_an_example(text: str) -> None:
    """`1e6` too: who means a million writes 1M."""
    with pytest.raises(typer.BadParameter, match=r"such as 250, 2\.5k, 10M"):
        _numbers.amount(text)


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        (["--events", "lots"], "--events"),
        (["--events", "2.5"], "--events is a whole number"),
        (["--syncs", "1.5"], "--syncs is a whole number"),
        (["--fanout", "2M"], "--fanout is an average for one event"),
    ],
)
def test_a_wrong_amount_names_its_option(
    arguments: list[str], names: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 2, and nothing is computed."""
    assert main(["cost", *arguments]) == 2
    assert names in capsys.readouterr().err


def test_the_command_prints_the_ten_largest_lines_with_levers(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """And what is idle, in a table of its own; `--json` has every line and every price."""
    arguments = ["cost", "--events", "10M", "--fanout", "2", "--profiles", "2.5M", "--syncs", "3"]
    assert main(arguments) == 0
    shown = capsys.readouterr().out
    assert main([*arguments, "--redshift", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)

    work, _, rest = shown.partition("\n\n")[2].partition("\n\n")
    assert len(work.splitlines()) == 1 + 10 + 1
    assert rest.startswith("even if nothing happens")
    assert document["workload"] == {
        "events": 10_000_000,
        "fanout": 2,
        "runs": 0,
        "profiles": 2_500_000,
        "syncs": 3,
        "redshift": True,
    }
    total = sum(each["dollars"] for each in document["lines"])
    assert document["dollars_a_month"] == pytest.approx(total, abs=0.01)
    [redshift] = [each for each in document["lines"] if each["what"] == "Redshift Serverless"]
    assert redshift["dollars"] == pytest.approx(36.5)
    assert document["prices"]["event"] == {
        "dollars": 1.0,
        "unit": "a million custom events of up to 64 KB",
        "url": "https://aws.amazon.com/eventbridge/pricing/",
        "as_of": "2026-06",
        "known_by": "reprint",
        "source": "https://www.factualminds.com/blog/amazon-eventbridge-pricing-events-pipes-schema-archive/",
    }
