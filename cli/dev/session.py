"""One session of `penstock dev`: publishes what is saved, and shows what comes of events."""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cli import _files, _follow, _output, _pushing, runs
from cli._errors import CommandFailed
from cli.cases import suite, watch
from cli.client import Client
from cli.dev.receiver import Endpoints
from cli.dev.webhooks import DevWebhooks
from cli.project import carry_out, document
from cli.project.document import FILE
from cli.project.functions import ONLY_FUNCTION
from cli.project.plan import Kind


@dataclass(slots=True, kw_only=True)
class Session:
    """What a session works on, and what has come of it so far."""

    folder: Path
    api: Client
    endpoints: Endpoints
    webhooks: DevWebhooks
    is_quiet: bool  # whether nothing is printed meanwhile, as with --json
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
        self._seen = watch.snapshot(self.folder)
        self._publish_all()
        window = _follow.Window(api=self.api, path="/v1/runs", query={}, began=datetime.now(UTC))
        self._say(f"watching {self.folder}; Ctrl-C ends it")
        end_s, look_s = time.monotonic() + for_s, 0.0
        while time.monotonic() < end_s:
            self._show_arrivals(self.endpoints.waited(min(watch.POLL_S, for_s)))
            if time.monotonic() >= look_s:
                self._show_runs(window.look())
                look_s = time.monotonic() + _follow.EVERY_S
            self._publish_changes()

    def _publish_all(self) -> None:
        sections = document.read(self.folder / FILE)
        sources = self._sources(sections)
        for source in sources:
            self._publish(source)
        project = carry_out.load(self.folder / FILE)
        for line in self.webhooks.make(project.webhooks):
            self._say(line)
        self._apply_syncs(project)

    def _publish_changes(self) -> None:
        seen, self._seen = self._seen, watch.snapshot(self.folder)
        changed = {
            Path(path)
            for path in self._seen.keys() | seen.keys()
            if self._seen.get(path) != seen.get(path)
        }
        if not changed:
            return
        try:
            if self.folder / FILE in changed:
                self._publish_all()
                return
            for source in self._sources(document.read(self.folder / FILE)):
                if source in changed:
                    self._publish(source)
        except CommandFailed as failure:  # somebody is just mending it
            self._say_failure(failure)

    def _sources(self, sections: Mapping[str, Any]) -> list[Path]:
        """The files of the functions that the project declares."""
        stems = list(sections.get("functions", {}))
        with_handler = [path for path in suite.functions_in(self.folder) if path.stem not in stems]
        if ONLY_FUNCTION in sections:
            stems += [path.stem for path in with_handler]
        else:
            for path in with_handler:
                self._say(f"{path.name} is not published: {FILE} has no [functions.{path.stem}]")
        return [self.folder / f"{stem}.py" for stem in stems]

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

    def _apply_syncs(self, project: carry_out.Project) -> None:
        plan = carry_out.compare(
            carry_out.Project(path=project.path, webhooks=(), syncs=project.syncs), self.api
        )
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
