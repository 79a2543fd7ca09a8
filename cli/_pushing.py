"""Pushes a function: its settings and its source as a new version, and perhaps makes it live."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cli import _output, client, function_values
from cli._errors import CommandFailed
from cli.client import Client
from cli.project.functions import load_function


@dataclass(frozen=True, slots=True, kw_only=True)
class Pushed:
    """What came of a push."""

    name: str  # the function's
    version: Mapping[str, Any]  # as the API answered
    function: Mapping[str, Any]  # as it stands now
    findings: tuple[Mapping[str, Any], ...]  # hints: an error would have refused the push

    @property
    def is_live(self) -> bool:
        """Whether the function runs this version."""
        return bool(self.version["version"] == self.function["live_version"])

    @property
    def secrets_without_value(self) -> list[str]:
        """The names of declared secrets that the code would not get."""
        return [name for name, has_value in self.function["secrets"].items() if not has_value]

    def to_json(self) -> dict[str, Any]:
        """What `--json` prints."""
        return {
            **self.version,
            "findings": list(self.findings),
            "live": self.is_live,
            "secrets_without_value": self.secrets_without_value,
        }

    def lines(self) -> Iterator[str]:
        """What came of it, for people, with what to do next."""
        number, is_new = self.version["version"], self.version["is_new"]
        what = f"{self.name} version {number}"
        done = f"pushed {what}" if is_new else f"{what} has this source already"
        # Without a number, `publish` takes the latest version, which an old source is not.
        option = "" if is_new else f" --version {number}"
        next_step = (
            ", and it is live"
            if self.is_live
            else f"; `penstock functions publish {self.name}{option}` makes it live"
        )
        yield f"{done} (engine {self.version['engine']}){next_step}"
        yield from (f"  {_output.finding(each)}" for each in self.findings)
        for secret in self.secrets_without_value:
            yield f"  {function_values.without_value(self.name, secret)}"


def push(api: Client, file: Path, *, source: str, name: str | None, publish: bool) -> Pushed:
    """Push a source with the settings of the penstock.toml beside its file.

    Args:
        api: where to.
        file: the function's source.
        source: its text.
        name: the function's name; None takes that of the file.
        publish: make the version live.

    Raises:
        WrongUsage: code `bad_settings`.
        CommandFailed: the API refuses it; for a refused source with `findings` in its details.
    """
    settings = load_function(file)
    target = name or settings.name
    path = f"/v1/functions/{client.segment(target)}"
    function = _create_or_change(api, target, settings.settings)
    version = api.post(f"{path}/versions", {"source": source})
    if publish:
        function = api.post(f"{path}/publish", {"version": version["version"]})
    findings = (*version["findings"], *settings.hints(source))
    return Pushed(name=target, version=version, function=function, findings=findings)


def _create_or_change(api: Client, name: str, settings: Any) -> Any:
    """The function with these settings."""
    try:
        function = api.get(f"/v1/functions/{client.segment(name)}")
    except CommandFailed as refusal:
        if refusal.code != "function_not_found":
            raise
        return api.post("/v1/functions", {"name": name, **settings})
    return api.patch(f"/v1/functions/{client.segment(name)}", settings) if settings else function
