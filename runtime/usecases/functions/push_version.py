"""Push a new version of a function: checked by the engine that will run it, then immutable."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol

from runtime.core.functions import finding, rules
from runtime.core.functions.finding import Finding, Severity
from runtime.core.functions.function import Engine, Function, FunctionVersion
from runtime.core.timestamps import timestamp
from runtime.errors import SourceRefused, Transient

INSTALLATIONS_OWN: Final = (
    "auto"  # what the sandbox calls the engine that its installation is set to
)


class Functions(Protocol):
    """Stores functions and their versions."""

    def get(self, tenant: str, name: str) -> Function:
        """One function; raises NotFound."""

    def add_version(self, function: Function, version: FunctionVersion) -> Function:
        """Store the next version and the function that counts it, in one transaction.

        Raises:
            Conflict: another version came first.
        """


class Sandbox(Protocol):
    """The sandbox, which checks sources."""

    def run(self, tenant: str, job: Mapping[str, Any], /) -> Mapping[str, Any]:
        """The answer to a job."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pushed:
    """A stored version, and the hints that the check gives its author."""

    version: FunctionVersion
    hints: tuple[Finding, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PushVersion:
    """Stores versions."""

    functions: Functions
    sandbox: Sandbox
    clock: Callable[[], datetime]

    def __call__(self, tenant: str, name: str, *, source: str) -> Pushed:
        """The stored version; it runs only once it is published.

        Its engine is the one that the check answers with: the function's own, or the
        installation's.
        The version keeps it, whatever the two are set to later.

        Raises:
            BadInput: the source is empty, not UTF-8, or too large.
            SourceRefused: with every finding, hints too.
            NotFound: the tenant has no such function.
            Conflict: another version was pushed at the same time.
            Transient: code `engine_unavailable`: the installation cannot run the function's engine.
        """
        rules.check_source(source)
        function = self.functions.get(tenant, name)
        engine, findings = self._checked(function, source)
        if any(each.severity is Severity.ERROR for each in findings):
            raise SourceRefused([each.to_json() for each in findings])
        version = FunctionVersion(
            tenant=tenant,
            function=name,
            version=function.latest_version + 1,
            source=source,
            source_sha256=hashlib.sha256(source.encode()).hexdigest(),
            engine=engine,
            created_at=timestamp(self.clock()),
        )
        self.functions.add_version(function, version)
        return Pushed(version=version, hints=findings)

    def _checked(self, function: Function, source: str) -> tuple[Engine, tuple[Finding, ...]]:
        wanted = function.engine or INSTALLATIONS_OWN
        job = {"v": 1, "op": "check", "source": source, "engine": wanted}
        answer = self.sandbox.run(function.tenant, job)
        try:
            engine = Engine(answer["engine"])
            findings = tuple(finding.parse(each) for each in answer["findings"])
        except (KeyError, TypeError, ValueError) as problem:
            raise Transient("the sandbox's check is no check", code="sandbox_crashed") from problem
        if wanted not in (INSTALLATIONS_OWN, engine):
            raise Transient(
                f"the sandbox checked it with the engine {engine}, not with {wanted}",
                code="engine_unavailable",
            )
        return engine, findings
