"""Writes the emulators' differences into docs/explanation/emulators.md."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tests.emulators.of_dynamodb import DYNAMODB
from tests.emulators.of_sqs import SQS

PAGE: Final = Path(__file__).parents[2] / "docs" / "explanation" / "emulators.md"
BEGIN, END = "<!-- made by tests/emulators/page.py -->\n", "<!-- end -->\n"


def tables() -> str:
    """The tables of the page."""
    return "".join(_tables())


def _tables() -> Iterator[str]:
    for title, other, rows in (
        ("DynamoDB", "DynamoDB Local", DYNAMODB),
        ("SQS", "ElasticMQ", SQS),
    ):
        yield f"\n### {title}\n\n"
        yield f"| what is tried | AWS | moto | ministack | {other} |\n|---|---|---|---|---|\n"
        yield from (difference.row() for difference in rows)
    yield "\n"


def main() -> None:
    """Write the tables into the page."""
    before, _, rest = PAGE.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{BEGIN}{tables()}{END}{after}")


if __name__ == "__main__":
    main()
