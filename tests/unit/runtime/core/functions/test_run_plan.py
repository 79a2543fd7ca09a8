"""How a batch of run messages becomes sandbox jobs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.core.events.envelope import ProfileRef
from runtime.core.functions import run_plan
from runtime.core.functions.function import Engine, Limits
from runtime.core.functions.run_plan import PlannedRun
from runtime.core.json_text import dump
from runtime.core.profiles.identity import Subject
from runtime.core.profiles.profile import Profile
from runtime.errors import BadInput
from tests.builders import (
    NOW,
    a_deliver_message,
    a_function,
    a_profile,
    a_run_message,
    a_subject,
    a_version,
    an_envelope,
    an_event,
)


def a_planned_run(number: int = 0, *, person: int | None = 0, size: int = 0) -> PlannedRun:
    """Run number `number`, about person number `person`."""
    reference = ProfileRef() if person is None else ProfileRef(id=f"prf_{person}")
    event = an_event(id=f"evt_{number}", profile=reference, properties={"x": "x" * size})
    message = a_run_message(run_id=f"run_{number}", event=event.to_json())
    return PlannedRun(message=message, event=event)


def subjects(*planned_runs: PlannedRun, profile: Profile | None = None) -> dict[str, Subject]:
    """Whom the events of the runs are about: all the same person, if a profile is given."""
    return {each.message.run_id: a_subject(each.event, profile) for each in planned_runs}


PEOPLE = st.one_of(st.none(), st.integers(0, 3))


class TestEntries:
    """What comes from the queue."""

    def test_a_message_becomes_an_entry(self) -> None:
        """With its event parsed."""
        planned_run = run_plan.parse(dump(a_run_message().to_json()), now=NOW)

        assert an_event() == planned_run.event

    @pytest.mark.parametrize(
        ("text", "code"),
        [
            ("nonsense", "not_json"),
            ("[]", "bad_message"),
            (dump({**a_run_message().to_json(), "v": 2}), "bad_message"),
            (dump({**a_run_message().to_json(), "extra": 1}), "bad_message"),
            (dump(a_deliver_message().to_json()), "bad_message"),
            (dump(a_run_message(event=an_envelope(id=...)).to_json()), "missing_id"),
            (dump(a_run_message(event=an_envelope(tenant="rival")).to_json()), "bad_message"),
        ],
    )
    def test_anything_else_is_refused_with_its_code(self, text: str, code: str) -> None:
        """Another tenant's event above all."""
        with pytest.raises(BadInput) as refusal:
            run_plan.parse(text, now=NOW)

        assert code == refusal.value.code


class TestWaves:
    """Who runs beside whom."""

    @given(st.lists(PEOPLE, max_size=20))
    def test_two_events_of_a_profile_never_run_side_by_side(self, people: list[int | None]) -> None:
        """The second must see what the first has done; and no event is left out."""
        planned_runs = [
            a_planned_run(number, person=person) for number, person in enumerate(people)
        ]

        planned_run = run_plan.waves(planned_runs)

        assert planned_runs == sorted(
            (planned_run for wave in planned_run for planned_run in wave),
            key=lambda planned_run: int(planned_run.event.id.removeprefix("evt_")),
        )
        for wave in planned_run:
            known = [each.event.profile.id for each in wave if each.event.profile.id is not None]
            assert len(known) == len(set(known))

    def test_a_doubled_message_does_not_run_beside_itself(self) -> None:
        """SQS may hand the same message over twice in one batch."""
        twice = [a_planned_run(1, person=None), a_planned_run(1, person=None)]

        assert [[twice[0]], [twice[1]]] == run_plan.waves(twice)

    def test_groups_are_of_one_tenants_function(self) -> None:
        """A job has one source and one tenant."""
        one = a_planned_run(1)
        two = PlannedRun(message=a_run_message(function="other"), event=an_event())

        assert [[one, one], [two]] == run_plan.groups([one, two, one])


class TestJobs:
    """What the sandbox gets."""

    @given(st.lists(st.sampled_from([0, 100_000, 250_000]), max_size=30))
    def test_jobs_fit_an_invocation(self, sizes: list[int]) -> None:
        """Lambda refuses more than 6 MB, and one invocation's time is bounded."""
        planned_runs = [a_planned_run(n, person=n, size=size) for n, size in enumerate(sizes)]

        pieces = run_plan.jobs(planned_runs, subjects(*planned_runs))

        assert planned_runs == [planned_run for piece in pieces for planned_run in piece]
        for piece in pieces:
            size = sum(len(dump(planned_run.event.to_json())) for planned_run in piece)
            assert len(piece) <= run_plan.MAX_JOB_EVENTS
            assert size <= run_plan.MAX_JOB_BYTES

    def test_a_job_says_all_the_sandbox_needs(self) -> None:
        """And nothing that it must not know."""
        person = a_profile(id="prf_0", stamps={"email": "x"})
        job = run_plan.job(
            a_function(
                http_hosts=("crm.example.com",),
                environment={"SHOP": "music"},
                limits=Limits(wall_s=2.0),
            ),
            a_version(engine=Engine.WASM),
            [a_planned_run(1)],
            subjects=subjects(a_planned_run(1), profile=person),
            secrets={"TOKEN": "t"},
            allow_local_http=False,
        )

        assert {"v", "op", "tenant", "function", "version", "source", "limits"} <= set(job)
        assert (["crm.example.com"], {"TOKEN": "t"}) == (job["http_hosts"], job["secrets"])
        assert {"SHOP": "music"} == job["environment"]
        assert "wasm" == job["engine"], "its version's, whatever the function is set to since"
        assert {
            "wall_s": 2.0,
            "memory_mb": 128,
            "result_bytes": 1024 * 1024,
            "http_calls": 10,
            "emits": 100,
            "log_bytes": 64 * 1024,
        } == job["limits"]
        (shown,) = job["events"]
        assert {"run_id", "event", "profile"} == set(shown)
        assert person.to_user() == shown["profile"]

    @pytest.mark.parametrize("known", [None, a_profile(deleted=True)])
    def test_an_unknown_or_deleted_profile_is_none(self, known: Profile | None) -> None:
        """A handler must not see whom a deletion has removed."""
        job = run_plan.job(
            a_function(),
            a_version(),
            [a_planned_run(1)],
            subjects=subjects(a_planned_run(1), profile=known),
            secrets={},
            allow_local_http=False,
        )

        assert job["events"][0]["profile"] is None
