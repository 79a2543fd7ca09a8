"""`penstock admin audit`: who did what to the whole installation."""

from itertools import islice

from cli import _installation, _output, _times, audit
from cli._installation import Stack, refusals
from cli._output import AsJson, Limit
from cli._times import Since, Until


def audit_(
    *,
    since: Since = None,
    until: Until = None,
    limit: Limit = 50,
    stack: Stack = None,
    as_json: AsJson = False,
) -> None:
    """List what admins did to an installation with AWS credentials, the newest first.

    Each pause, redrive, replay, rotation, restore, refresh and migration has an entry from before
    it began, with who did it and how it ended. What is done to one tenant by the API is in the
    tenant's log, which `penstock audit` shows.
    """
    from runtime.core.audit import entry as entries
    from runtime.wiring import operations

    with refusals():
        installation = _installation.find(stack)
        log = operations.audit_log(
            installation.client("dynamodb"), audit_table=installation.output("AuditTable")
        )
        found = log.of_installation(since=_times.parse(since), until=_times.parse(until))
        rows = [entries.shown(each) for each in islice(found, limit)]
    _output.show(
        {"data": rows},
        as_json=as_json,
        human=lambda: _output.table([*map(audit.row, rows)], audit.COLUMNS),
    )
