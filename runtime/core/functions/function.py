"""A function: a tenant's code, in versions that never change.

Events start a function that has topics. A function without topics transforms the deliveries of the
webhooks that name it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

MAX_SOURCE_BYTES: Final = 64 * 1024


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """A tenant's function and its settings."""

    name: str  # also its id
    tenant: str
    created_at: str  # ISO 8601
    topics: tuple[str, ...] = ()  # events of these topics start it; empty for a transform
    filter: Mapping[str, Any] | None = None  # an event pattern; None takes every event
    http_hosts: tuple[str, ...] = ()  # hosts that `context.http` may call; `*` allows any
    # The code sees these as `os.environ`. They are no secrets: the API shows them.
    environment: Mapping[str, str] = field(default_factory=dict)
    # Name of a declared secret → its ciphertext; None while it has no value.
    secrets: Mapping[str, str | None] = field(default_factory=dict)
    limits: Limits = field(default_factory=Limits)
    # What checks and runs the versions pushed from now on; None leaves it to the installation.
    engine: Engine | None = None
    latest_version: int = 0  # 0 before the first push
    live_version: int | None = None  # None until the first publish


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionVersion:
    """One upload of a function's source, which never changes."""

    tenant: str
    function: str
    version: int  # from 1, in the order of the pushes
    source: str
    source_sha256: str  # hexadecimal
    engine: Engine  # the one that checked the source; every run of the version uses it
    created_at: str  # ISO 8601
