"""Push a new version of a function: checked by the sandbox's own reader, then immutable."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from runtime.core import function_rules
from runtime.core.envelope import timestamp
from runtime.core.function import Function, FunctionVersion
from runtime.errors import SourceRefused


class Functions(Protocol):
    """Where functions and their versions rest."""

    def get(self, tenant: str, name: str) -> Function:
        """One function; raises NotFound."""

    def add_version(self, function: Function, version: FunctionVersion) -> Function:
        """Store the next version of `function` as read, and count it; both or neither.

        Raises:
            Conflict: another version came first.
        """


class Sandbox(Protocol):
    """The sandbox's reader."""

    def run(self, tenant: str, job: Mapping[str, Any], /) -> Mapping[str, Any]:
        """The answer to a job."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PushVersion:
    """Stores versions."""

    functions: Functions
    sandbox: Sandbox
    clock: Callable[[], datetime]

    def __call__(self, tenant: str, name: str, *, source: str) -> FunctionVersion:
        """The stored version; it runs only once it is published.

        Raises:
            BadInput: the source is empty, not UTF-8, or too large.
            SourceRefused: with every finding.
            NotFound: the tenant has no such function.
            Conflict: another push came between.
        """
        function_rules.check_source(source)
        function = self.functions.get(tenant, name)
        job = {"v": 1, "op": "check", "source": source}
        findings = self.sandbox.run(tenant, job)["findings"]
        if findings:
            raise SourceRefused(findings)
        version = FunctionVersion(
            tenant=tenant,
            function=name,
            version=function.latest_version + 1,
            source=source,
            source_sha256=hashlib.sha256(source.encode()).hexdigest(),
            created_at=timestamp(self.clock()),
        )
        self.functions.add_version(function, version)
        return version
