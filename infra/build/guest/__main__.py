"""Makes guests by hand: `python -m infra.build.guest [lock | x86_64 | arm64 …]`.

Without a name, it makes this machine's and puts it where the engine looks for it; with names, those
of Lambda's architectures, into the store; `lock` renews requirements/guest.lock.
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
    """Write the code of a guest made now into the lock.

    What this machine has no compiler for keeps its line while all else stays as it was.
    """
    old = Code.read() if PATH.exists() else None
    new = artefacts.code_of(artefacts.made(this_machine(), lock=None))
    for architecture, machine in LAMBDA.items():
        try:
            made = artefacts.code_of(artefacts.made(machine, lock=None)).machine_code[machine.cpu]
        except NoCompiler as problem:
            same = old is not None and (old.versions, old.sections) == (new.versions, new.sections)
            made = old.machine_code.get(machine.cpu, "") if old is not None and same else ""
            say(f"lock: {architecture} is {'as before' if made else 'NOT LOCKED'}: {problem}")
        if made:
            new = replace(new, machine_code={**new.machine_code, machine.cpu: made})
    new.write()


def main(arguments: Sequence[str]) -> None:
    """Do what the command line asks."""
    try:
        match list(arguments):
            case []:
                artefacts.make_for_this_machine()
            case ["lock"]:
                renew_lock()
            case names if set(names) <= set(LAMBDA):
                for name in names:
                    say(str(artefacts.made(LAMBDA[name])))
            case _:
                raise SystemExit("usage: python -m infra.build.guest [lock | x86_64 | arm64 …]")
    except (Differs, NoCompiler, NoGuestHere) as problem:
        raise SystemExit(str(problem)) from None


if __name__ == "__main__":
    main(sys.argv[1:])
