"""Names to addresses: judged whole, once, and within a time."""

import asyncio
import socket
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest

from runtime.egress.failures import EgressFailed
from runtime.egress.policy import EgressPolicy
from runtime.egress.resolver import LOOKUP_THREADS, MAX_DIALLED, Resolver
from runtime.egress.urls import Target
from runtime.errors import Transient

TARGET = Target(scheme="https", host="hooks.example.com", port=443, path="/")
LOCALHOST = Target(scheme="http", host="localhost", port=80, path="/")
PUBLIC = EgressPolicy()


class Names:
    """A name server that gives its answers one after the other, the last one for ever."""

    def __init__(self, *answers: Sequence[str] | OSError) -> None:
        self.answers = list(answers)
        self.asked = 0

    def __call__(self, _host: str, _port: int) -> Sequence[str]:
        """The next answer."""
        self.asked += 1
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, OSError):
            raise answer
        return answer


def failure(
    names: Names, *, target: Target = TARGET, policy: EgressPolicy = PUBLIC
) -> EgressFailed:
    """How resolving fails; the same for both ways to wait."""
    with pytest.raises(EgressFailed) as blocking:
        Resolver(policy, lookup=names).resolve(target, deadline_s=5)
    with pytest.raises(EgressFailed) as waiting:
        asyncio.run(Resolver(policy, lookup=names).resolve_async(target, deadline_s=5))
    assert blocking.value.code == waiting.value.code
    return blocking.value


def test_public_addresses_are_given_in_the_systems_order() -> None:
    """The system knows which of them this machine can reach best."""
    names = Names(["2606:4700::1111", "93.184.216.34"])

    assert Resolver(PUBLIC, lookup=names).resolve(TARGET, deadline_s=5) == (
        "2606:4700::1111",
        "93.184.216.34",
    )


@pytest.mark.parametrize(
    "answer",
    [["127.0.0.1"], ["10.0.0.1"], ["169.254.169.254"], ["fd00:ec2::254"], ["::ffff:127.0.0.1"]],
)
def test_a_name_of_a_private_address_is_blocked_without_telling_it(answer: list[str]) -> None:
    """Told apart from a failure, but no map of the inside."""
    problem = failure(Names(answer))

    assert problem.code == "blocked_address"
    assert answer[0] not in problem.message


@pytest.mark.parametrize(
    "answer",
    [["93.184.216.34", "127.0.0.1"], ["127.0.0.1", "93.184.216.34"], [*["8.8.8.8"] * 9, "::1"]],
)
def test_one_forbidden_address_condemns_the_whole_answer(answer: list[str]) -> None:
    """Whoever mixes them is waiting for us to fall back."""
    assert failure(Names(answer)).code == "blocked_address"


def test_an_answer_that_changes_afterwards_changes_nothing() -> None:
    """The classic rebinding: public when checked, private when dialled."""
    names = Names(["93.184.216.34"], ["127.0.0.1"])
    resolver = Resolver(PUBLIC, lookup=names, seconds=lambda: 0.0)

    first = resolver.resolve(TARGET, deadline_s=5)
    second = resolver.resolve(TARGET, deadline_s=5)

    assert first == second == ("93.184.216.34",)


def test_an_answer_is_judged_anew_when_it_is_asked_for_anew() -> None:
    """What was vetted once is not vetted for ever."""
    clock = [0.0]
    names = Names(["93.184.216.34"], ["127.0.0.1"])
    resolver = Resolver(PUBLIC, lookup=names, seconds=lambda: clock[0])
    resolver.resolve(TARGET, deadline_s=5)
    clock[0] = 31.0

    with pytest.raises(EgressFailed) as refusal:
        resolver.resolve(TARGET, deadline_s=5)

    assert refusal.value.code == "blocked_address"


@pytest.mark.parametrize(
    "answer",
    [
        socket.gaierror(socket.EAI_NONAME, "unknown"),
        socket.gaierror(socket.EAI_AGAIN, "servfail"),
        socket.gaierror(socket.EAI_FAIL, "refused"),
        [],
    ],
)
def test_a_name_without_an_answer_is_a_dns_failure(answer: Sequence[str] | OSError) -> None:
    """NXDOMAIN and SERVFAIL are the receiver's to mend."""
    assert failure(Names(answer)).code == "dns_failure"


