"""Runs the corpus at one level of isolation; prints JSON.

python -m tests.sandbox.at_level LEVEL ENGINE FILE [FILE ...]
"""

import json
import sys

from tests.sandbox import harness


def main() -> None:
    """Attack."""
    level, engine, *files = sys.argv[1:]
    sys.stdout.write(json.dumps(harness.run_all(level, harness.cases(*files), engine=engine)))


if __name__ == "__main__":
    main()
