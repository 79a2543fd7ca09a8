"""`deliver` as in a Lambda, told what to do by lines; imports nothing that a Lambda would not.

A line in is an invocation's event, or `null` for none; a line out is the peak of the memory so far
in KB, or -1 when a record failed. See `bench.memory`.
"""

import json
import os
import resource
import sys


def main(authorities: str) -> None:
    """Serve invocations until the end of the input, believing these authorities."""
    import certifi

    certifi.where = lambda: authorities
    out = os.dup(1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # its log
    from functions import deliver

    for line in sys.stdin:
        event = json.loads(line)
        failed = event is not None and deliver.handler(event, None)["batchItemFailures"]
        os.write(out, f"{-1 if failed else _peak_kb()}\n".encode())


def _peak_kb() -> int:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak // 1024 if sys.platform == "darwin" else peak


if __name__ == "__main__":
    main(sys.argv[1])
