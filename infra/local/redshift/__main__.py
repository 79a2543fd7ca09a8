"""Starts the stand-in. It prints one JSON line with its port, and ends on SIGTERM or SIGINT."""

import argparse
import json
import signal
import sys
from pathlib import Path

import boto3

from infra.local.redshift.identity import EmulatorIdentity
from infra.local.redshift.server import RedshiftServer


def main(arguments: list[str] | None = None) -> int:
    """Serve until a signal ends it."""
    parser = argparse.ArgumentParser(prog="python -m infra.local.redshift", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--s3-endpoint", required=True, help="where COPY reads")
    parser.add_argument("--iam-endpoint", help="who may do what; anybody anything when left out")
    parser.add_argument("--events-endpoint", help="where status events go; none when left out")
    parser.add_argument("--database-file", type=Path, required=True)
    options = parser.parse_args(arguments)
    stop = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, stop)  # every thread that starts later inherits this
    options.database_file.parent.mkdir(parents=True, exist_ok=True)
    events = (
        boto3.client("events", endpoint_url=options.events_endpoint)
        if options.events_endpoint
        else None
    )
    server = RedshiftServer(
        database=options.database_file.resolve(),
        s3=boto3.client("s3", endpoint_url=options.s3_endpoint),
        identity=EmulatorIdentity(options.iam_endpoint) if options.iam_endpoint else None,
        events=events,
        port=options.port,
    )
    sys.stdout.write(json.dumps({"port": server.port}) + "\n")
    sys.stdout.flush()
    signal.sigwait(stop)
    server.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
