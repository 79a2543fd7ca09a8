"""Where drivers of databases may dial: they open their own sockets, to addresses vetted here."""

from typing import Final

from runtime.egress import urls
from runtime.egress.failures import EgressRefused
from runtime.egress.policy import EgressPolicy
from runtime.egress.resolver import Resolver

LOOKUP_S: Final = 5.0


class Databases:
    """Judges the hosts of databases by the rules and the address table of all outbound requests."""

    def __init__(self, policy: EgressPolicy, *, resolver: Resolver | None = None) -> None:
        self._policy = policy
        self._resolver = resolver or Resolver(policy)

    def addresses(self, host: str, port: int) -> tuple[str, ...]:
        """The vetted addresses of a host, in the order in which to try them; dial no other.

        Raises:
            EgressRefused: the policy forbids the host or its port.
            EgressFailed: dns_failure, dns_timeout or blocked_address.
        """
        target = urls.check_host(host, port, self._policy)
        return self._resolver.resolve(target, deadline_s=LOOKUP_S)

    def check(self, host: str, port: int) -> None:
        """Refuse a host that somebody wants to register; nothing is looked up.

        Raises:
            EgressRefused: the policy forbids the host (field `settings.host`) or its port (field
                `settings.port`).
        """
        try:
            urls.check_host(host, port, self._policy)
        except EgressRefused as problem:
            name = "port" if problem.code == "url_port" else "host"
            field = f"settings.{name}"
            raise EgressRefused(problem.code, problem.message, field=field) from problem

    def may_be_plain(self, host: str) -> bool:
        """Whether a connection to this host may do without TLS: only on this very machine."""
        return self._policy.is_local(host)
