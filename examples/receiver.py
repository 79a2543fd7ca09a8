"""A receiver of webhooks on this machine: prints where it listens, then each request that comes.

    python3 -m examples.receiver [--answer 503] [--keep request.http]

It believes everything and remembers nothing. docs/howto/receive-webhooks.md says what a receiver
has to do, and docs/howto/verify.md how it checks the signature.
"""

import argparse
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path


class Receiver(BaseHTTPRequestHandler):
    """Prints a request's path, id and body, and answers with one status."""

    status = 204
    keep: Path | None = None  # the file for the latest request; None keeps none

    def do_POST(self) -> None:
        """Print one webhook, and answer it."""
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        if self.keep is not None:
            new_file = self.keep.with_name(f"{self.keep.name}.new")
            new_file.write_bytes(self.headers.as_bytes() + body)
            new_file.replace(self.keep)
        say(f"{self.path} {self.headers.get('webhook-id')} {body.decode('utf-8', 'replace')}")
        self.send_response(self.status)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's
        """Print nothing more: a request has its line."""


def say(line: str) -> None:
    """Print a line at once, also into a file."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> None:
    """Serve until somebody ends it, on a free port of this machine."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--answer", type=int, default=204, help="the status of each answer")
    parser.add_argument("--keep", type=Path, help="keep the latest request, for `penstock verify`")
    options = parser.parse_args()
    Receiver.status, Receiver.keep = options.answer, options.keep
    with HTTPServer(("127.0.0.1", 0), Receiver) as server:
        say(f"http://127.0.0.1:{server.server_port}")
        server.serve_forever()


if __name__ == "__main__":
    main()
