"""Set the value of a function's secret, which is stored encrypted and never shown; or forget it."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime

from runtime.core.functions import rules, secrets
from runtime.core.functions.function import Secret
from runtime.core.preconditions import ANY, IfMatch
from runtime.core.timestamps import timestamp
from runtime.errors import NotFound
from runtime.races import Races
from runtime.usecases.functions import ports


@dataclass(frozen=True, slots=True, kw_only=True)
class SetSecret:
    """Sets secrets."""

    functions: ports.Functions
    seal: Callable[[str, str], str]  # encrypts for a tenant: (tenant, text)
    clock: Callable[[], datetime]
    races: Races = field(default_factory=Races)

    def __call__(
        self, tenant: str, function: str, *, name: str, value: str, if_match: IfMatch = ANY
    ) -> None:
        """Set the value for the next runs. A name that is not declared yet becomes declared.

        Raises:
            BadInput: the name or the value is refused.
            NotFound: the tenant has no such function.
            PreconditionFailed: `if_match` names another ETag than it has.
            Conflict: the function is deleted, or others keep changing it.
        """
        rules.check_secret_value(value)

        def set_it() -> None:
            old = ports.kept(self.functions, tenant, function, if_match=if_match)
            rules.check_secret_names({**old.secrets, name: None})
            secret = Secret(
                version=secrets.stored(old, name).version + 1,
                sealed=self.seal(tenant, value),
                set_at=timestamp(self.clock()),
            )
            self.functions.replace(old, replace(old, secrets={**old.secrets, name: secret}))

        ports.insist(self.races, set_it)


@dataclass(frozen=True, slots=True, kw_only=True)
class UnsetSecret:
    """Forgets the values of secrets. The names stay declared."""

    functions: ports.Functions
    races: Races = field(default_factory=Races)

    def __call__(self, tenant: str, function: str, *, name: str, if_match: IfMatch = ANY) -> None:
        """Forget the value; nothing changes if the secret has none.

        The count of its versions goes on, so that the version on the record of a run names one
        value only.

        Raises:
            NotFound: code `secret_not_found`: the function declares no such secret; or the tenant
                has no such function.
            PreconditionFailed: `if_match` names another ETag than it has.
            Conflict: the function is deleted, or others keep changing it.
        """

        def unset() -> None:
            old = ports.kept(self.functions, tenant, function, if_match=if_match)
            secret = old.secrets.get(name)
            if secret is None:
                declared = ", ".join(sorted(old.secrets)) or "none"
                raise NotFound(
                    f"{function} declares no secret {name}; it declares {declared}",
                    code="secret_not_found",
                )
            if secret.sealed is not None:
                empty = Secret(version=secret.version)
                self.functions.replace(old, replace(old, secrets={**old.secrets, name: empty}))

        ports.insist(self.races, unset)
