"""The modules of `requests`, as the sdk has them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sandbox.sdk import requests

if TYPE_CHECKING:
    from types import ModuleType


def _offered(module: ModuleType) -> dict[str, Any]:
    return {name: getattr(module, name) for name in module.__all__}


MODULES: Final[dict[str, dict[str, Any]]] = {
    "requests": _offered(requests),
    **{f"requests.{name}": _offered(module) for name, module in requests.SUBMODULES.items()},
}
