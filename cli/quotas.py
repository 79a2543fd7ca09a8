"""`penstock admin quotas`: how much a tenant may use on one day."""

from typing import Annotated, Final

import typer

from cli import _output, client
from cli._errors import WrongUsage
from cli._output import AsJson

NONE: Final = "none"
Limit = Annotated[str | None, typer.Option(metavar="N|none", help="A day; none: no quota.")]


def quotas(
    tenant: Annotated[str, typer.Argument(help="Whose.")],
    *,
    events: Limit = None,
    deliveries: Limit = None,
    runs: Limit = None,
    as_json: AsJson = False,
) -> None:
    """Show or set how much a tenant may use on one day, in UTC; what is not given stays.

    It needs an API key with the scope admin.
    """
    api, path = client.connect(), f"/v1/tenants/{client.segment(tenant)}/quotas"
    shown = api.get(path)
    given = {"events": events, "deliveries": deliveries, "runs": runs}
    changes = {f"{of}_per_day": _limit(text) for of, text in given.items() if text is not None}
    if changes:
        names = (f"{of}_per_day" for of in given)
        shown = api.put(path, {name: shown[name] for name in names} | changes)
    _output.show(shown, as_json=as_json, human=lambda: _output.record(shown))


def _limit(text: str) -> int | None:
    if text == NONE:
        return None
    if not text.isascii() or not text.isdigit():
        raise WrongUsage(f"{text}: write a whole number, or {NONE}", code="no_limit")
    return int(text)
