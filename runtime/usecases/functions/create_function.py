"""Create a function, and change its settings. Its code comes later, in versions."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Protocol, TypedDict

from runtime.core.functions import life, rules, secrets, triggers
from runtime.core.functions.function import Engine, Function, Limits, RetryPolicy, Secret
from runtime.core.functions.triggers import TriggerSettings
from runtime.core.preconditions import ANY, IfMatch
from runtime.core.timestamps import timestamp
from runtime.errors import Conflict
from runtime.usecases.functions import ports


class Functions(ports.Functions, ports.Findable, Protocol):
    """Stores functions, new ones too."""

    def add(self, function: Function) -> None:
        """Store a new function.

        Raises:
            Conflict: code `function_exists`.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class NewFunction:
    """The settings of a function that a caller wants to create."""

    name: str
    # Events that any of its triggers takes start it; without triggers it is a transform.
    triggers: TriggerSettings = field(default_factory=TriggerSettings)
    http_hosts: tuple[str, ...] = ()  # hosts that `context.http` may call; `*` allows any
    environment: Mapping[str, str] = field(default_factory=dict)
    secrets: tuple[str, ...] = ()  # names only; `SetSecret` sets each value
    limits: Limits = field(default_factory=Limits)
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    engine: Engine | None = None  # None leaves it to the installation


class FunctionChanges(TypedDict, total=False):
    """The settings to change. Settings that are left out stay as they are."""

    triggers: TriggerSettings
    http_hosts: tuple[str, ...]
    environment: Mapping[str, str]
    secrets: tuple[str, ...]  # names; a secret that is not among them is removed
    limits: Limits
    retry: RetryPolicy
    engine: Engine | None  # None leaves it to the installation


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateFunction:
    """Makes functions."""

    functions: Functions
    clock: Callable[[], datetime]

    def __call__(self, tenant: str, new: NewFunction) -> Function:
        """Store a new function, which has no code yet.

        Raises:
            BadInput: a setting is refused; the error names the field and the fix.
            Conflict: code `function_exists`; or `function_deleted`: one of this name is deleted,
                and can still be restored.
        """
        rules.check_name(new.name)
        rules.check_secret_names(new.secrets)  # checked before repeated names are dropped
        function = Function(
            name=new.name,
            tenant=tenant,
            created_at=timestamp(self.clock()),
            triggers=triggers.changed((), new.triggers),
            http_hosts=new.http_hosts,
            environment=new.environment,
            secrets=dict.fromkeys(new.secrets, Secret()),
            limits=new.limits,
            retry=new.retry,
            engine=new.engine,
        )
        check(function)
        before = self.functions.find(tenant, new.name)
        if before is not None:
            life.kept(before)
        self.functions.add(function)
        return function


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateFunction:
    """Changes a function's settings."""

    functions: Functions

    def __call__(
        self,
        tenant: str,
        name: str,
        *,
        changes: FunctionChanges,
        environment_version: int | None = None,
        if_match: IfMatch = ANY,
    ) -> Function:
        """Change the settings; returns the function as it is then.

        Args:
            tenant: whose function it is.
            name: which one.
            changes: the settings to change.
            environment_version: the version of the environment that the caller has read; None does
                not care whether it has changed since.
            if_match: which state of the function the change is meant for.

        Raises:
            BadInput: a setting is refused, and nothing changed; the error names the field and the
                fix.
            NotFound: the tenant has no such function.
            PreconditionFailed: `if_match` names another ETag than it has.
            Conflict: code `function_deleted`; `environment_changed`: the environment has another
                version by now; or somebody else changed the function at the same time.
        """
        old = ports.kept(self.functions, tenant, name, if_match=if_match)
        if environment_version not in (None, old.environment_version):
            raise Conflict(
                f"the environment has version {old.environment_version} by now; read it again",
                code="environment_changed",
            )
        names = changes.get("secrets", tuple(old.secrets))
        rules.check_secret_names(names)
        environment = changes.get("environment", old.environment)
        function = replace(
            secrets.declared(old, names),
            triggers=triggers.changed(old.triggers, changes.get("triggers", {})),
            http_hosts=changes.get("http_hosts", old.http_hosts),
            environment=environment,
            environment_version=old.environment_version + (environment != old.environment),
            limits=changes.get("limits", old.limits),
            retry=changes.get("retry", old.retry),
            engine=changes.get("engine", old.engine),
        )
        check(function)
        self.functions.replace(old, function)
        return function


def check(function: Function) -> None:
    """Refuse settings that could never work.

    Raises:
        BadInput: the error names the field and the fix.
    """
    rules.check_hosts(function.http_hosts)
    rules.check_environment(function.environment)
    rules.check_limits(function.limits)
