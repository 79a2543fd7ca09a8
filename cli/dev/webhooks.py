"""The webhooks that `penstock dev` makes: as the file declares them, but to its own receiver.

Whoever tries things out must not call the endpoints that the file names. So each declared webhook
is made under another name with the receiver's URL, and without what its real endpoint asks for; a
project that declares none gets one that takes every topic but those of the audit log. All of them
are deleted at the end.
"""

import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

from cli import client
from cli._errors import CommandFailed
from cli.client import Client
from cli.dev.receiver import HOST, Endpoints
from cli.project.webhooks import DeclaredWebhook
from penstock.webhooks import Receiver
from runtime.core.events import topics
from runtime.core.webhooks.rules import MAX_NAME_CHARS
from runtime.core.webhooks.webhook import Format

EVERYTHING: Final = "dev"  # the webhook of a project that declares none
PREFIX: Final = "dev: "  # before the name that the file has
_CONNECT_S: Final = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Made:
    id: str
    body: Mapping[str, Any]  # that it was made of


@dataclass(slots=True, kw_only=True)
class DevWebhooks:
    """Those of one session."""

    api: Client
    endpoints: Endpoints
    _made: dict[str, _Made] = field(default_factory=dict)  # by the name that the file has

    def make(self, declared: Sequence[DeclaredWebhook]) -> Iterator[str]:
        """Make what is declared now so, and say what was done; what is so already stays."""
        wanted = {each.name: self._body(each) for each in declared} or self._everything()
        for name in [name for name, made in self._made.items() if wanted.get(name) != made.body]:
            self._delete(name)
        for name, body in wanted.items():
            if name not in self._made:
                yield self._create(name, body)

    def remove_strays(self) -> None:
        """Delete those of sessions that were killed: nobody listens at their address."""
        for row in list(self.api.each("/v1/webhooks", limit=client.MAX_PAGE)):
            is_ours = row["name"] == EVERYTHING or row["name"].startswith(PREFIX)
            if is_ours and _is_dead(row["url"]):
                self.api.delete(f"/v1/webhooks/{client.segment(row['id'])}")

    def close(self) -> None:
        """Delete all of them.

        Raises:
            CommandFailed: one of them is left; the message says which, and how to delete it.
        """
        for name in list(self._made):
            self._delete(name)

    def _create(self, name: str, body: Mapping[str, Any]) -> str:
        try:
            row = self.api.post("/v1/webhooks", body)
        except CommandFailed as refusal:
            return f"webhook {name} is not there: {refusal.message}"
        self._made[name] = _Made(id=row["id"], body=body)
        is_standard = row["format"] != Format.KLAVIYO
        self.endpoints.verifiers[name] = Receiver(row["secret"]) if is_standard else None
        return f"webhook {name} ({row['id']}) comes here: {', '.join(row['topics'])}"

    def _delete(self, name: str) -> None:
        made = self._made[name]
        try:
            self.api.delete(f"/v1/webhooks/{client.segment(made.id)}")
        except CommandFailed as failure:
            raise CommandFailed(
                f"{failure.message}; the webhook {made.id} may be left, and `penstock webhooks"
                f" delete {made.id}` deletes it",
                code=failure.code,
            ) from failure
        del self._made[name], self.endpoints.verifiers[name]

    def _body(self, declared: DeclaredWebhook) -> Mapping[str, Any]:
        here = {
            "name": f"{PREFIX}{declared.name}"[:MAX_NAME_CHARS],
            "url": self.endpoints.url(declared.name),
            "handshake": False,
        }
        return {**declared.settings, **here, "enabled": declared.enabled is not False}

    def _everything(self) -> dict[str, Mapping[str, Any]]:
        # Not those about changes: who publishes on save would see little else.
        shown = [topic for topic in topics.KNOWN if not topics.tells_of_change(topic)]
        families = {f"{topic.partition('.')[0]}.*" for topic in shown}
        every = sorted(families | {f"{family}*" for family in topics.OPEN_FAMILIES})
        url = self.endpoints.url(EVERYTHING)
        return {EVERYTHING: {"name": EVERYTHING, "url": url, "topics": every}}


def _is_dead(url: str) -> bool:
    parts = urlsplit(url)
    if parts.hostname != HOST or parts.port is None:
        return False
    with suppress(OSError), socket.create_connection((HOST, parts.port), timeout=_CONNECT_S):
        return False
    return True
