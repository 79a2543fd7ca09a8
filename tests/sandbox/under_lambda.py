"""Runs the corpus in a process that is refused what AWS Lambda refuses; prints JSON.

python -m tests.sandbox.under_lambda ENGINE FILE [FILE ...]
"""

import json
import platform
import sys

from sandbox.jail.seccomp import Filter
from tests.sandbox import harness
from tests.sandbox.lambda_filter import lambda_program


def main() -> None:
    """Install the filter for this process and all that it starts, then attack."""
    Filter(lambda_program(platform.machine())).install()
    engine, *files = sys.argv[1:]
    sys.stdout.write(json.dumps(harness.run_all("auto", harness.cases(*files), engine=engine)))


if __name__ == "__main__":
    main()
