"""Delete a version: its source is forgotten, and its number is never given again."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from runtime.core.functions import releases
from runtime.core.functions.function import Function, FunctionVersion
from runtime.core.functions.releases import Change
from runtime.core.preconditions import ANY, IfMatch
from runtime.core.timestamps import timestamp
from runtime.usecases.functions import ports


class Functions(ports.Releases, Protocol):
    """Stores functions and their versions."""

    def delete_version(self, old: Function, change: Change, *, version: FunctionVersion) -> None:
        """Store that a version is deleted, and forget its source.

        Raises:
            Conflict: `old` has changed since it was read.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteVersion:
    """Deletes versions."""

    functions: Functions
    clock: Callable[[], datetime]

    def __call__(self, tenant: str, name: str, *, version: int, if_match: IfMatch = ANY) -> None:
        """Delete a version; one that is deleted already stays so.

        Raises:
            NotFound: the tenant has no such function, or the function has no such version.
            PreconditionFailed: `if_match` names another ETag than it has.
            Conflict: code `version_is_live`, `canary_running` or `function_deleted`; or somebody
                else changed the function at the same time.
        """
        function = ports.kept(self.functions, tenant, name, if_match=if_match)
        releases.check_number(function, version)
        stored = self.functions.get_version(tenant, name, version=version)
        if stored.deleted_at is not None:
            return
        change = releases.deleted(function, version, at=timestamp(self.clock()))
        self.functions.delete_version(function, change, version=stored)
