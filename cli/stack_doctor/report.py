"""The report of `penstock doctor`, to attach to an issue: it does not tell whose account it is."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from cli._checks import Check, TriedOn

ACCOUNT: Final = "(account)"
CAVEAT: Final = (
    "Checks that were tried on emulators alone have never met AWS itself: if one says what is not"
    " so, attach what `--report` writes to an issue."
)
_ACCOUNT_ID: Final = re.compile(r"(?<!\d)\d{12}(?!\d)")
# What is replaced, whatever the account's id is, and by what.
_SECRETS: Final = (
    (re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"), "(access key)"),
    (re.compile(r"\bpsk_[A-Za-z0-9_-]+"), "(api key)"),
    (re.compile(r"\bwhsec_[A-Za-z0-9+/=]+"), "(secret)"),
    (re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"), "(address)"),
    (re.compile(r"\bhttps?://[^\s|)]+"), "(url)"),
    (
        re.compile(r"(?<![\w./])/(?:[^\s/|()]+/)+[^\s|()]*"),
        "(path)",
    ),  # which may have a user's name
    (re.compile(r"\barn:aws[\w-]*:[^\s|,;)]+"), "(arn)"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """Where and when a report was made."""

    at: str  # the time, in UTC
    version: str  # of Penstock on this machine
    python: str  # with the system and the machine
    region: str  # of AWS; empty when none is set


def masked(text: str, *, account: str = "") -> str:
    """The text without secrets, addresses and ids of accounts.

    Args:
        text: what AWS or a check says.
        account: the id of the account; empty if it is not known. Any other is masked as well.
    """
    for pattern, instead in _SECRETS:
        text = pattern.sub(instead, text)
    if account:
        text = text.replace(account, ACCOUNT)
    return _ACCOUNT_ID.sub(ACCOUNT, text)


def render(
    checks: Sequence[Check], depths: Sequence[Mapping[str, Any]], *, about: About, account: str
) -> str:
    """The report, as Markdown."""
    lines = [
        "# penstock doctor",
        "",
        f"Made at {about.at} by Penstock {about.version} on {about.python}.",
        "",
        f"Region of AWS: {about.region or 'not set'}.",
        "",
        *_table(
            ("check", "verdict", "found", "advice", "tried on"),
            ((c.name, c.verdict, c.found, c.advice, c.tried_on) for c in checks),
        ),
    ]
    if any(check.tried_on is TriedOn.EMULATORS for check in checks):
        lines += ["", CAVEAT]
    if depths:
        columns = tuple(depths[0])
        lines += ["", "## Queues", ""]
        lines += _table(columns, (tuple(depth[name] for name in columns) for depth in depths))
    return masked("\n".join(lines) + "\n", account=account)


def _table(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> list[str]:
    return [
        f"| {' | '.join(columns)} |",
        f"|{'---|' * len(columns)}",
        *(f"| {' | '.join(map(_cell, row))} |" for row in rows),
    ]


def _cell(value: Any) -> str:
    text = "-" if value is None else str(value)
    return text.replace("|", "\\|").replace("\n", " ")
