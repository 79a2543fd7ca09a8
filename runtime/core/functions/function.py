"""A function: user code with immutable versions; with topics it is a trigger's target."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

MAX_SOURCE_BYTES: Final = 64 * 1024


class Engine(StrEnum):
    """What runs a function's code inside the sandbox; the sandbox's own words for it."""

    WASM = "wasm"
    RESTRICTED = "restricted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one run may use. The defaults are the platform's caps; a function may lower them."""

    wall_s: float = 15.0
    memory_mb: int = 128
    result_bytes: int = 1024 * 1024
    http_calls: int = 10
    emits: int = 100
    log_bytes: int = 64 * 1024
    concurrent_runs: int = 25


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """A tenant's function and its settings."""

    name: str  # its id, too
    tenant: str
    created_at: str  # ISO 8601
    topics: tuple[str, ...] = ()  # that trigger it; empty for a transform
    filter: Mapping[str, Any] | None = None  # an event pattern; None takes every event
    http_hosts: tuple[str, ...] = ()  # the allow-list of `context.http`; `*` for any
    # What the code sees as `os.environ`. Everybody who may see the function may see it.
    environment: Mapping[str, str] = field(default_factory=dict)
    # The ciphertext of each declared secret; None while it has no value.
    secrets: Mapping[str, str | None] = field(default_factory=dict)
    limits: Limits = field(default_factory=Limits)
    engine: Engine | None = None  # of the next versions; None leaves it to the installation
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
    engine: Engine  # the one that checked the source, and that all its runs use
    created_at: str  # ISO 8601
