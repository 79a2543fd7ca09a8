"""Makes the cases anew, with the verdicts of AWS's event-ruler.

`python -m tests.event_ruler.judge`
"""

import json
import subprocess
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any, Final

from tests.event_ruler.generator import KINDS, Kind

HERE: Final = Path(__file__).parent
CASES: Final = HERE / "cases.jsonl"
DIFFERENCES: Final = HERE / "differences.jsonl"
REPORTED: Final = HERE / "reported.jsonl"
SEED: Final = 20_261_120
TRIED: Final = 15  # cases tried for each that is kept
Case = dict[str, Any]


def read(path: Path) -> list[Case]:
    """The cases of a file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def judge(cases: Sequence[Case]) -> list[bool | str]:
    """The ruler's verdict of each."""
    with TemporaryDirectory() as empty:
        jars = Path(empty, "jars")
        _run(
            [
                "mvn",
                "-q",
                "-f",
                str(HERE),
                "dependency:copy-dependencies",
                f"-DoutputDirectory={jars}",
            ]
        )
        hosts = Path(empty, "hosts")
        hosts.touch()
        java = [
            "java",
            f"-Djdk.net.hosts.file={hosts}",
            "-cp",
            f"{jars}/*",
            str(HERE / "Judge.java"),
        ]
        asked = "\n".join(
            _line({key: _line(case[key]) for key in ("pattern", "event")}) for case in cases
        )
        verdicts = _run(java, asked).splitlines()
    return [
        "refused" if verdict.startswith("refused") else verdict == "true" for verdict in verdicts
    ]


def main() -> None:
    """Make the cases and judge them; judge those that were written by hand, too."""
    dice = Random(SEED)  # noqa: S311 - cases, not secrets
    made = [case for name, kind in KINDS.items() for case in _made(name, kind, dice)]
    judged = [case | {"verdict": verdict} for case, verdict in zip(made, judge(made), strict=True)]
    kept = [case for name, kind in KINDS.items() for case in _balanced(judged, name, kind)]
    _write(CASES, kept)
    for path in (DIFFERENCES, REPORTED):
        cases = read(path)
        _write(path, [case | {"ruler": v} for case, v in zip(cases, judge(cases), strict=True)])


def _made(name: str, kind: Kind, dice: Random) -> Iterator[Case]:
    seen = set()
    for _ in range(kind.kept * TRIED):
        pattern, event = kind.make(dice)
        text = _line([pattern, event])
        if text not in seen:
            seen.add(text)
            yield {"kind": name, "pattern": pattern, "event": event}


def _balanced(judged: Iterable[Case], name: str, kind: Kind) -> list[Case]:
    """As many of each verdict as there are, up to the same number of each."""
    by_verdict: dict[str, list[Case]] = defaultdict(list)
    for case in judged:
        if case["kind"] == name:
            by_verdict[str(case["verdict"])].append(case)
    kept: list[Case] = []
    for left, cases in zip(
        range(len(by_verdict), 0, -1), sorted(by_verdict.values(), key=len), strict=True
    ):
        kept += cases[: (kind.kept - len(kept)) // left]
    return kept


def _write(path: Path, cases: Iterable[Case]) -> None:
    path.write_text("".join(_line(case) + "\n" for case in cases), encoding="utf-8")


def _line(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _run(command: Sequence[str], text: str | None = None) -> str:
    return subprocess.run(  # noqa: S603 - the commands are ours
        command, input=text, stdout=subprocess.PIPE, check=True, encoding="utf-8"
    ).stdout


if __name__ == "__main__":
    main()
