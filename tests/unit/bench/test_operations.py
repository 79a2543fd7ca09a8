"""The bench's measurement of the API's operations."""

from bench.operations import EXAMPLES, NAMED, Life
from functions._api.endpoints import ENDPOINTS

OPERATIONS = frozenset(f"{each.method} {each.path}" for each in ENDPOINTS)


def test_every_step_is_an_operation_of_the_api() -> None:
    """One that was renamed would end the bench, minutes after it began."""
    assert NAMED <= OPERATIONS


def test_every_operation_that_no_step_names_can_be_called_by_its_example() -> None:
    """The steps name what must come in an order; the bench calls all others as they are."""
    assert OPERATIONS - NAMED <= EXAMPLES.keys()


def test_a_life_has_its_own_ids_in_place_of_the_examples() -> None:
    """Fifty lives that shared a webhook would measure refusals."""
    life = Life(values={"order-1001": "order-7"})

    life.learn({"id": "whk_1", "secret": "whsec_EXAMPLE"}, {"id": "whk_x", "secret": "whsec_x"})

    example = {"webhook": "whk_1", "events": [{"id": "order-1001", "hops": 0}]}
    assert {"webhook": "whk_x", "events": [{"id": "order-7", "hops": 0}]} == life.of(example)


def test_a_life_takes_from_a_listing_what_no_call_has_made() -> None:
    """An entry of the audit log has an id that nobody was told."""
    life = Life(values={"whk_1": "whk_x"})

    life.learn({"data": [{"id": "aud_1"}]}, {"data": [{"id": "aud_x"}, {"id": "aud_y"}]})
    life.learn({"data": [{"id": "whk_1"}]}, {"data": [{"id": "whk_y"}]})
    life.learn({"data": [{"id": "run_1"}]}, {"data": []})

    assert {"whk_1": "whk_x", "aud_1": "aud_x"} == life.values
