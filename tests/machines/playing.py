"""Plays a machine: many histories, each of which is checked against a model after every step."""

from collections.abc import Callable
from typing import cast

from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

from tests.cloud import Cloud


def play(machine: Callable[[], RuleBasedStateMachine], *, histories: int, steps: int) -> None:
    """Play so many histories of at most so many steps."""
    run_state_machine_as_test(
        cast("type[RuleBasedStateMachine]", machine),  # it is only called
        settings=settings(
            max_examples=histories,
            stateful_step_count=steps,
            deadline=None,
            # A history that fails is told as it was: to shorten one takes minutes on real stores.
            phases=[Phase.explicit, Phase.reuse, Phase.generate],
            suppress_health_check=[HealthCheck.too_slow],
        ),
    )


class StoreMachine(RuleBasedStateMachine):
    """A machine on real stores: with each history its tables begin, and end."""

    def __init__(self, account: Cloud) -> None:
        super().__init__()
        self.cloud = Cloud(clients=account.clients)

    def teardown(self) -> None:
        """Delete the tables: a transaction of the emulation copies all that the account holds."""
        for name in self.cloud.made.values():
            self.cloud.clients.dynamodb.delete_table(TableName=name)
