"""What the database user that loads Redshift must be granted, and nothing more.

Redshift makes a user of each IAM identity when it first connects, and grants it nothing. So before
the first load of a fresh Redshift, a superuser of the database runs these statements once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from runtime.core.warehouse.dialect import literal

ADVICE: Final = "let a superuser of the database run what `penstock syncs grants` prints"
_FROM_IAM: Final = "IAMR:"  # begins the name of the database user that Redshift makes of a role


@dataclass(frozen=True, slots=True, kw_only=True)
class Loader:
    """Who loads which database."""

    database: str
    user: str  # the database user
    copy_role_arn: str  # what COPY reads the staged files with
    schemas: Sequence[str] = ()  # that somebody else has made and that loads shall fill


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """One statement of a superuser, and how to ask whether it is needed."""

    statement: str
    reason: str
    question: str  # a SELECT of one row, whose column `granted` says whether the user has it


def user_of(role_arn: str) -> str:
    """The database user that Redshift makes of an IAM role."""
    return _FROM_IAM + role_arn.rpartition("/")[2]


def grants(loader: Loader) -> tuple[Grant, ...]:
    """What a loader needs. The first makes the user, without which the others cannot be asked."""
    user, name = _quoted(loader.user), literal(loader.user)
    database = loader.database
    made = Grant(
        statement=f"CREATE USER {user} PASSWORD DISABLE",
        reason="the user that Redshift makes of the role that loads, should it not have come yet",
        question=f"SELECT COUNT(*) > 0 AS granted FROM pg_user WHERE usename = {name}",  # noqa: S608 - literals
    )
    in_database = [
        Grant(
            statement=f"GRANT {privilege} ON DATABASE {_quoted(database)} TO {user}",
            reason=reason,
            question=f"SELECT HAS_DATABASE_PRIVILEGE({name}, {literal(database)},"
            f" {literal(privilege)}) AS granted",
        )
        for privilege, reason in (
            ("CREATE", "each tenant gets a schema of its own, which its first load makes"),
            ("TEMP", "a load stages its rows in temporary tables"),
        )
    ]
    arn = literal(loader.copy_role_arn)
    to_copy = Grant(
        statement=f"GRANT ASSUMEROLE ON {arn} TO {user} FOR COPY",
        reason="COPY reads the staged files with this role, which the namespace must have, too",
        question=f"SELECT HAS_ASSUMEROLE_PRIVILEGE({name}, {arn}, 'COPY') AS granted",
    )
    in_schemas = [
        Grant(
            statement=f"GRANT {privilege} ON SCHEMA {_quoted(schema)} TO {user}",
            reason="somebody else has made this schema",
            question=f"SELECT HAS_SCHEMA_PRIVILEGE({name}, {literal(schema)}, {literal(privilege)})"
            " AS granted",
        )
        for schema in loader.schemas
        for privilege in ("USAGE", "CREATE")
    ]
    return (made, *in_database, to_copy, *in_schemas)


def script(loader: Loader) -> str:
    """The statements as a script for a superuser, with the reason above each."""
    head = [
        f"-- Run this once as a superuser, in the database {loader.database}.",
        "-- The user may exist already, if a load has been tried before: then leave out the first",
        "-- statement. The others can be repeated.",
    ]
    body = [f"-- {each.reason}\n{each.statement};" for each in grants(loader)]
    return "\n".join([*head, *body])


def _quoted(name: str) -> str:
    """A name as an SQL identifier that keeps its capitals."""
    return '"' + name.replace('"', '""') + '"'
