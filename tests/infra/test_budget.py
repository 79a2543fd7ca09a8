"""The budget: made when somebody has set one and is there to hear of it."""

import pytest

from infra.scan import template

EMAIL = "ops@example.com"


def made(**given: str) -> bool:
    """Whether the template makes the stack of the budget with these parameters."""
    declared = template.stacks()[""]["Parameters"]
    defaults = {name: str(each.get("Default", "")) for name, each in declared.items()}
    return "Budget" in template.rendered("", **{**defaults, **given})


@pytest.mark.parametrize(
    ("sum_usd", "email", "is_made"),
    [("0", "", False), ("0", EMAIL, False), ("150", "", False), ("150", EMAIL, True)],
)
def test_a_budget_is_made_of_a_sum_and_somebody_who_hears(
    sum_usd: str, email: str, *, is_made: bool
) -> None:
    """By default there is none, and AWS refuses one that nobody reads."""
    assert made(MonthlyBudgetUsd=sum_usd, AlarmEmail=email) is is_made


def test_the_budget_tells_before_the_sum_is_spent_and_when_it_will_be() -> None:
    """At four fifths of it there is still something to do."""
    [budget] = template.resources("AWS::Budgets::Budget")
    told = [each["Notification"] for each in budget.properties["NotificationsWithSubscribers"]]

    assert {(each["NotificationType"], each["Threshold"]) for each in told} == {
        ("ACTUAL", 80),
        ("ACTUAL", 100),
        ("FORECASTED", 100),
    }
    assert budget.properties["Budget"]["BudgetLimit"]["Unit"] == "USD"
