"""Runs `deliver` as a Lambda does, and imports only what a Lambda imports. See `bench.memory`.

Each line of input is the event of an invocation, or `null` for none. It answers each with a line:
the peak of its memory so far in KB, or -1 if a record failed.
"""

import json
import os
import resource
import sys


def main(authorities: str) -> None:
    """Serve invocations until the end of the input.

    Args:
        authorities: path of the file with the certificate authorities to trust.
    """
    import certifi

    certifi.where = lambda: authorities
    answers_fd = os.dup(1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # standard output is the function's log
    from functions import deliver

    for line in sys.stdin:
        event = json.loads(line)
        has_failed = event is not None and deliver.handler(event, None)["batchItemFailures"]
        os.write(answers_fd, f"{-1 if has_failed else _peak_kb()}\n".encode())


def _peak_kb() -> int:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak // 1024 if sys.platform == "darwin" else peak


if __name__ == "__main__":
    main(sys.argv[1])
