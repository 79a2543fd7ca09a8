"""The component's one export. Its top level runs at build time, and never again."""

from __future__ import annotations

import gc
import signal
import sys
from importlib.machinery import BuiltinImporter, FrozenImporter, ModuleSpec
from types import ModuleType
from typing import Any

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
from .bridge import BRIDGE, read, written
from .caps import RECURSION_MAX
from .program import Program

_SCRUB_PIECE_BYTES, _SCRUB_PIECES = 1 << 14, 6 << 6
_YOUNG_OBJECTS = 20_000  # a run of a few milliseconds need not look for cycles


def _inventory(_message: dict[str, Any]) -> str:
    return written({"op": "inventory", **catalogue.inventory()})


PROGRAM = Program()
_OPERATIONS = {
    "run": PROGRAM.run,
    "load": PROGRAM.load,
    "compile": compiler.compile_frame,
    "inventory": _inventory,
}


class WitWorld(wit_world.WitWorld):  # type: ignore[misc]  # made by the build, untyped here
    """What the worker calls."""

    def take(self, frame: str) -> str:
        """Do what one frame of the parent asks; the frame that answers it, or nothing."""
        message = read(frame)
        return _OPERATIONS[message["op"]](message)


def _name_modules() -> None:
    """Let user code import what it is given by the names that are published."""
    published = ModuleType("penstock", "What a function says to the platform.")
    published.__spec__ = ModuleSpec("penstock", None)
    for name, kind in capabilities.outcomes.EXPORTS.items():
        kind.__module__ = "penstock"
        setattr(published, name, kind)
    sys.modules["penstock"] = published
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
    from . import rehearsal  # it imports what may not be imported before

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
    sys.setrecursionlimit(RECURSION_MAX)
    sys.meta_path[:] = [BuiltinImporter, FrozenImporter, store.Finder, absent.Finder]
    rehearsal.rehearse()
    rehearsal.check()
    streams.install()  # last: until here an error is the build's, and is shown by it
    sys.path.clear()
    sys.path_hooks.clear()
    sys.path_importer_cache.clear()
    gc.collect()
    # Overwrites what the build freed: it would only make the component larger.
    scrub = [bytearray(_SCRUB_PIECE_BYTES) for _ in range(_SCRUB_PIECES)]
    del scrub
    gc.freeze()
    gc.set_threshold(_YOUNG_OBJECTS, 10, 10)


_build()
