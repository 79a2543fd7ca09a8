"""Push a new version of a function. The engine that will run the source checks it first."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol

from runtime.core.functions import finding, rules
from runtime.core.functions.finding import Finding, Severity
from runtime.core.functions.function import Engine, Function, FunctionVersion
from runtime.core.preconditions import ANY, IfMatch
from runtime.core.timestamps import timestamp
from runtime.errors import SourceRefused, Transient
from runtime.usecases.functions import ports

INSTALLATIONS_OWN: Final = "auto"  # the sandbox's word for the engine of its installation


class Functions(ports.Readable, Protocol):
    """Stores functions and their versions."""

    def add_version(self, function: Function, version: FunctionVersion) -> Function:
        """Store the next version and the function that counts it, in one transaction.

        Raises:
            Conflict: another version was stored first.
        """

    def find_source(
        self, tenant: str, name: str, *, engine: Engine, sha256: str
    ) -> FunctionVersion | None:
        """The version that has this source for this engine; None when there is none."""


class Sandbox(Protocol):
    """Checks sources in the sandbox."""

    def run(self, tenant: str, job: Mapping[str, Any], /) -> Mapping[str, Any]:
        """The sandbox's answer to a job."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pushed:
    """What became of a source that was pushed."""

    version: FunctionVersion  # as it is stored
    is_new: bool  # whether no version had this source
    hints: tuple[Finding, ...]  # the check's advice to the author


@dataclass(frozen=True, slots=True, kw_only=True)
class PushVersion:
    """Stores versions."""

    functions: Functions
    sandbox: Sandbox
    clock: Callable[[], datetime]

    def __call__(self, tenant: str, name: str, *, source: str, if_match: IfMatch = ANY) -> Pushed:
        """Check a source and store it as a new version, which runs only once it is published.

        A source that a version has already, checked for the same engine, makes no other version.

        The engine is the function's own, or else the installation's. The version keeps the engine
        that checked it, even if the function or the installation changes to another one.

        Raises:
            BadInput: the source is empty, not UTF-8, or too large.
            SourceRefused: the check found an error; the exception has all findings and hints.
            NotFound: the tenant has no such function.
            PreconditionFailed: `if_match` names another ETag than it has.
            Conflict: the function is deleted, or another version was pushed at the same time.
            Transient: code `engine_unavailable`: the installation cannot run the function's engine.
        """
        rules.check_source(source)
        function = ports.kept(self.functions, tenant, name, if_match=if_match)
        engine, findings = self._checked(function, source)
        if any(each.severity is Severity.ERROR for each in findings):
            raise SourceRefused([each.to_json() for each in findings])
        sha256 = hashlib.sha256(source.encode()).hexdigest()
        version = FunctionVersion(
            tenant=tenant,
            function=name,
            version=function.latest_version + 1,
            source=source,
            source_sha256=sha256,
            engine=engine,
            created_at=timestamp(self.clock()),
        )
        earlier = self.functions.find_source(tenant, name, engine=engine, sha256=sha256)
        if earlier is not None:
            return Pushed(version=earlier, is_new=False, hints=findings)
        self.functions.add_version(function, version)
        return Pushed(version=version, is_new=True, hints=findings)

    def _checked(self, function: Function, source: str) -> tuple[Engine, tuple[Finding, ...]]:
        engine_asked_for = function.engine or INSTALLATIONS_OWN
        job = {"v": 1, "op": "check", "source": source, "engine": engine_asked_for}
        answer = self.sandbox.run(function.tenant, job)
        try:
            engine = Engine(answer["engine"])
            findings = tuple(finding.parse(each) for each in answer["findings"])
        except (KeyError, TypeError, ValueError) as problem:
            raise Transient(
                "the sandbox's answer to a check is malformed", code="sandbox_crashed"
            ) from problem
        if engine_asked_for not in (INSTALLATIONS_OWN, engine):
            raise Transient(
                f"the sandbox checked it with the engine {engine}, not with {engine_asked_for}",
                code="engine_unavailable",
            )
        return engine, findings