@pytest.mark.parametrize("number", [socket.EAI_SYSTEM, socket.EAI_MEMORY])
def test_a_machine_that_cannot_ask_does_not_blame_the_name(number: int) -> None:
    """Our shortage of descriptors is nobody's wrong DNS record."""
    with pytest.raises(Transient) as problem:
        Resolver(PUBLIC, lookup=Names(socket.gaierror(number, "no"))).resolve(TARGET, deadline_s=5)

    assert not isinstance(problem.value, EgressFailed)
    assert problem.value.code == "egress_unavailable"


class Hanging:
    """A name server that never answers, until it is let go."""

    def __init__(self) -> None:
        self.released = threading.Event()
        self.asked = 0

    def __call__(self, _host: str, _port: int) -> Sequence[str]:
        """Wait."""
        self.asked += 1
        self.released.wait(10)
        return ["93.184.216.34"]


@pytest.fixture
def hanging() -> Iterator[Hanging]:
    """Let go at the end, so that no thread outlives the test."""
    names = Hanging()
    yield names
    names.released.set()


def test_a_name_server_that_hangs_ends_with_the_deadline(hanging: Hanging) -> None:
    """The system call itself would wait for half a minute."""
    resolver = Resolver(PUBLIC, lookup=hanging)

    with pytest.raises(EgressFailed) as blocking:
        resolver.resolve(TARGET, deadline_s=0.02)
    with pytest.raises(EgressFailed) as waiting:
        asyncio.run(resolver.resolve_async(TARGET, deadline_s=0.02))

    assert blocking.value.code == waiting.value.code == "dns_timeout"


def test_the_same_name_asked_often_is_looked_up_once(hanging: Hanging) -> None:
    """A batch for one receiver must not use up the lookup threads."""
    resolver = Resolver(PUBLIC, lookup=hanging)

    async def ask() -> list[tuple[str, ...]]:
        asking = [
            asyncio.ensure_future(resolver.resolve_async(TARGET, deadline_s=5)) for _ in range(20)
        ]
        await asyncio.sleep(0)
        hanging.released.set()
        return await asyncio.gather(*asking)

    assert set(asyncio.run(ask())) == {("93.184.216.34",)}
    assert hanging.asked == 1


def test_names_that_hang_are_not_blamed_on_the_next(hanging: Hanging) -> None:
    """One tenant's dead name servers hold all threads: our fault, and no attempt of others."""
    resolver = Resolver(PUBLIC, lookup=hanging)
    for number in range(LOOKUP_THREADS):
        with pytest.raises(EgressFailed):
            resolver.resolve(replace(TARGET, host=f"h{number}.example.com"), deadline_s=0)

    with pytest.raises(Transient) as problem:
        resolver.resolve(TARGET, deadline_s=5)

    assert not isinstance(problem.value, EgressFailed)
    assert problem.value.code == "egress_unavailable"


def test_of_a_long_answer_only_a_few_are_dialled() -> None:
    """A thousand dead addresses would eat the deadline."""
    names = Names([f"93.184.216.{n}" for n in range(200)])

    assert len(Resolver(PUBLIC, lookup=names).resolve(TARGET, deadline_s=5)) == MAX_DIALLED


def test_localhost_is_itself_only_while_it_is_loopback() -> None:
    """A poisoned hosts file must not turn the local switch into an open door."""
    policy = EgressPolicy(allow_local=True)

    assert Resolver(policy, lookup=Names(["::1", "127.0.0.1"])).resolve(
        LOCALHOST, deadline_s=5
    ) == ("127.0.0.1", "::1")
    assert failure(Names(["10.0.0.1"]), target=LOCALHOST, policy=policy).code == "blocked_address"
    assert failure(Names(["127.0.0.1"]), policy=policy).code == "blocked_address"
