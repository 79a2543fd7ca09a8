"""Who may use how much of an account's concurrency, held against the template itself."""

from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli._concurrency import NAMES, SHARES, Use, faults, uses
from infra.scan import template

DEFAULTS: Final = {
    name: str(each.get("Default", "")) for name, each in template.stacks()[""]["Parameters"].items()
}
PRODUCTION: Final = {"ApiConcurrency": "100", "DeliverReserved": "150", "SweepReserved": "2"}
NUMBERS: Final = sorted(NAMES)


def by_function(**changed: str) -> dict[str, Use]:
    """The uses of an installation with the defaults, a few of its parameters changed."""
    return {use.function: use for use in uses(DEFAULTS | changed)}


def test_every_function_of_the_template_has_a_share() -> None:
    """One that is left out takes from the others, and no sum says so."""
    names = [function.name for function in template.functions()]
    assert sorted(names) == sorted(share.function for share in SHARES)


def test_a_share_is_what_the_pollers_and_the_schedules_of_the_template_may_start() -> None:
    """The table is of use only as long as it says what AWS will do."""
    shares = by_function()
    for function in template.functions():
        polled = sum(
            template.number(source["ScalingConfig"]["MaximumConcurrency"], stack=function.stack)
            for source in template.events(function, "SQS")
        )
        streams = len(template.events(function, "DynamoDB"))
        schedules = len(template.events(function, "ScheduleV2"))
        if function.name not in ("ApiFunction", "SandboxFunction"):  # which are called
            assert polled + streams + schedules == shares[function.name].most, function.id


def test_reserved_copies_are_those_that_the_template_reserves() -> None:
    """By the same parameters, or the table speaks of another installation."""
    for share in SHARES:
        [function] = [each for each in template.functions() if each.name == share.function]
        reserved = function.properties.get("ReservedConcurrentExecutions")
        named = None if reserved is None else reserved["Fn::If"][1]["Ref"]
        assert share.reserved_by == named, share.function


def test_the_defaults_fit_an_account_with_a_thousand_and_say_what_a_flood_may_take() -> None:
    """A new account may have ten; there the queues wait for copies that do not come."""
    assert 315 == sum(use.most or 0 for use in uses(DEFAULTS))
    [flood] = faults(DEFAULTS, account_limit=1000)
    assert "ApiConcurrency" in flood
    [quota, _flood] = faults(DEFAULTS, account_limit=10)
    assert "315 copies at once, and the account has 10" in quota


def test_a_front_that_ends_a_flood_is_enough() -> None:
    """It answers with 429 before a copy of `api` runs."""
    assert () == faults(DEFAULTS | {"ApiFront": "http-api"}, account_limit=1000)


def test_a_flood_of_calls_leaves_deliveries_and_the_sweep_their_copies() -> None:
    """What is reserved for the API is its most, too; what is reserved for others it cannot take."""
    shares = by_function(**PRODUCTION)
    assert () == faults(DEFAULTS | PRODUCTION, account_limit=1000)
    assert (100, 150, 2) == (
        shares["ApiFunction"].most,
        shares["DeliverFunction"].reserved,
        shares["SweepFunction"].reserved,
    )


def test_a_reserve_below_what_sources_ask_for_is_a_fault() -> None:
    """Lambda then throttles its own poller, and messages come back until they are dead letters."""
    [text] = faults(DEFAULTS | PRODUCTION | {"DeliverReserved": "120"}, account_limit=1000)
    assert "DeliverFunction has 120 reserved copies" in text
    assert "reserve 150" in text


def test_a_reserve_that_aws_refuses_is_a_fault() -> None:
    """AWS keeps a hundred for everybody, and the deployment would end half-way."""
    texts = faults(DEFAULTS | PRODUCTION, account_limit=340)
    assert ["254 copies are to be reserved", "340"] == [
        word for word in ("254 copies are to be reserved", "340") if word in texts[0]
    ]


@given(
    values=st.fixed_dictionaries({name: st.integers(0, 1000).map(str) for name in NUMBERS}),
    limit=st.integers(10, 10_000),
    more=st.integers(0, 10_000),
)
def test_a_higher_limit_makes_nothing_worse(values: dict[str, str], limit: int, more: int) -> None:
    """Who asks AWS for more must not hear of a fault that he did not have."""
    sums = [len(faults(values, account_limit=each)) for each in (limit, limit + more)]
    assert sums[0] >= sums[1]


@pytest.mark.parametrize("name", NUMBERS)
def test_the_table_names_parameters_that_the_template_has(name: str) -> None:
    """And their values are numbers."""
    assert DEFAULTS[name].isdigit()


def test_the_page_has_the_same_numbers() -> None:
    """It is what somebody reads who asks AWS for more."""
    page = (template.ROOT / "docs/howto/size-an-account.md").read_text(encoding="utf-8")
    together = sum(use.most or 0 for use in uses(DEFAULTS))
    reserved = sum(use.reserved for use in uses(DEFAULTS | PRODUCTION))
    assert f"**{together}**" in page
    assert f"That reserves {reserved} copies" in page
    assert f"the account needs {reserved + 100}" in page
