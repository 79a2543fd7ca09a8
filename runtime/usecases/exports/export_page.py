"""Does one page of an export. To do a page twice changes nothing.

The file is stored in parts, by number, and a part that is stored again takes the place of the first
one. What is too small for a part rests in an object of its own until the next page.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, Protocol

from runtime.core.exports import profile_export as exports
from runtime.core.exports.profile_export import MIN_PART_BYTES, PAGE_PROFILES, Place
from runtime.core.jobs import job as jobs
from runtime.core.jobs.files import FileFormat
from runtime.core.jobs.job import Job
from runtime.core.page import Page
from runtime.core.profiles.profile import Profile
from runtime.core.timestamps import timestamp

_TYPES: Final = {FileFormat.CSV: "text/csv; charset=utf-8", FileFormat.JSONL: "application/jsonl"}


class Profiles(Protocol):
    """Stores profiles."""

    def page(self, tenant: str, *, after: str | None, limit: int) -> Page[Profile]:
        """Some live profiles behind this position; the page may be short and not the last."""


class Files(Protocol):
    """Stores files in parts."""

    def begin_parts(self, key: str, /, *, content_type: str) -> str:
        """Begin a file that is stored in parts; returns the id of its upload."""

    def put_part(self, key: str, /, *, upload_id: str, number: int, body: bytes) -> str:
        """Store a part, from 1, over one of this number; returns its ETag.

        Raises:
            NotFound: code `object_missing`: the upload is gone.
        """

    def finish_parts(self, key: str, /, *, upload_id: str, parts: Sequence[str]) -> None:
        """Make one file of the parts; one that is finished already stays so.

        Raises:
            NotFound: code `object_missing`: the upload is gone, and there is no file.
        """

    def put(self, key: str, body: bytes, /) -> None:
        """Store a file."""

    def get(self, key: str, /) -> bytes:
        """A file.

        Raises:
            NotFound: code `object_missing`.
        """

    def delete(self, key: str, /) -> None:
        """Delete a file; one that is gone stays so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportPage:
    """Does a page of an export: the first one begins the file, and the last one finishes it."""

    profiles: Profiles
    files: Files
    clock: Callable[[], datetime]
    page_profiles: int = PAGE_PROFILES
    min_part_bytes: int = MIN_PART_BYTES

    def __call__(self, job: Job) -> Job:
        """Write the next people; returns the job after them.

        Raises:
            NotFound: code `object_missing`: the parts of the file have expired.
            Transient: the page was not done to its end; do it again.
        """
        if job.cursor is None:
            content_type = _TYPES[exports.spec_of(job).format]
            upload_id = self.files.begin_parts(exports.file_key(job), content_type=content_type)
            return self._advanced(job, Place(upload_id=upload_id))
        place = exports.place_of(job.cursor)
        return self._finished(job, place) if place.is_read else self._page(job, place)

    def _page(self, job: Job, place: Place) -> Job:
        page = self.profiles.page(job.tenant, after=place.after, limit=self.page_profiles)
        count, body = exports.written(
            exports.spec_of(job), page.items, with_header=place.pages == 0
        )
        after = exports.paged(place, after=page.after, size_bytes=len(body))
        rest = b"" if place.rest is None else self.files.get(exports.rest_key(job, place.rest))
        after = self._stored(job, after, rest + body)
        return self._advanced(job, after, done=len(page.items), written=count)

    def _stored(self, job: Job, place: Place, body: bytes) -> Place:
        """Store what was written since the last part: as the next one, or for the next page."""
        if len(body) < self.min_part_bytes and not place.is_read:
            self.files.put(exports.rest_key(job, place.pages), body)
            return replace(place, rest=place.pages)
        etag = self.files.put_part(
            exports.file_key(job),
            upload_id=place.upload_id,
            number=len(place.parts) + 1,
            body=body,
        )
        return replace(place, rest=None, parts=(*place.parts, etag))

    def _finished(self, job: Job, place: Place) -> Job:
        self.files.finish_parts(exports.file_key(job), upload_id=place.upload_id, parts=place.parts)
        for number in range(1, place.pages + 1):
            self.files.delete(exports.rest_key(job, number))
        result: dict[str, Any] = {"bytes": place.bytes, "name": exports.file_name(job)}
        return replace(self._advanced(job, None), result=result)

    def _advanced(self, job: Job, place: Place | None, *, done: int = 0, written: int = 0) -> Job:
        return jobs.advanced(
            job,
            done=done,
            counts={"written": written},
            cursor=None if place is None else place.to_cursor(),
            now=timestamp(self.clock()),
        )
