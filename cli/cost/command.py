"""`penstock cost`: what an installation would cost a month, and what makes it less."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from typing import Annotated, Any, Final

import typer

from cli import _numbers, _output
from cli._errors import WrongUsage
from cli._output import AsJson
from cli.cost import idle, measured, prices
from cli.cost.month import Entry, Workload, month

SHOWN: Final = 10  # of the lines, the largest first
MAX_FANOUT: Final = 10_000  # webhooks of a tenant that one event may have
ASSUMED: Final = (
    f"list prices of {prices.REGION} without the free tier; full batches; bodies of 1 KB; receivers"
    " that answer in 250 ms; 8 % of the deliveries need a second attempt; syncs are due each hour"
)


def _amount(*names: str, text: str) -> Any:
    return typer.Option(*names, parser=_numbers.amount, metavar="AMOUNT", help=text)


def cost(  # noqa: PLR0913 - each is an option of the command
    *,
    events: Annotated[float, _amount("--events", text="Events a month, such as 10M.")] = 1e6,
    fanout: Annotated[
        float, _amount("--fanout", text="Deliveries that an event makes, on the average.")
    ] = 1,
    runs: Annotated[
        float, _amount("--runs", text="Runs of functions that an event makes, on the average.")
    ] = 0,
    profiles: Annotated[
        float, _amount("--profiles", text="People that are known, such as 2.5M.")
    ] = 0,
    syncs: Annotated[float, _amount("--syncs", text="Syncs, each of them due each hour.")] = 0,
    redshift: Annotated[
        bool, typer.Option("--redshift", help="Count the Redshift Serverless that syncs wake.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Compute what an installation costs a month, line by line, and what makes each less.

    It asks nobody: the prices are those of AWS's lists, the counts and the CPU are measured, and
    what nothing but AWS can show is assumed. No bill has been compared with it.
    """
    work = Workload(
        events=_whole("--events", events),
        fanout=_at_most("--fanout", fanout),
        runs=_at_most("--runs", runs),
        profiles=_whole("--profiles", profiles),
        syncs=_whole("--syncs", syncs),
        redshift=redshift,
    )
    entries = month(work, counts=measured.COUNTS, cpu=measured.CPU, parts=idle.count())
    _output.show(_document(work, entries), as_json=as_json, human=lambda: _lines(work, entries))


def _whole(name: str, amount: float) -> int:
    if not amount.is_integer():
        raise WrongUsage(f"{name} is a whole number, such as 250, 2.5k or 10M, not {amount:g}")
    return int(amount)


def _at_most(name: str, average: float) -> float:
    if average > MAX_FANOUT:
        raise WrongUsage(
            f"{name} is an average for one event, at most {MAX_FANOUT:,}, such as 2 or 0.1;"
            f" not {average:g}"
        )
    return average


def _total(entries: Iterable[Entry]) -> float:
    return sum(entry.dollars for entry in entries)


def _document(work: Workload, entries: Sequence[Entry]) -> dict[str, Any]:
    lines = [asdict(entry) | {"dollars": round(entry.dollars, 4)} for entry in entries]
    return {
        "workload": asdict(work),
        "dollars_a_month": round(_total(entries), 2),
        "idle_dollars_a_month": round(_total(entry for entry in entries if entry.is_idle), 2),
        "lines": lines,
        "assumed": ASSUMED,
        "prices": {
            name: {"dollars": price.dollars, "unit": price.unit, **asdict(price.page)}
            for name, price in prices.PRICES.items()
        },
    }


def _lines(work: Workload, entries: Sequence[Entry]) -> Iterator[_output.Part]:
    busy = [entry for entry in entries if not entry.is_idle]
    resting = [entry for entry in entries if entry.is_idle]
    work_dollars, idle_dollars = _total(busy), _total(resting)
    yield (
        f"${work_dollars + idle_dollars:.2f} a month: ${work_dollars:.2f} for the work,"
        f" ${idle_dollars:.2f} even if nothing happens"
    )
    if deliveries := work.events * work.fanout:
        yield f"${work_dollars / deliveries * 1e6:.2f} of the work for each million deliveries"
    if busy:
        yield from ("", _table(busy, "the work"))
    yield from ("", _table(resting, "even if nothing happens"), "")
    yield f"Assumed: {ASSUMED}."
    yield "Where each number is from, with the date of each price: `penstock cost --json`."


def _table(entries: Sequence[Entry], title: str) -> _output.Table:
    rows = [
        {title: entry.what, "$": f"{entry.dollars:.2f}", "what makes it less": entry.lever}
        for entry in entries[:SHOWN]
    ]
    if rest := entries[SHOWN:]:
        name = f"({len(rest)} smaller lines)"
        rows.append({title: name, "$": f"{_total(rest):.2f}", "what makes it less": ""})
    return _output.table(rows, (title, "$", "what makes it less"))
