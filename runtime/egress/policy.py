"""What outbound requests may reach: a value, decided by whoever makes the client."""

from dataclasses import dataclass
from typing import Final

MAX_URL_CHARS: Final = 2048  # what proxies and servers in the wild still take
LOCAL_HOSTS: Final = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True, kw_only=True)
class EgressPolicy:
    """Public addresses over https on `ports`, and nothing else.

    Attributes:
        allow_local: also http:// and https:// to this machine, on any port: for tests and the
            local cloud.
        ports: the ports that public hosts may be reached on.
        hosts: the only hosts allowed besides this machine: names, `*.example.com` for all below
            it, or `*` for all; None for all, too.
        max_url_chars: of a URL as a whole.
    """

    allow_local: bool = False
    ports: frozenset[int] = frozenset({443})
    hosts: tuple[str, ...] | None = None
    max_url_chars: int = MAX_URL_CHARS

    def is_local(self, host: str) -> bool:
        """Whether `host` is this machine and the policy lets it be reached."""
        return self.allow_local and host in LOCAL_HOSTS

    def allows_host(self, host: str) -> bool:
        """Whether the allow-list lets requests go to `host`."""
        anybody = self.hosts is None or "*" in self.hosts
        return anybody or self.is_local(host) or self.names(host)

    def names(self, host: str) -> bool:
        """Whether the allow-list has `host` itself or a `*.` entry above it; `*` names nobody."""
        return any(_covers(entry.lower(), host) for entry in self.hosts or ())


def _covers(entry: str, host: str) -> bool:
    return host.endswith(entry[1:]) if entry.startswith("*.") else entry == host
