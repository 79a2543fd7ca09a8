"""Set the value of a function's secret, which is stored encrypted and never shown again."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from runtime.core.functions import rules
from runtime.core.functions.function import Secret
from runtime.core.timestamps import timestamp
from runtime.usecases.functions.ports import Functions


@dataclass(frozen=True, slots=True, kw_only=True)
class SetSecret:
    """Sets secrets."""

    functions: Functions
    seal: Callable[[str, str], str]  # encrypts for a tenant: (tenant, text)
    clock: Callable[[], datetime]

    def __call__(self, tenant: str, function: str, *, name: str, value: str) -> None:
        """Set the value for the next runs. A name that is not declared yet becomes declared.

        Raises:
            BadInput: the name or the value is refused.
            NotFound: the tenant has no such function.
            Conflict: somebody else changed the function at the same time.
        """
        rules.check_secret_value(value)
        old = self.functions.get(tenant, function)
        rules.check_secret_names({**old.secrets, name: None})
        secret = Secret(
            version=old.secrets.get(name, Secret()).version + 1,
            sealed=self.seal(tenant, value),
            set_at=timestamp(self.clock()),
        )
        self.functions.replace(old, replace(old, secrets={**old.secrets, name: secret}))
