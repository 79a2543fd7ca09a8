"""Files that go to the store of files and come from it, by requests that the API has signed.

The URL of such a request is a credential, so it goes through no proxy and into no message.
"""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from cli._errors import CommandFailed, WrongUsage
from cli._progress import progress

if TYPE_CHECKING:
    import httpx

    from cli._progress import Work

CHUNK_BYTES: Final = 1 << 16
TRIES: Final = 3
TIMEOUT_S: Final = 60.0  # in which some bytes have to pass


def upload(file: Path, request: Mapping[str, Any], *, size_bytes: int) -> None:
    """Store a file by a signed request.

    Raises:
        CommandFailed: code `upload_failed`.
    """

    def send(http: "httpx.Client", work: "Work") -> int:
        return http.request(
            request["method"],
            request["url"],
            headers=dict(request["headers"]),
            content=_pieces(file, work),
        ).status_code

    status = _tried("upload", send, total=size_bytes)
    if not 200 <= status < 300:  # noqa: PLR2004 - HTTP's own
        raise CommandFailed(
            f"the upload was refused with {status}; has the file changed meanwhile?",
            code="upload_failed",
        )


def download(request: Mapping[str, Any], *, to: Path, size_bytes: int) -> None:
    """Fetch a file by a signed request; what is there is replaced once all of it is here.

    Raises:
        CommandFailed: code `download_failed`.
        WrongUsage: code `unwritable`.
    """
    part = to.with_name(f".{to.name}.part")

    def fetch(http: "httpx.Client", work: "Work") -> int:
        with http.stream(request["method"], request["url"]) as response, part.open("wb") as file:
            for piece in response.iter_bytes(CHUNK_BYTES):
                file.write(piece)
                work.advance(len(piece))
            return response.status_code

    try:
        status = _tried("download", fetch, total=size_bytes)
        if status == 200:  # noqa: PLR2004 - HTTP's own
            part.replace(to)
            return
    except OSError as problem:
        raise WrongUsage(f"cannot write {to}: {problem.strerror}", code="unwritable") from problem
    finally:
        part.unlink(missing_ok=True)
    raise CommandFailed(f"the download was refused with {status}", code="download_failed")


def _tried(what: str, transfer: "Callable[[httpx.Client, Work], int]", *, total: int) -> int:
    """The status of a transfer, which is begun anew when its connection breaks."""
    import httpx

    for tries_left in reversed(range(TRIES)):
        with (
            progress(f"{what}ing", total=total) as work,
            httpx.Client(timeout=TIMEOUT_S, trust_env=False) as http,
        ):
            try:
                return transfer(http, work)
            except httpx.TransportError as problem:
                if not tries_left:
                    raise CommandFailed(
                        f"the {what} broke off: {type(problem).__name__}; try again",
                        code=f"{what}_failed",
                    ) from problem
    raise AssertionError("the last try returns or raises")


def _pieces(file: Path, work: "Work") -> Iterator[bytes]:
    with file.open("rb") as opened:
        while piece := opened.read(CHUNK_BYTES):
            yield piece
            work.advance(len(piece))
