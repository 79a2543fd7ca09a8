"""Create a function and change its settings; its code comes with its versions."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Protocol, TypedDict

from runtime.core.events import topics
from runtime.core.functions import rules
from runtime.core.functions.function import Engine, Function, Limits
from runtime.core.matching import matching
from runtime.core.timestamps import timestamp


class Functions(Protocol):
    """Stores functions."""

    def add(self, function: Function) -> None:
        """Store a new function; raises Conflict when the name is taken."""

    def get(self, tenant: str, name: str) -> Function:
        """One function; raises NotFound."""

    def replace(self, old: Function, new: Function) -> None:
        """Store `new` in the place of `old`; raises Conflict when `old` has changed meanwhile."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewFunction:
    """What a caller asks for. `secrets` are names; each value is set by a call of its own."""

    name: str
    topics: tuple[str, ...] = ()
    filter: Mapping[str, Any] | None = None
    http_hosts: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    secrets: tuple[str, ...] = ()
    limits: Limits = field(default_factory=Limits)
    engine: Engine | None = None


class FunctionChanges(TypedDict, total=False):
    """The settings to change, and only those.

    A secret that `secrets` does not name is removed. `engine` None leaves the engine to the
    installation again.
    """

    topics: tuple[str, ...]
    filter: Mapping[str, Any] | None
    http_hosts: tuple[str, ...]
    environment: Mapping[str, str]
    secrets: tuple[str, ...]
    limits: Limits
    engine: Engine | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateFunction:
    """Makes functions."""

    functions: Functions
    clock: Callable[[], datetime]

    def __call__(self, tenant: str, new: NewFunction) -> Function:
        """The stored function, still without code.

        Raises:
            BadInput: naming the field and the fix.
            Conflict: code `function_exists`.
        """
        rules.check_name(new.name)
        rules.check_secret_names(new.secrets)  # as sent, with what is in it twice
        function = Function(
            name=new.name,
            tenant=tenant,
            created_at=timestamp(self.clock()),
            topics=_heard(new.topics),
            filter=new.filter,
            http_hosts=new.http_hosts,
            environment=new.environment,
            secrets=dict.fromkeys(new.secrets),
            limits=new.limits,
            engine=new.engine,
        )
        check(function)
        self.functions.add(function)
        return function


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateFunction:
    """Changes a function's settings."""

    functions: Functions

    def __call__(self, tenant: str, name: str, *, changes: FunctionChanges) -> Function:
        """The function as it is now.

        Raises:
            BadInput: naming the field and the fix; nothing has changed.
            NotFound: the tenant has no such function.
        """
        old = self.functions.get(tenant, name)
        names = changes.get("secrets", tuple(old.secrets))
        rules.check_secret_names(names)
        function = replace(
            old,
            topics=_heard(changes.get("topics", old.topics)),
            filter=changes.get("filter", old.filter),
            http_hosts=changes.get("http_hosts", old.http_hosts),
            environment=changes.get("environment", old.environment),
            secrets={secret: old.secrets.get(secret) for secret in names},
            limits=changes.get("limits", old.limits),
            engine=changes.get("engine", old.engine),
        )
        check(function)
        self.functions.replace(old, function)
        return function


def check(function: Function) -> None:
    """Refuse settings that could never work.

    Raises:
        BadInput: naming the field and the fix.
    """
    rules.check_hosts(function.http_hosts)
    rules.check_environment(function.environment)
    rules.check_limits(function.limits)
    if function.filter is not None:
        matching.compile(function.filter)


def _heard(names: tuple[str, ...]) -> tuple[str, ...]:
    # A function without topics is a transform: only webhooks run it.
    return topics.parse_all(names) if names else ()
