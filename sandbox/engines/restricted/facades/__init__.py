"""Every module that user code may import, as a table of members."""

from __future__ import annotations

from typing import Any, Final

from sandbox.engines.restricted.facade import Facade, make
from sandbox.engines.restricted.facades import data, requests, text, typed
from sandbox.sdk import outcomes, types

MODULES: Final[dict[str, dict[str, Any]]] = {
    **data.MODULES,
    **text.MODULES,
    **typed.MODULES,
    **requests.MODULES,
    "penstock": {**outcomes.EXPORTS, **dict.fromkeys(types.EXPORTS, typed.HINT)},
}

FACADES: Final[dict[str, Facade]] = {name: make(name, members) for name, members in MODULES.items()}
for _name in MODULES:
    _parent, _, _child = _name.partition(".")
    if _child:
        MODULES[_parent][_child] = FACADES[_name]

VERSION: Final = "3"
