"""What people are told to do about a sync that fails."""

from runtime.core.warehouse.advice import advice


def test_who_gives_a_right_depends_on_whose_the_destination_is() -> None:
    """A tenant cannot run statements in the installation's warehouse, nor we in the tenant's."""
    ours, theirs = (advice("permission", is_own=is_own) for is_own in (False, True))

    assert "syncs grants" in ours
    assert "COPY role" in ours
    assert "syncs update --settings" in theirs
    assert "COPY role" not in theirs


def test_what_is_the_same_everywhere_is_said_alike_and_the_unknown_is_said_to_be_read() -> None:
    """A code without advice must not leave somebody without a word."""
    assert advice("busy", is_own=True) == advice("busy", is_own=False)
    assert "certificate" in advice("warehouse_unreachable", is_own=True)
    assert advice("new", is_own=True) == advice("new", is_own=False) != ""
