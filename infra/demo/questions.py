"""Asks the warehouse three questions about the orders, which a plain script has answered."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from examples.orders import answers
from infra.demo.stage import Stage

FOLDER: Final = Path(answers.__file__).parent
# The demo has orders of its own besides those of the log.
OF_THE_LOG: Final = "FROM (SELECT * FROM {events} WHERE id LIKE 'cdnow-order-%') AS events"


def problems(stage: Stage, *, orders: int) -> Iterator[str]:
    """A sentence for each question that the warehouse answers in another way than the script.

    Args:
        stage: where to ask; all orders have been loaded.
        orders: how many of the log were sent.
    """
    sent = answers.lines(limit=orders)
    for name, answer in answers.QUESTIONS.items():
        sql = (FOLDER / f"{name}.sql").read_text(encoding="utf-8")
        rows = stage.warehouse.query(sql.replace("FROM events", OF_THE_LOG))
        told = [tuple(map(str, row)) for row in rows]
        if told != answer(sent):
            yield f"{name}.sql gives {told}, and the script over the log {answer(sent)}"
