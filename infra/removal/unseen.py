"""Statements whose use no scene can show, in classes, and what shows them right."""

import fnmatch
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Unseen:
    """A class of statements, and the statements in it."""

    name: str  # as the page's table names it
    why: str  # a sentence: what the emulator lacks
    # Patterns of fnmatch for the ids of statements, and what shows that they are right.
    statements: tuple[tuple[str, str], ...]

    def shown_by(self, statement_id: str) -> str | None:
        """What shows that a statement is right; None if it is not in this class."""
        shown = (
            how for pattern, how in self.statements if fnmatch.fnmatchcase(statement_id, pattern)
        )
        return next(shown, None)


CLASSES: Final = (
    Unseen(
        name="AWS's own calls",
        why="a service of AWS makes the call by itself, with a role that it was given, and that"
        " part of the service is not in the emulator: Lambda writes a function's log and makes the"
        " network interfaces of a sandbox without egress, EventBridge Scheduler puts what it cannot"
        " hand over into a dead-letter queue, a Redshift cluster logs its users in, CodeDeploy"
        " moves callers to a new version, and what an installation's own key seals is opened with"
        " it for whoever reads a table or a queue",
        statements=(
            ("*.OwnLog", "`test_a_function_may_write_its_own_log_and_no_other`"),
            ("*Function*Role.*SQSPolicy", "SAM makes it of the schedule's `DeadLetterConfig`"),
            ("SandboxRole.LetLambdaMakeInterfaces", "`tests/infra/test_sandbox_egress.py`"),
            ("SandboxRole.RefuseTheCodeEverything", "`tests/infra/test_sandbox_egress.py`"),
            ("*.UseDataKey", "only with `DataKeyArn`; `tests/infra/test_hardening.py`"),
            ("LoaderRole.RunSqlOnCluster", "only with `RedshiftCluster`; `doctor` on the account"),
            ("LoaderRole.LogInAsItself", "only with `RedshiftCluster`; `doctor` on the account"),
            ("RolloutRole.*", "only with `Rollout`; `tests/infra/test_rollout.py`"),
        ),
    ),
    Unseen(
        name="what an answer says",
        why="the permission changes only what an answer says: S3 says 404 of an object that is not"
        " there to whoever may list the bucket, and 403 to others. The emulator says 404 to all",
        statements=(
            (
                "*.TellMissingFromForbidden",
                "`test_who_reads_objects_can_tell_a_missing_one_from_a_forbidden_one`",
            ),
        ),
    ),
    Unseen(
        name="what is done every six minutes",
        why="`sweep` looks at the queues once in six minutes, and a scene lasts one",
        statements=(
            (
                "SweepRole.CountMessages",
                "[the game day](game-day.md): without it no alarm hears of the poison",
            ),
            (
                "SweepRole.AskHowLongMessagesHaveWaited",
                "`tests/infra/test_alarms.py`; no message of a scene waits for as long as a look",
            ),
        ),
    ),
)


def shown_by(statement_id: str) -> tuple[Unseen, str] | None:
    """The class of a statement, and what shows that it is right; None if a scene must fail."""
    for each in CLASSES:
        how = each.shown_by(statement_id)
        if how is not None:
            return each, how
    return None
