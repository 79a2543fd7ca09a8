"""Publish a version, which the function's next run will use; and the way back."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from runtime.core.functions import releases
from runtime.core.functions.function import Function
from runtime.core.preconditions import ANY, IfMatch
from runtime.core.timestamps import timestamp
from runtime.errors import Conflict
from runtime.usecases.functions import ports


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishVersion:
    """Publishes versions."""

    functions: ports.Releases
    clock: Callable[[], datetime]

    def __call__(
        self,
        tenant: str,
        name: str,
        *,
        version: int | None = None,
        if_match: IfMatch = ANY,
    ) -> Function:
        """Publish a version, or the latest one without a number; returns the function then.

        A publish of the version that is live already changes nothing.

        Raises:
            NotFound: the tenant has no such function, or the function has no such version.
            PreconditionFailed: `if_match` names another ETag than it has.
            Conflict: code `no_version`: none was pushed yet; `version_deleted`, `canary_running` or
                `function_deleted`; or somebody else changed the function at the same time.
        """
        function = ports.kept(self.functions, tenant, name, if_match=if_match)
        number = function.latest_version if version is None else version
        if number == 0:
            raise Conflict("this function has no version yet; push one first", code="no_version")
        ports.existing(self.functions, function, version=number)
        change = releases.published(function, number, at=timestamp(self.clock()))
        if change is None:
            return function
        self.functions.release(function, change)
        return change.function
