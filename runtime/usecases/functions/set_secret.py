"""Set the value of a function's secret; it is stored encrypted and never shown again."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

from runtime.core.functions import rules
from runtime.core.functions.function import Function


class Functions(Protocol):
    """Stores functions."""

    def get(self, tenant: str, name: str) -> Function:
        """One function; raises NotFound."""

    def replace(self, old: Function, new: Function) -> None:
        """Store `new` in the place of `old`; raises Conflict when `old` has changed meanwhile."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SetSecret:
    """Sets secrets."""

    functions: Functions
    seal: Callable[[str, str], str]

    def __call__(self, tenant: str, function: str, *, name: str, value: str) -> None:
        """Set the value, from the next run on; a name that is not declared becomes declared.

        Raises:
            BadInput: the name or the value is refused.
            NotFound: the tenant has no such function.
        """
        rules.check_secret_value(value)
        old = self.functions.get(tenant, function)
        rules.check_secret_names({**old.secrets, name: None})
        sealed = self.seal(tenant, value)
        self.functions.replace(old, replace(old, secrets={**old.secrets, name: sealed}))
