"""`penstock admin dead-letters`: messages that wait for a person, and their way back."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from cli import _deeds, _installation, _output
from cli._installation import Installation, Stack, refusals
from cli._output import AsJson
from runtime.core import timestamps
from runtime.core.operations.deeds import Deed

if TYPE_CHECKING:
    from runtime.core.operations.dead_letter import DeadLetter
    from runtime.stores.aws.dead_letters import DeadLetters, DeadQueue

app = typer.Typer(no_args_is_help=True)
LOOKED_AT: Final = 100  # letters of each queue, whose codes `list` counts
Code = Annotated[str | None, typer.Option(help="Only those that are dead for this reason.")]
LIST_COLUMNS: Final = ("queue", "count", "oldest_s", "codes")
SHOW_COLUMNS: Final = ("sent_at", "code", "about", "reason")
REDRIVE_COLUMNS: Final = ("queue", "moved", "left")


@app.command("list")
def list_(*, stack: Stack = None, as_json: AsJson = False) -> None:
    """List the queues of dead letters: how many there are, since when, and why.

    The codes are those of up to a hundred letters of each queue, the age is that of the oldest of
    them. For a second or two those letters are hidden from other looks.
    """
    with refusals():
        installation = _installation.find(stack)
        found, depths = _dead_letters(installation), _depths(installation)
        queues = [
            _summary(
                queue, found.look(queue, limit=LOOKED_AT) if depths[name] else (), depths[name]
            )
            for name, queue in found.queues.items()
        ]
    rows = [{**each, "codes": _counted(each["codes"])} for each in queues]
    _output.show({"data": queues}, as_json=as_json, human=lambda: _output.table(rows, LIST_COLUMNS))


@app.command()
def show(
    queue: Annotated[str, typer.Argument(help="As `list` shows it: RunQueue, …")],
    *,
    code: Code = None,
    payload: Annotated[
        bool,
        typer.Option("--payload", help="With the messages themselves, which may be about people."),
    ] = False,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="Look at this many at most.")] = 20,
    stack: Stack = None,
    as_json: AsJson = False,
) -> None:
    """Show dead letters of a queue: why each is one, and the ids of what it is about.

    What a message says of people is shown only with --payload.
    """
    with refusals():
        found = _dead_letters(_installation.find(stack))
        letters = [
            _shown(letter, payload=payload)
            for letter in found.look(found.named(queue), limit=limit)
            if code in {None, letter.code}
        ]
    _output.show({"data": letters}, as_json=as_json, human=lambda: _lines(letters))


@app.command()
def redrive(
    queue: Annotated[
        str | None, typer.Argument(help="As `list` shows it: RunQueue, …; without it all of them.")
    ] = None,
    *,
    code: Code = None,
    stack: Stack = None,
    as_json: AsJson = False,
) -> None:
    """Move dead letters back into the queue they came from, once what was wrong is mended.

    What is given up again meanwhile stays a dead letter. So does what came from no queue: a
    schedule calls its function again by itself.
    """
    now = datetime.now(UTC)
    with refusals():
        installation = _installation.find(stack)
        found = _dead_letters(installation)
        every = [each for each in found.queues.values() if each.source is not None]
        chosen = every if queue is None else [found.named(queue)]

        def do() -> dict[str, Any]:
            rows = []
            for each in chosen:
                redriven = found.redrive(each, code=code, now=now)
                row = {"queue": each.source, "moved": redriven.moved, "left": redriven.left}
                rows.append(row)
            return {"code": code, "queues": rows}

        rows = _deeds.recorded(installation, Deed.REDRIVEN, do=do, resource_id=queue)["queues"]
    _output.show(
        {"data": rows}, as_json=as_json, human=lambda: _output.table(rows, REDRIVE_COLUMNS)
    )


def _dead_letters(installation: Installation) -> "DeadLetters":
    from runtime.stores.aws.dead_letters import DeadLetters

    return DeadLetters.of(installation.stack, client=installation.client)


def _depths(installation: Installation) -> Mapping[str, int]:
    """How many messages each queue holds, the hidden ones too, by the queues' names."""
    from runtime.stores.aws import queue_depths

    depths = queue_depths.read(
        installation.stack, client=installation.client, now=datetime.now(UTC)
    )
    return {each.name: each.waiting + each.in_flight + each.delayed for each in depths}


def _summary(queue: "DeadQueue", letters: "Sequence[DeadLetter]", count: int) -> dict[str, Any]:
    oldest_s = None
    if letters:
        sent = timestamps.moment(letters[0].sent_at)
        oldest_s = max(0, int((datetime.now(UTC) - sent).total_seconds()))
    return {
        "queue": queue.source or queue.name,
        "dead_letters": queue.name,
        "count": count,
        "oldest_s": oldest_s,
        "looked_at": len(letters),
        "codes": dict(Counter(letter.code for letter in letters)),
        "can_redrive": queue.source is not None,
    }


def _shown(letter: "DeadLetter", *, payload: bool) -> dict[str, Any]:
    body = {"payload": letter.body} if payload else {}
    return {
        "id": letter.id,
        "code": letter.code,
        "reason": letter.reason,
        "sent_at": letter.sent_at,
        "about": dict(letter.about),
        **body,
    }


def _lines(letters: Sequence[Mapping[str, Any]]) -> Iterator[_output.Part]:
    rows = [
        {**each, "about": " ".join(f"{name}={text}" for name, text in each["about"].items())}
        for each in letters
    ]
    yield _output.table(rows, SHOW_COLUMNS)
    for each in letters:
        if "payload" in each:
            yield f"{each['id']}: {each['payload']}"


def _counted(codes: Mapping[str, int]) -> str:
    return ", ".join(f"{code} {count}" for code, count in sorted(codes.items())) or "-"
