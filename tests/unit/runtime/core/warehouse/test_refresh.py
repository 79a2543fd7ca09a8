"""Which files of the lake the loads of a refresh take."""

from hypothesis import given
from hypothesis import strategies as st

from runtime.core.json_text import dump
from runtime.core.warehouse import refresh
from runtime.core.warehouse.messages import SyncMessage, parse_sync
from runtime.core.warehouse.refresh import LakeFile, Refresh

DAYS = ("1970-01-01", "2026-11-19", "2026-11-20", "2026-11-22")
FILES = st.lists(
    st.builds(
        lambda day, number, size_bytes: LakeFile(
            f"lake/v1/acme/syn_1/events/dt={day}/{number}.parquet", size_bytes, "etag"
        ),
        st.sampled_from(DAYS),
        st.integers(0, 9),
        st.integers(0, refresh.MAX_BYTES),
    ),
    unique_by=lambda file: file.key,
)


@given(files=FILES, last=st.sampled_from(DAYS))
def test_the_loads_of_a_refresh_take_each_file_once_and_whole_days(
    files: list[LakeFile], last: str
) -> None:
    """Two rows of one key may be of one day, in two files; the load has to see both."""
    taken: list[LakeFile] = []
    after, until = 0, refresh.day_number(last)
    while inputs := refresh.next_files(files, after=after, last=until):
        days = {file.day for file in inputs}
        assert min(days) > after
        assert len(days) == 1 or sum(file.size_bytes for file in inputs) <= refresh.MAX_BYTES
        assert refresh.of_days(files, first=min(days), last=max(days)) == inputs
        taken += inputs
        after = max(days)
    assert sorted(taken) == sorted(file for file in files if file.day <= until)


@given(files=FILES)
def test_a_cursor_has_done_the_days_up_to_it(files: list[LakeFile]) -> None:
    """What `done` of the job says; before the first load it has done none."""
    days = sorted({file.key.split("/")[-2].removeprefix("dt=") for file in files})
    assert refresh.done_of(days, cursor=None) == 0
    for done, day in enumerate(days, 1):
        assert refresh.done_of(days, cursor=refresh.day_number(day)) == done


def test_a_message_of_a_refresh_is_read_as_it_was_sent() -> None:
    """Also one without, as it was before there were refreshes."""
    anew = Refresh(job_id="job_1", table="events", last_day="2026-11-20")
    for sent in (None, anew):
        message = SyncMessage(tenant="acme", sync_id="syn_1", trigger="refresh", refresh=sent)
        assert message == parse_sync(dump(message.to_json()))
        assert ("refresh" in message.to_json()) is (sent is not None)
