"""`penstock admin undelete`: objects that were deleted from the bucket come back."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli import _deeds, _installation, _output, _times
from cli._errors import WrongUsage
from cli._installation import Stack
from cli._output import AsJson
from cli._progress import progress
from cli._times import Until
from runtime.core.operations.deeds import Deed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runtime.stores.aws.undelete import Undeleted


def undelete(
    *,
    since: Annotated[str, typer.Option(help="What was deleted from then on: a time, or 2h.")],
    until: Until = None,
    prefix: Annotated[str, typer.Option(help="Only keys that begin so, such as lake/.")] = "",
    stack: Stack = None,
    yes: Annotated[bool, typer.Option("--yes", help="Bring back, and do not only count.")] = False,
    as_json: AsJson = False,
) -> None:
    """Count, and with --yes bring back, what was deleted from the bucket in a time.

    The bucket has to keep versions (parameter ObjectVersionDays). Take the narrowest time: what is
    deleted every day for good reason, files that were compacted and what is over, comes back too.
    """
    from runtime.stores.aws.undelete import Undelete

    first, last = _times.parse(since) or "", _times.parse(until) or _times.now()
    if first >= last:
        raise WrongUsage("--since must be before --until", code="usage")
    with _installation.refusals():
        installation = _installation.find(stack)
        bucket = installation.output("Bucket")
        bring_back = Undelete(s3=installation.client("s3"), bucket=bucket, prefix=prefix)
        if yes:
            document = _deeds.recorded(
                installation,
                Deed.UNDELETED,
                do=lambda: {
                    "since": first,
                    "until": last,
                    **_ended(bring_back(since=first, until=last, is_look=False)),
                },
                resource_id=f"{bucket}/{prefix}",
            )
        else:
            document = _ended(bring_back(since=first, until=last, is_look=True))
    shown = {name: document[name] for name in ("deleted", "undeleted")}
    _output.show(shown, as_json=as_json, human=lambda: _output.record(shown))


def _ended(pages: "Iterator[Undeleted]") -> dict[str, Any]:
    """How it is at the end."""
    done: dict[str, Any] = {}
    with progress("undeleting") as work:
        for come in pages:
            done = asdict(come)
            work.say(f"{come.undeleted} of {come.deleted} are back")
    return done
