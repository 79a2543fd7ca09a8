"""Makes guests by hand: `python -m infra.build.guest [lock | x86_64 | arm64 …]`.

Without arguments, it makes the guest of this machine and installs it where the engine looks for
it. With names of Lambda's architectures, it makes their guests and keeps them in the store. `lock`
renews requirements/guest.lock.
"""

import sys
from collections.abc import Sequence
from dataclasses import replace

from infra.build.commands import say
from infra.build.guest import artefacts
from infra.build.guest.lock import PATH, Code, Differs
from infra.build.guest.machines import LAMBDA, NoGuestHere, this_machine
from infra.build.guest.native import NoCompiler


def renew_lock() -> None:
    """Write the hashes of a guest that is made now into the lock.

    For a processor that this machine cannot compile for, the lock keeps its hash if the versions
    and the component's code have not changed; else that processor is no longer locked.
    """
    lock = Code.read() if PATH.exists() else None
    build = artefacts.code_of(artefacts.folder_for(this_machine(), lock=None))
    for architecture, machine in LAMBDA.items():
        try:
            code = artefacts.code_of(artefacts.folder_for(machine, lock=None))
            digest = code.machine_code[machine.cpu]
        except NoCompiler as problem:
            digest = _digest_to_keep(lock, build, cpu=machine.cpu)
            say(f"lock: {architecture} is {'as before' if digest else 'NOT LOCKED'}: {problem}")
        if digest:
            build = replace(build, machine_code={**build.machine_code, machine.cpu: digest})
    build.write()


def _digest_to_keep(lock: Code | None, build: Code, *, cpu: str) -> str:
    """The locked hash of this processor's machine code, if it still holds; else empty."""
    if lock is None or (lock.versions, lock.sections) != (build.versions, build.sections):
        return ""
    return lock.machine_code.get(cpu, "")


def main(arguments: Sequence[str]) -> None:
    """Carry out the command line."""
    try:
        match list(arguments):
            case []:
                artefacts.make_for_this_machine()
            case ["lock"]:
                renew_lock()
            case names if set(names) <= set(LAMBDA):
                for name in names:
                    say(str(artefacts.folder_for(LAMBDA[name])))
            case _:
                raise SystemExit("usage: python -m infra.build.guest [lock | x86_64 | arm64 …]")
    except (Differs, NoCompiler, NoGuestHere) as problem:
        raise SystemExit(str(problem)) from None


if __name__ == "__main__":
    main(sys.argv[1:])
