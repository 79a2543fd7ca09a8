"""Takes statements away one after another, each while a scene plays that uses it."""

import fnmatch
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from infra.demo.progress import Progress
from infra.removal.ground import Ground
from infra.removal.proofs import Proof
from infra.removal.statements import Statement, read
from infra.removal.trials import POLLS, Scene, Trial, play

LEAST_PATIENCE_S: Final = 20  # for an act without a statement; else three times what it takes


class NotGreen(Exception):
    """A scene fails though nothing is missing, so it proves nothing."""


@dataclass(kw_only=True)
class Proving:
    """One run over statements of one installation."""

    ground: Ground
    scenes: Sequence[Scene]
    progress: Progress
    unproven: list[str] = field(default_factory=list)  # a sentence for each

    def statements(self) -> list[Statement]:
        """Every statement of every role that is deployed."""
        iam, stacks = self.ground.client("iam"), self.ground.client("cloudformation")
        return read(iam, stacks, stack=self.ground.local.stack)

    def proofs(self, statements: Sequence[Statement]) -> Iterator[list[Proof]]:
        """What is seen without each of the statements: the proofs of one scene at a time.

        A scene plays first and last with all statements. What it proves counts only if it passes
        then.

        Raises:
            NotGreen: it does not.
        """
        trials = {scene.name: self._green(scene) for scene in self.scenes}
        candidates = {each.id: _candidates(each, trials) for each in statements}
        rank = 0
        remaining = list(statements)
        while any(rank < len(candidates[each.id]) for each in remaining):
            groups: dict[str, list[Statement]] = defaultdict(list)
            for each in remaining:
                if rank < len(candidates[each.id]):
                    groups[candidates[each.id][rank]].append(each)
            proven: set[str] = set()
            for scene in self.scenes:
                patience_s = max(LEAST_PATIENCE_S, 3 * trials[scene.name].seconds)
                found = list(self._group(scene, groups[scene.name], patience_s))
                proven |= {proof.id for proof in found}
                yield found
            remaining = [each for each in remaining if each.id not in proven]
            rank += 1
        self.unproven += [
            f"{each.id} can be taken away: none of {candidates[each.id] or 'the scenes'} fails"
            for each in remaining
        ]

    def _group(
        self, scene: Scene, statements: Sequence[Statement], patience_s: float
    ) -> Iterator[Proof]:
        for each in statements:
            self.progress.step(f"{each.id} is taken away: {scene.name}")
            trial = play(scene, self.ground, missing=each, patience_s=patience_s)
            refused = tuple(
                action
                for role, action in trial.refused
                if role == each.holder and action in each.actions
            )
            if refused and trial.problems:
                yield Proof(
                    role=each.role,
                    sid=each.sid,
                    actions=each.actions,
                    resources=each.resources,
                    scene=scene.name,
                    refused=refused,
                )
            else:
                outcome = "; ".join(trial.problems) or "it passes"
                self.progress.step(f"{each.id}: no proof by {scene.name}: {outcome[:300]}")
        if statements:
            self._green(scene)

    def _green(self, scene: Scene) -> Trial:
        self.progress.step(f"with all statements: {scene.name}")
        trial = play(scene, self.ground)
        if not trial.passed:
            raise NotGreen(f"{scene.name}: {'; '.join(trial.problems)} {trial.refused}")
        return trial


def _candidates(statement: Statement, trials: Mapping[str, Trial]) -> list[str]:
    """The scenes that use a statement, the quickest first."""
    using = [(trial.total_s, name) for name, trial in trials.items() if _uses(trial, statement)]
    return [name for _, name in sorted(using)]


def _uses(trial: Trial, statement: Statement) -> bool:
    called = any(
        role == statement.holder
        and sid in {statement.sid, ""}  # SAM makes statements without a Sid
        and action in statement.actions
        for role, sid, action in trial.used
    )
    if called or POLLS.isdisjoint(statement.actions):
        return called
    return any(fnmatch.fnmatchcase(each, arn) for each in trial.read for arn in statement.arns)
