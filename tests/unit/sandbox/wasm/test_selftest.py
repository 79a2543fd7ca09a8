"""The engine's self-test finds out what it is there to find out."""

import os
from typing import NoReturn

import pytest

from sandbox.engines.wasm import artefact
from sandbox.engines.wasm.worker import Wasm


class Generous(Wasm):
    """An engine that forgets the limit of memory."""

    def work(self, kind: str, *, memory_bytes: int) -> NoReturn:
        """Serve with a hundred times the memory."""
        super().work(kind, memory_bytes=memory_bytes * 100)


class Deaf(Wasm):
    """An engine whose workers end at once."""

    def work(self, kind: str, *, memory_bytes: int) -> NoReturn:  # noqa: ARG002 - as the engine's
        """Serve nobody."""
        os._exit(3)


def test_an_engine_that_is_well_has_no_faults(engine: Wasm) -> None:
    """And may be asked again: its forks change nothing of it."""
    assert engine.faults() == []
    assert engine.faults() == []


def test_workers_that_draw_the_same_bytes_are_found_out(
    files: artefact.Artefact, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As with randomness that is seeded before the fork."""
    monkeypatch.setattr(os, "urandom", bytes)
    assert Wasm(files).faults() == ["two workers draw the same random bytes"]


def test_a_limit_that_does_not_hold_is_found_out(files: artefact.Artefact) -> None:
    """The function takes twice its limit."""
    assert Generous(files).faults() == ["a function may take more memory than its limit"]


def test_workers_that_do_not_answer_are_found_out(files: artefact.Artefact) -> None:
    """Nothing waits for ever, and what was not shown is broken."""
    faults = Deaf(files).faults()
    assert faults[0].startswith("an event does not run")
    assert len(faults) == 4
