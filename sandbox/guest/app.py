"""The component's one export. The top level of this module runs at build time only."""

from __future__ import annotations

import gc
import signal
import sys
from importlib.machinery import BuiltinImporter, FrozenImporter, ModuleSpec
from types import ModuleType
from typing import Any, Final

import wit_world

from . import (
    absent,
    capabilities,
    catalogue,
    closed,
    compiler,
    digests,
    executors,
    loop,
    network,
    process,
    store,
    streams,
    width,
    zones,
)
from .bridge import BRIDGE, frame_of, read
from .caps import MAX_RECURSION
from .program import Program

_SCRUB_PIECE_BYTES, _SCRUB_PIECES = 1 << 14, 6 << 6
# New objects before CPython looks for cycles; a run of a few milliseconds makes fewer.
_YOUNG_OBJECTS: Final = 20_000


def _inventory(_message: dict[str, Any]) -> str:
    return frame_of({"op": "inventory", **catalogue.inventory()})


PROGRAM: Final = Program()
_OPERATIONS: Final = {
    "run": PROGRAM.run,
    "load": PROGRAM.load,
    "compile": compiler.compile_frame,
    "inventory": _inventory,
}


class WitWorld(wit_world.WitWorld):  # type: ignore[misc]  # made by the build, untyped here
    """The exports that the worker calls."""

    def take(self, frame: str) -> str:
        """Carry out one frame of the parent; its answer as a frame, empty if it has none."""
        message = read(frame)
        return _OPERATIONS[message["op"]](message)


def _name_modules() -> None:
    """Let user code import `penstock` and `requests` by these names."""
    module_penstock = ModuleType("penstock", "What a function says to the platform.")
    module_penstock.__spec__ = ModuleSpec("penstock", None)
    own_names = capabilities.outcomes.EXPORTS | capabilities.types.EXPORTS
    for name, kind in own_names.items():
        kind.__module__ = "penstock"
        setattr(module_penstock, name, kind)
    sys.modules["penstock"] = module_penstock
    own = capabilities.requests.__name__
    for name, module in list(sys.modules.items()):
        if name == own or name.startswith(f"{own}."):
            sys.modules["requests" + name.removeprefix(own)] = module
            for member in vars(module).values():
                if getattr(member, "__module__", "").startswith(own):
                    member.__module__ = "requests" + member.__module__.removeprefix(own)


def _build() -> None:
    network.install()  # before urllib.request looks for what http.client has
    catalogue.load()
    from . import rehearsal  # it imports urllib.request and others, which must come after the above

    zones.collect()
    zones.install()
    _name_modules()
    capabilities.run.RUN.connect(BRIDGE)
    loop.install()
    executors.install()
    digests.install()
    width.install()
    process.install()
    closed.install()
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    sys.setrecursionlimit(MAX_RECURSION)
    sys.meta_path[:] = [BuiltinImporter, FrozenImporter, store.Finder, absent.Finder]
    rehearsal.rehearse()
    rehearsal.check()
    streams.install()  # last: before this, the build prints errors on its own streams
    sys.path.clear()
    sys.path_hooks.clear()
    sys.path_importer_cache.clear()
    gc.collect()
    # Overwrite the memory that the build has freed, so that it compresses well in the component.
    scrub = [bytearray(_SCRUB_PIECE_BYTES) for _ in range(_SCRUB_PIECES)]
    del scrub
    gc.freeze()
    gc.set_threshold(_YOUNG_OBJECTS, 10, 10)


_build()
