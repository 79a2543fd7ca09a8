"""`python -m infra.removal`: takes statements away, and writes the page about least privilege."""

import argparse
import sys
from collections.abc import Sequence

from infra.demo.progress import Progress
from infra.removal import page, proofs, unseen
from infra.removal.catalogue import SCENES
from infra.removal.ground import new_ground
from infra.removal.proofs import Proof
from infra.removal.prove import NotGreen, Proving
from infra.removal.statements import Statement


def main(arguments: Sequence[str] | None = None) -> int:
    """Run, and say how many statements can be taken away; 0 if none can."""
    parser = argparse.ArgumentParser(prog="python -m infra.removal", description=__doc__)
    parser.add_argument("--role", help="only its statements, such as FanoutRole")
    parser.add_argument(
        "--missing", action="store_true", help="only statements that have no proof yet"
    )
    options = parser.parse_args(arguments)
    progress = Progress()
    with new_ground(progress) as ground:
        proving = Proving(ground=ground, scenes=SCENES, progress=progress)
        deployed = proving.statements()
        kept = [*proofs.begun(), *(proofs.load() if options.role or options.missing else [])]
        wanted = [each for each in deployed if unseen.shown_by(each.id) is None]
        open_statements = [
            each
            for each in wanted
            if _is_open(each, kept, role=options.role, again=not options.missing)
        ]
        progress.step(f"{len(open_statements)} of {len(wanted)} statements are taken away in turn")
        try:
            for proven in proving.proofs(open_statements):
                proofs.note(proven)
        except NotGreen as problem:
            sys.stderr.write(f"{problem}\n")
            return 1
    by_id = {each.id: each for each in [*kept, *proofs.begun()]}
    proofs.save(
        by_id[each.id] for each in wanted if each.id in by_id and by_id[each.id].holds_for(each)
    )
    page.write()
    proofs.forget()
    for line in proving.unproven:
        sys.stderr.write(f"{line}\n")
    progress.step(f"{len(wanted) - len(proving.unproven)} statements are proven")
    return 1 if proving.unproven else 0


def _is_open(statement: Statement, kept: Sequence[Proof], *, role: str | None, again: bool) -> bool:
    """Whether a run has to take a statement away.

    Args:
        statement: the statement.
        kept: proofs that the run may take over.
        role: the only role whose statements are taken away; None for all.
        again: also those that an earlier run has proven, but not this one before it was stopped.
    """
    if role not in {None, statement.role}:
        return False
    done = proofs.begun() if again else kept
    return not any(proof.holds_for(statement) for proof in done)


if __name__ == "__main__":
    sys.exit(main())
