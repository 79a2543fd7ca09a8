"""Does one page of an import: reads some records from their place in the file, and takes them in.

To do a page twice changes nothing: its rows make the same events, and an event that a profile has
had already is no news to it.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from zlib import crc32

from runtime.core.events.envelope import Event
from runtime.core.imports import mapping as mappings
from runtime.core.imports import profile_import as imports
from runtime.core.imports import records as files
from runtime.core.imports.profile_import import PAGE_ROWS, FileSpec, Place
from runtime.core.imports.records import PIECE_BYTES, Record
from runtime.core.jobs import job as jobs
from runtime.core.jobs.files import FileFormat
from runtime.core.jobs.job import Fault, Job, JobState
from runtime.core.json_text import dump
from runtime.core.profiles import names
from runtime.core.profiles.names import NameRules
from runtime.core.timestamps import timestamp
from runtime.errors import BadInput
from runtime.usecases.imports.ports import Uploaded

# Merges each event into its profile; gives for each None, or its error.
Project = Callable[[Sequence[Event]], Sequence[Exception | None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportPage:
    """Does a page of an import; the last one deletes the file."""

    files: Uploaded
    # As many as there are to be at work at the same time, because each waits for AWS most of its
    # time. None of them is shared, so that what one remembers of names is its own.
    projects: Sequence[Project]
    rules: Callable[[str], NameRules]  # what may be a name in a tenant
    clock: Callable[[], datetime]
    rows: int = PAGE_ROWS  # at most, of one page

    def __call__(self, job: Job) -> Job:
        """Take in the next rows; returns the job after them.

        Raises:
            BadInput: the file cannot be read on: it is in another encoding, lacks a column, or a
                quote is never closed.
            NotFound: code `object_missing`: the file is gone.
            Transient: the page was not done to its end; do it again.
        """
        spec, place = imports.spec_of(job), imports.place_of(job.cursor)
        now = timestamp(self.clock())
        if place.offset >= spec.bytes:
            self.files.delete(imports.file_key(job))
            return jobs.ended(job, JobState.DONE, now=now)
        piece = self.files.read(imports.file_key(job), start=place.offset, size_bytes=PIECE_BYTES)
        rows, after = self._rows(spec, place, piece)
        faults = list(self._take_in(job, spec, after, rows))
        counts = {
            "taken": len(rows) - len(faults),
            "refused": len(faults),
            "bytes": after.offset - place.offset,
        }
        cursor = dump(after.to_json())
        return jobs.advanced(
            job, done=len(rows), counts=counts, faults=tuple(faults), cursor=cursor, now=now
        )

    def _rows(self, spec: FileSpec, place: Place, piece: bytes) -> tuple[list[Record], Place]:
        """The next rows of the file, and where it goes on behind them."""
        rows: list[Record] = []
        is_last = place.offset + len(piece) >= spec.bytes
        start = files.skip_bom(piece) if place.offset == 0 else 0
        # The last piece may hold nothing but a byte order mark.
        after = replace(place, offset=place.offset + start)
        for record in files.records(
            piece,
            start=start,
            line=place.line,
            delimiter=spec.delimiter if spec.format is FileFormat.CSV else None,
            is_last=is_last,
        ):
            after = replace(after, offset=place.offset + record.end, line=record.next_line)
            if record.is_blank:
                continue
            if spec.format is FileFormat.CSV and after.width is None:
                after = _begun(spec, after, record)
                if spec.has_header:
                    continue
            rows.append(record)
            if len(rows) == self.rows:
                break
        if after.offset == place.offset:
            raise BadInput(
                f"the record that begins on line {place.line} does not end within {len(piece)}"
                " bytes; is a quote not closed?",
                code="record_endless",
            )
        return rows, after

    def _take_in(
        self, job: Job, spec: FileSpec, place: Place, rows: Sequence[Record]
    ) -> Iterator[Fault]:
        """Take the rows in, unless it is a dry run; yields a fault for each that is refused."""
        targets = list(mappings.parse(spec.mapping).values())
        rules, faults = self.rules(job.tenant), dict[int, Fault]()
        events: list[tuple[int, Event]] = []
        for record in rows:
            try:
                row = imports.read(spec, place, record, targets=targets)
                said = imports.events_of(job, row, line=record.line, rules=rules)
                events += [(record.line, event) for event in said]
            except BadInput as problem:
                faults[record.line] = imports.fault(problem, line=record.line)
        if not spec.dry_run:
            for line, refusal in self._projected(events, rules):
                faults.setdefault(line, imports.fault(refusal, line=line))
        for line in sorted(faults):
            yield faults[line]

    def _projected(
        self, events: Sequence[tuple[int, Event]], rules: NameRules
    ) -> Iterator[tuple[int, BadInput]]:
        """Merge the events into their profiles; yields the line of each that was refused.

        Events about one person go to the same place, in order, so that they are one write. If
        two places meet at a person all the same, by other names, one of them tries again.
        """
        shares: list[list[tuple[int, Event]]] = [[] for _ in self.projects]
        for line, event in events:
            name = names.of(event.profile, rules).names[0]
            shares[crc32(dump(name).encode()) % len(shares)].append((line, event))
        with ThreadPoolExecutor(len(shares)) as threads:
            tried = threads.map(
                lambda project, share: project([event for _, event in share]),
                self.projects,
                shares,
            )
            for share, results in zip(shares, tried, strict=True):
                for (line, _), result in zip(share, results, strict=True):
                    if isinstance(result, BadInput):
                        yield line, result
                    elif result is not None:
                        raise result


def _begun(spec: FileSpec, place: Place, first: Record) -> Place:
    try:
        width, fields = imports.begin_csv(spec, first)
    except BadInput as problem:
        raise BadInput(f"line {first.line}: {problem.message}", code=problem.code) from problem
    return replace(place, width=width, fields=fields)
