"""What outbound requests may reach: a value, decided by whoever makes the client."""

from dataclasses import dataclass
from typing import Final

LOCAL_HOSTS: Final = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True, kw_only=True)
class EgressPolicy:
    """Public addresses over https on `ports`, and nothing else.

    Attributes:
        allow_local: also http:// and https:// to this machine, on any port: for tests and the
            local cloud.
        ports: the ports that public hosts may be reached on.
        hosts: the only hosts allowed: names, `*.example.com` for all below it, or `*`; None for
            any.
    """

    allow_local: bool = False
    ports: frozenset[int] = frozenset({443})
    hosts: tuple[str, ...] | None = None

    def is_local(self, host: str) -> bool:
        """Whether `host` is this machine and the policy lets it be reached."""
        return self.allow_local and host in LOCAL_HOSTS

    def allows_host(self, host: str) -> bool:
        """Whether the allow-list has `host`."""
        return self.hosts is None or any(_covers(entry.lower(), host) for entry in self.hosts)


def _covers(entry: str, host: str) -> bool:
    if entry.startswith("*."):
        return host.endswith(entry[1:])
    return entry in ("*", host)
