"""A function: a tenant's code, in versions that never change.

Events start a function that has triggers. A function without triggers transforms the deliveries of
the webhooks that name it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from runtime.core import preconditions
from runtime.core.matching.trigger import Trigger

MAX_SOURCE_BYTES: Final = 64 * 1024
MAX_VERSION: Final = 999_999  # six digits in its key


class Engine(StrEnum):
    """What runs a function's code inside the sandbox. The values are the sandbox's own words."""

    WASM = "wasm"
    RESTRICTED = "restricted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one run may use. The defaults are the platform's caps; a function may lower them."""

    wall_s: float = 15.0  # seconds by the clock
    memory_mb: int = 128  # MiB
    result_bytes: int = 1024 * 1024  # of the returned value as JSON
    http_calls: int = 10
    emits: int = 100  # events that the run may emit
    log_bytes: int = 64 * 1024
    concurrent_runs: int = 25  # of the whole function at the same time


class RetryOn(StrEnum):
    """Which failures of the code itself lead to another attempt."""

    NEVER = "never"  # none but a RetryError, by which the code asks for it
    ON_ERROR = "on_error"  # any exception, a run that timed out, and one that ran out of memory


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """Whether and when a run that failed is tried again."""

    on: RetryOn = RetryOn.NEVER
    attempts: int = 10  # of one run in all, the first included
    # Seconds after the first, second, … attempt; the last one repeats. None: the default schedule.
    delays_s: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Secret:
    """The value of a declared secret, as it is stored."""

    # Grows by one each time a value is set. Before the first it is 0, or the function's
    # `removed_secrets`.
    version: int = 0
    sealed: str | None = None  # encrypted for the tenant; None while it has no value
    set_at: str | None = None  # ISO 8601; None while it has no value


@dataclass(frozen=True, slots=True, kw_only=True)
class Canary:
    """A version that gets a share of the runs before it is published."""

    id: str  # of this trial; another canary of the same version has another id
    version: int
    percent: float  # share of the runs, from 0.001 to 100
    # The canary ends when its share of failed runs is this many percentage points above that of
    # the live version,
    margin_points: float
    min_runs: int  # counted over at least so many runs of the canary
    started_at: str  # ISO 8601


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """A tenant's function and its settings."""

    name: str  # also its id
    tenant: str
    created_at: str  # ISO 8601
    # Events that any of them takes start the function. A transform has none.
    triggers: tuple[Trigger, ...] = ()
    http_hosts: tuple[str, ...] = ()  # hosts that `context.http` may call; `*` allows any
    # The code sees these as `os.environ`. They are no secrets: the API shows them.
    environment: Mapping[str, str] = field(default_factory=dict)
    environment_version: int = 1  # grows by one with each change of `environment`
    secrets: Mapping[str, Secret] = field(default_factory=dict)  # by declared name
    # The highest version of any secret that is not declared any more. A name that is declared anew
    # counts on from there, so that no version on the record of a run names two values.
    removed_secrets: int = 0
    limits: Limits = field(default_factory=Limits)
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    # What checks and runs the versions pushed from now on; None leaves it to the installation.
    engine: Engine | None = None
    latest_version: int = 0  # 0 before the first push
    live_version: int | None = None  # None until the first publish
    live_before: tuple[int, ...] = ()  # versions that were live before, the newest last
    canary: Canary | None = None  # None while no version is on trial
    releases: int = 0  # entries of its release log
    enabled: bool = True  # while it is not, its runs are recorded as skipped
    switched_at: str | None = None  # ISO 8601; None if it was never switched on or off
    deleted_at: str | None = None  # ISO 8601, during the days of grace; None for one that is kept
    purged_at: str | None = None  # ISO 8601; when those days are over; None for one that is kept
    purging: bool = False  # its parts are being removed, so that it cannot be restored any more

    @property
    def etag(self) -> str:
        """The ETag of the function, with its environment, secrets and canary, as it stands."""
        return preconditions.etag(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionVersion:
    """One upload of a function's source, which never changes."""

    tenant: str
    function: str
    version: int  # from 1, in the order of the pushes
    source: str  # empty once the version is deleted
    source_sha256: str  # hexadecimal
    engine: Engine  # the one that checked the source; every run of the version uses it
    created_at: str  # ISO 8601
    deleted_at: str | None = None  # ISO 8601; its number is never given again; None while it exists
