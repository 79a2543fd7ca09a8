"""The engine `wasm` of this checkout, as `make setup` builds it: without it these tests fail."""

import platform
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sandbox.engines.wasm import artefact, binding
from sandbox.engines.wasm.imports import imports
from sandbox.engines.wasm.worker import Wasm, prepare
from sandbox.jail import seccomp
from tests import wasm_components
from tests.wasm_components import Component, Recorder
from tests.wasm_workers import Workers

LEVELS = ["rlimit", "seccomp"] if sys.platform == "linux" else ["rlimit"]


@pytest.fixture(scope="session")
def files() -> artefact.Artefact:
    """The artefact of this checkout."""
    return artefact.find()


@pytest.fixture(scope="session")
def engine() -> Wasm:
    """The engine as a zygote has it."""
    return prepare()


@pytest.fixture(scope="session", params=LEVELS)
def workers(engine: Wasm, request: pytest.FixtureRequest) -> Workers:
    """Forks of it, at each level of isolation that this system has."""
    if request.param == "rlimit":
        return Workers(engine)
    return Workers(engine, seccomp.Filter(seccomp.worker_program(platform.machine())))


@pytest.fixture
def parent() -> Recorder:
    """Whom the guest of a test talks to."""
    return Recorder()


@pytest.fixture
def guest_of(
    files: artefact.Artefact, parent: Recorder, tmp_path: Path
) -> Iterator[Callable[[Component], binding.Guest]]:
    """Makes an instance of a component."""
    made = []

    def make(component: Component) -> binding.Guest:
        library = binding.Library(files.library)
        cwasm = wasm_components.compiled(component, tmp_path, files=files)
        guest = binding.Guest(library, str(cwasm), imports=imports(library, parent))
        made.append(guest)
        return guest

    yield make
    for guest in made:
        guest.close()
