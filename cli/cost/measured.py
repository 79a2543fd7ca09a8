"""What `make bench` has counted and measured, for bills of installations that nobody has measured.

A test counts anew, so these are what the code does. The page of performance has them too.
"""

from typing import Final

from cli.cost.bill import Cpu, Measured

COUNTS: Final = Measured(
    writes=1.10,
    reads=1.0,
    writes_of_a_retried=4.10,
    reads_of_a_retried=2.0,
    log_bytes=360,
    matching_log_bytes=19,
    request_bytes=1340,
    body_bytes=1034,
    run_writes=3,
    event_writes=1.10,
    profile_reads=2.0,
    timeline_writes=1.0,
)
# Of the section `cost` of docs/reference/performance.md.
CPU: Final = Cpu(fanout_ms=0.17, deliver_ms=0.78)
