"""One session of `penstock dev`: publishes what is saved, and shows what comes of events."""

import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from cli import _files, _follow, _output, _pushing, _times, runs
from cli._errors import CommandFailed
from cli.cases import suite, watch
from cli.client import Client
from cli.dev.receiver import Endpoints
from cli.dev.webhooks import DevWebhooks
from cli.project import carry_out, compare, document
from cli.project.functions import ONLY_FUNCTION, source_of
from cli.project.plan import Kind
from cli.project.project import Project, load_project

# A worker that is warm may go by what it read up to two seconds ago: after this long, an event
# meets the webhooks and the versions of now.
SETTLE_S: Final = 2.5


@dataclass(slots=True, kw_only=True)
class Session:
    """What a session works on, and what has come of it so far."""

    folder: Path
    api: Client
    endpoints: Endpoints
    webhooks: DevWebhooks
    is_quiet: bool  # whether nothing is printed meanwhile, as with --json
    settle_s: float = SETTLE_S
    published: list[Mapping[str, Any]] = field(default_factory=list)  # what each push made live
    refused: list[Mapping[str, Any]] = field(default_factory=list)  # what could not be, and why
    arrived: list[Mapping[str, Any]] = field(default_factory=list)  # webhooks, in their order
    ran: list[Mapping[str, Any]] = field(default_factory=list)  # runs that have ended
    _seen: watch.Snapshot = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """What `--json` prints at the end."""
        return {
            "published": self.published,
            "refused": self.refused,
            "arrived": self.arrived,
            "runs": self.ran,
        }

    def follow(self, *, for_s: float) -> None:
        """Publish the project, then whatever is saved, and show what comes, for so many seconds.

        Raises:
            WrongUsage: the project cannot be read; what is wrong later is shown instead.
            CommandFailed: the local cloud does not answer any more.
        """
        window = _follow.Window(api=self.api, path="/v1/runs", query={}, began=datetime.now(UTC))
        self._seen = watch.snapshot(self.folder)
        self._make_so(None)
        end_s, look_s = time.monotonic() + for_s, 0.0
        while time.monotonic() < end_s:
            self._show_arrivals(self.endpoints.waited(min(watch.POLL_S, for_s)))
            if time.monotonic() >= look_s:
                self._show_runs(window.look())
                look_s = time.monotonic() + _follow.EVERY_S
            self.publish_changes()

    @property
    def file(self) -> Path:
        """The project's file."""
        return document.of_folder(self.folder)

    def publish_changes(self) -> None:
        """Publish what was saved since the last look; what is wrong with it is shown."""
        seen, self._seen = self._seen, watch.snapshot(self.folder)
        paths = self._seen.keys() | seen.keys()
        changed = {Path(each) for each in paths if self._seen.get(each) != seen.get(each)}
        if not changed:
            return
        try:
            self._make_so(None if self.file in changed else changed)
        except CommandFailed as failure:  # somebody is just mending it
            self._say_failure(failure)

    def _make_so(self, changed: Collection[Path] | None) -> None:
        """Make the local cloud what the project declares; None: all of it, else what has changed.

        Webhooks are looked at each time: one whose transform was not there may be made now.
        """
        path = self.file
        for source in self._sources(document.read(path), changed):
            self._publish(source)
        project = load_project(path)
        for line in self.webhooks.make(project.webhooks):
            self._say(line)
        if changed is None:
            self._apply_syncs(project)
        self._settle()
        self._say(f"watching {self.folder}; Ctrl-C ends it")

    def _settle(self) -> None:
        """Wait until the cloud works by what was made; show what arrives meanwhile."""
        end_s = time.monotonic() + self.settle_s
        while (left_s := end_s - time.monotonic()) > 0:
            self._show_arrivals(self.endpoints.waited(left_s))

    def _sources(
        self, sections: Mapping[str, Any], changed: Collection[Path] | None
    ) -> Iterator[Path]:
        """The files of the functions that the project declares, if they have changed.

        Functions that it does not declare are named and left alone.
        """
        path = self.file
        tables = sections.get("functions", {})
        declared = {source_of(stem, own, path) for stem, own in tables.items()}
        with_handler = set(suite.functions_in(self.folder))
        if ONLY_FUNCTION in sections:
            declared |= with_handler
        for source in sorted(declared | with_handler):
            if changed is not None and source not in changed:
                continue
            if source in declared:
                yield source
            else:
                self._say(
                    f"{source.name} is not published: {path.name} has no [functions.{source.stem}]"
                )

    def _publish(self, source: Path) -> None:
        """Make a source live; what is wrong with it is shown, and the version before goes on."""
        try:
            text = _files.read_text(source)
            pushed = _pushing.push(self.api, source, source=text, name=None, publish=True)
        except CommandFailed as failure:
            self._say(f"{source.name} is not published")
            self._say_failure(failure)
            return
        self.published.append(pushed.to_json())
        for line in pushed.lines():
            self._say(line)

    def _apply_syncs(self, project: Project) -> None:
        only_syncs = replace(project, functions=(), transforms=(), webhooks=(), keys=(), removed={})
        plan = compare.compare(only_syncs, self.api, now=_times.now())
        steps = [step for step in plan.to_do if step.kind is Kind.SYNC]
        bodies = carry_out.open_secrets(steps, {})
        carry_out.carry_out(
            steps,
            bodies,
            self.api,
            tell=lambda step, row: self._say(f"sync {step.name} ({row['id']}) is as declared"),
        )

    def _show_arrivals(self, arrivals: Iterable[Any]) -> None:
        for arrival in arrivals:
            self.arrived.append(arrival.to_json())
            self._say(arrival.line())

    def _show_runs(self, rows: Sequence[Mapping[str, Any]]) -> None:
        for row in rows:
            self.ran.append(row)
            for line in runs.entry(row, of_all=True):
                self._say(line)

    def _say_failure(self, failure: CommandFailed) -> None:
        self.refused.append(failure.to_json()["error"])
        findings = failure.details.get("findings", ())
        for line in map(_output.finding, findings) if findings else [failure.message]:
            self._say(f"  {line}")

    def _say(self, line: str) -> None:
        if not self.is_quiet:
            _output.say(line)
