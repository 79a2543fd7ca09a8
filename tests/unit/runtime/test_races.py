"""The loop that tries an overtaken write again."""

from runtime.races import FIRST_PAUSE_S, LONGEST_PAUSE_S, MAX_RACES, Races


def test_a_write_that_wins_at_once_never_pauses() -> None:
    """Nearly every write does; it must cost nothing."""
    pauses: list[float] = []

    for lost in Races(dice=lambda: 1.0, pause=pauses.append):
        assert lost == 0
        break

    assert pauses == []


def test_pauses_grow_and_end() -> None:
    """Who loses ten times in a row leaves the work to its queue."""
    pauses: list[float] = []

    lost = list(Races(dice=lambda: 1.0, pause=pauses.append))

    assert lost == list(range(MAX_RACES))
    assert pauses == sorted(pauses)
    assert len(pauses) == MAX_RACES - 1
    assert (pauses[0], pauses[-1]) == (2 * FIRST_PAUSE_S, LONGEST_PAUSE_S)


def test_two_writers_that_have_met_do_not_pause_alike() -> None:
    """Else they would meet again, and again."""
    first: list[float] = []
    second: list[float] = []

    for pauses in (first, second):
        assert MAX_RACES == sum(1 for _ in Races(pause=pauses.append))

    assert set(first).isdisjoint(second)
