"""The order log as events, and the independent expectation that the demo compares with."""

from datetime import date
from pathlib import Path

from examples.orders.events import LOG, envelopes, read_orders
from infra.demo import expected
from infra.demo.expected import MONEY_THIRDS_CENTS, expect
from runtime.core.events import envelope

NOW = "2026-11-20T13:04:05.123Z"


def test_log_holds_the_published_counts() -> None:
    """A truncated or edited copy of the data set would quietly change every number of the demo."""
    orders = read_orders()

    assert 6919 == len(orders)
    assert 2357 == len({order.customer for order in orders})
    assert (date(1997, 1, 1), date(1998, 6, 30)) == (
        min(order.day for order in orders),
        max(order.day for order in orders),
    )


def test_every_envelope_is_accepted_at_the_door() -> None:
    """Straight onto the bus there is no API to refuse a malformed event."""
    sent = envelopes(read_orders(), tenant="demo")

    assert 6919 + 2357 == len({envelope.parse(raw, now=NOW).id for raw in sent})


def test_events_are_the_same_each_time() -> None:
    """Ids that changed between two sendings would double every count."""
    assert envelopes(read_orders(limit=50), tenant="a") == envelopes(
        read_orders(LOG, limit=50), tenant="a"
    )


def test_orders_are_sent_by_date_after_their_customers() -> None:
    """Days in order make the progress of a profile readable."""
    sent = envelopes(read_orders(limit=200), tenant="demo")
    orders = [raw["occurred_at"] for raw in sent if raw["topic"] == "metric.placed_order"]

    assert sorted(orders) == orders
    assert ["profile.created"] * 76 == [raw["topic"] for raw in sent[:76]]


def test_money_scores_are_thirds_of_this_shops_customers() -> None:
    """Thresholds copied from another shop would put everybody in one class."""
    cents: dict[str, int] = {}
    for order in read_orders():
        cents[order.customer] = cents.get(order.customer, 0) + order.cents
    paying = sorted(value for value in cents.values() if value)

    assert MONEY_THIRDS_CENTS == (
        paying[len(paying) // 3],
        paying[2 * len(paying) // 3],
    )


def test_cents_are_read_without_rounding() -> None:
    """Dollars read as floats lose a cent somewhere in 6,919 orders."""
    texts = [line.split()[4] for line in LOG.read_text(encoding="ascii").splitlines()]

    assert texts == [f"{o.cents // 100}.{o.cents % 100:02}" for o in read_orders()]


def test_expectation_adds_up_for_the_first_thousand() -> None:
    """The demo's arithmetic rests on these numbers."""
    expectation = expect(read_orders(limit=1000), fulfilment_key="k")

    assert (1000, 325, 286, 4, 3) == (
        expectation.orders,
        expectation.customers,
        len(expectation.payloads),
        expectation.dropped,
        expectation.down,
    )
    assert 1000 + expectation.champions == len(expectation.plain)


def test_customer_who_never_paid_has_no_code() -> None:
    """A give-away is no purchase: RFM counts paid orders only."""
    assert "" == expected.rfm([]).rfm_code


def test_note_names_the_origin_of_the_data() -> None:
    """Data without its source cannot be checked or cited."""
    note = (Path(LOG).parent / "README.md").read_text(encoding="utf-8")

    assert "CDNOW" in note
    assert "lifetimes" in note
