"""The filters, run by a small interpreter of their own: the other architecture cannot run here."""

import errno

import pytest

from sandbox.jail.seccomp import TABLES, worker_program
from tests.sandbox.lambda_filter import CLONE3, REFUSALS, lambda_program

ALLOW, KILL, EPERM, ENOSYS = (
    0x7FFF0000,
    0x80000000,
    0x00050000 | errno.EPERM,
    0x00050000 | errno.ENOSYS,
)


def _decide(program: list[tuple[int, int, int, int]], words: dict[int, int]) -> int:
    accumulator, at = 0, 0
    while True:
        code, true, false, k = program[at]
        at += 1
        if code == 0x20:
            accumulator = words.get(k, 0)
        elif code == 0x06:
            return k
        else:
            hit = {0x15: accumulator == k, 0x35: accumulator >= k, 0x45: bool(accumulator & k)}[
                code
            ]
            at += true if hit else false


def _worker(machine: str, name: str, third: int = 0) -> int:
    table = TABLES[machine]
    words = {0: table.numbers[name], 4: table.audit, 32: third}
    return _decide(worker_program(machine), words)


@pytest.mark.parametrize("machine", TABLES)
def test_worker_may_do_what_it_needs_and_nothing_else(machine: str) -> None:
    """An allow-list that forgets to forbid is none."""
    table = TABLES[machine]
    program = worker_program(machine)
    for name in table.numbers:
        assert _worker(machine, name) == ALLOW, name
    allowed = set(table.numbers.values())
    for number in range(600):
        if number not in allowed:
            assert _decide(program, {0: number, 4: table.audit}) == EPERM, number


@pytest.mark.parametrize("machine", TABLES)
def test_memory_can_never_be_made_executable(machine: str) -> None:
    """Native code that is not there cannot be run."""
    for name in ("mmap", "mprotect"):
        assert _worker(machine, name, third=3) == ALLOW
        assert _worker(machine, name, third=4) == EPERM
        assert _worker(machine, name, third=7) == EPERM


@pytest.mark.parametrize("machine", TABLES)
def test_foreign_calling_conventions_kill(machine: str) -> None:
    """The same number means another call under another convention."""
    table = TABLES[machine]
    assert _decide(worker_program(machine), {0: 0, 4: table.audit ^ 1}) == KILL
    assert _decide(worker_program(machine), {0: 0x40000000, 4: table.audit}) == KILL


@pytest.mark.parametrize("machine", TABLES)
def test_the_imitation_of_lambda_refuses_what_lambda_refuses(machine: str) -> None:
    """The rlimit level is tested under it; it must not be gentler than the real thing."""
    table, refusals = TABLES[machine], REFUSALS[machine]
    program = lambda_program(machine)
    for number in refusals.denied.values():
        assert _decide(program, {0: number, 4: table.audit}) == EPERM
    assert _decide(program, {0: CLONE3, 4: table.audit}) == ENOSYS
    assert _decide(program, {0: refusals.clone, 4: table.audit, 16: 0x10000000}) == EPERM
    assert _decide(program, {0: refusals.clone, 4: table.audit, 16: 17}) == ALLOW
