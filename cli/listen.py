"""`penstock listen`: brings the deliveries of a webhook to a receiver on this machine."""

import math
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Final

import typer

from cli import _live, _output, client
from cli._errors import CommandFailed, WrongUsage
from cli._follow import ForS, changes
from cli._output import AsJson
from cli.client import Client

TIMEOUT_S: Final = 30.0  # as long as a webhook may give its receiver
EXCERPT_CHARS: Final = 200  # of an answer that is no success
SUCCESS: Final = range(200, 300)


def listen(
    *,
    webhook: Annotated[
        str,
        typer.Option(help="Whose deliveries (the webhook's id).", autocompletion=_live.webhooks),
    ],
    forward: Annotated[str, typer.Option(help="Where to, such as http://localhost:3000/hooks.")],
    for_s: ForS = None,
    as_json: AsJson = False,
) -> None:
    """Bring the deliveries of a webhook to a receiver on this machine, signed, as they come.

    Each delivery goes once, when its first attempt has been recorded, with a signature of this
    moment. What your receiver answers is shown here and changes nothing: the webhook's own endpoint
    gets every delivery as before.
    """
    _check(forward)
    api = client.connect()
    api.get(f"/v1/webhooks/{client.segment(webhook)}")
    began, brought = datetime.now(UTC), list[Mapping[str, Any]]()
    typer.echo(f"listening to {webhook}; Ctrl-C ends it", err=True)
    try:
        for row in _first_seen(api, webhook, began, math.inf if for_s is None else for_s):
            outcome = _bring(api, row, forward)
            brought.append(outcome)
            if not as_json:
                _output.say(_line(outcome))
    except KeyboardInterrupt:  # this is how a user ends it
        pass
    if as_json:
        _output.print_json({"data": brought})


def _check(forward: str) -> None:
    import httpx  # deferred, as in `cli.client`

    try:
        url = httpx.URL(forward)
    except httpx.InvalidURL as problem:
        raise WrongUsage(f"--forward is no URL: {problem}", code="bad_url") from problem
    if url.scheme not in ("http", "https") or not url.host:
        raise WrongUsage("--forward must begin with http:// or https://", code="bad_url")


def _first_seen(
    api: Client, webhook: str, began: datetime, for_s: float
) -> Iterator[Mapping[str, Any]]:
    seen: set[str] = set()
    for row in changes(api, "/v1/deliveries", {"webhook": webhook}, began=began, for_s=for_s):
        if row["id"] not in seen:
            seen.add(row["id"])
            yield row


def _bring(api: Client, row: Mapping[str, Any], forward: str) -> dict[str, Any]:
    """What came of one delivery: the receiver's answer, or why there is none."""
    import httpx  # deferred, as in `cli.client`

    outcome = {"id": row["id"], "topic": row["topic"], "event_id": row["event_id"]}
    nothing = {"status": None, "ms": None, "answer_excerpt": ""}
    try:
        request = api.get(f"/v1/deliveries/{client.segment(row['id'])}/request")
    except CommandFailed as problem:  # it has no body, for example
        return outcome | nothing | {"error": str(problem)}
    began_s = time.monotonic()
    try:
        answer = httpx.post(
            forward,
            content=request["body"].encode(),
            headers=request["headers"],
            timeout=TIMEOUT_S,
            trust_env=False,  # a proxy would see the payload
        )
    except httpx.HTTPError as problem:
        return outcome | nothing | {"error": f"{type(problem).__name__}: {problem}"}
    return outcome | {
        "status": answer.status_code,
        "ms": round((time.monotonic() - began_s) * 1000),
        "answer_excerpt": answer.text[:EXCERPT_CHARS],
        "error": None,
    }


def _line(outcome: Mapping[str, Any]) -> str:
    """One delivery for people; the answer's text where it is no success."""
    head = f"{outcome['topic']}  {outcome['id']}"
    if outcome["error"]:
        return f"{head}  {outcome['error']}"
    text = f"{head}  {outcome['status']} in {outcome['ms']} ms"
    if outcome["status"] in SUCCESS or not outcome["answer_excerpt"]:
        return text
    return f"{text}: {' '.join(outcome['answer_excerpt'].split())}"
