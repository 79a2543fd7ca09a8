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
    """A tenant's function. `name` is its id; `live_version` None until the first publish.

    `http_hosts` is the allow-list of `context.http` (`*` for any); `environment` is what the code
    sees as `os.environ`, shown to whoever may see the function; `secrets` maps each declared
    name to its ciphertext, or to None while no value has been set. `engine` is for the versions
    to come, and None leaves it to the installation: a version keeps the engine it was pushed with.
    """

    name: str
    tenant: str
    created_at: str
    topics: tuple[str, ...] = ()
    filter: Mapping[str, Any] | None = None
    http_hosts: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str | None] = field(default_factory=dict)
    limits: Limits = field(default_factory=Limits)
    engine: Engine | None = None
    latest_version: int = 0
    live_version: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionVersion:
    """One immutable upload: never changed, never renumbered.

    `engine` is what its source was checked with, and the only one that its runs may have.
    """

    tenant: str
    function: str
    version: int
    source: str
    source_sha256: str
    engine: Engine
    created_at: str
