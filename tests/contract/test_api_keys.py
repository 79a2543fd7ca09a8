"""What the store of API keys promises, on each emulator."""

from dataclasses import replace

import pytest

from runtime.errors import Conflict, NotFound
from runtime.stores.tenancy.api_keys import ApiKeys
from tests.builders import NOW, TENANT, an_api_key
from tests.cloud import Cloud


class TestApiKeysContract:
    """Keys by hash and by tenant."""

    def test_a_key_is_found_by_its_hash(self, cloud: Cloud) -> None:
        """What comes in with a request is hashed and looked up."""
        ApiKeys(config=cloud.config).add(an_api_key())

        assert an_api_key() == ApiKeys(config=cloud.config).find(an_api_key().sha256)

    def test_a_deleted_key_opens_nothing(self, cloud: Cloud) -> None:
        """At once, and in both places."""
        api_keys, key = ApiKeys(config=cloud.config), an_api_key()
        api_keys.add(key)
        api_keys.delete(key)

        assert api_keys.find(key.sha256) is None
        assert () == api_keys.list(TENANT).items

    def test_nobody_deletes_anothers_key(self, cloud: Cloud) -> None:
        """Hashes may leak; they are no permission."""
        api_keys, key = ApiKeys(config=cloud.config), an_api_key()
        api_keys.add(key)

        with pytest.raises(NotFound):
            api_keys.delete(replace(key, tenant="rival"))

        assert (key,) == api_keys.list(TENANT).items

    def test_of_two_that_have_read_a_key_one_gives_it_its_end(self, cloud: Cloud) -> None:
        """Each would make a successor, and the later end would win."""
        api_keys, key = ApiKeys(config=cloud.config), an_api_key()
        api_keys.add(key)
        ends = [
            (replace(key, expires_at=NOW, replaced_by=after.id), after)
            for after in (replace(key, sha256=f"{n}" * 64) for n in (1, 2))
        ]

        api_keys.replace(key, ends[0][0], successor=ends[0][1])
        with pytest.raises(Conflict) as lost:
            api_keys.replace(key, ends[1][0], successor=ends[1][1])
        with pytest.raises(Conflict):
            api_keys.delete(key)

        assert "api_key_changed" == lost.value.code
        assert {ends[0][0], ends[0][1]} == set(api_keys.list(TENANT).items)
        assert ends[0][0] == api_keys.find(key.sha256)

    def test_a_changed_key_is_another_in_both_places(self, cloud: Cloud) -> None:
        """What its calls may do is decided by one, and people see the other."""
        api_keys, key = ApiKeys(config=cloud.config), an_api_key(last_used_at=NOW)
        api_keys.add(key)
        after = replace(key, name="reads", scopes=("events:read",))

        api_keys.change(key, after)

        assert after == api_keys.find(key.sha256)
        assert (after,) == api_keys.list(TENANT).items

    def test_a_change_keeps_the_hour_that_another_process_has_noted(self, cloud: Cloud) -> None:
        """The key may be in use at the very moment."""
        api_keys, key = ApiKeys(config=cloud.config), an_api_key()
        api_keys.add(key)
        api_keys.note_use(replace(key, last_used_at=NOW))

        api_keys.change(key, replace(key, scopes=("events:read",)))

        found = api_keys.find(key.sha256)
        assert found == replace(key, scopes=("events:read",), last_used_at=NOW)

    def test_of_what_happens_to_a_key_at_the_same_moment_one_is_done(self, cloud: Cloud) -> None:
        """A successor must not get scopes that were just taken away, nor a wider key be revoked.

        Whoever comes second has decided by a key that is no more.
        """
        api_keys, key = ApiKeys(config=cloud.config), an_api_key()
        api_keys.add(key)
        narrow, after = replace(key, scopes=("events:read",)), replace(key, sha256="1" * 64)
        ending = replace(key, expires_at=NOW, replaced_by=after.id)
        api_keys.change(key, narrow)

        with pytest.raises(Conflict) as changed:
            api_keys.change(key, replace(key, name="other"))
        with pytest.raises(Conflict) as rotated:
            api_keys.replace(key, ending, successor=after)
        with pytest.raises(Conflict) as revoked:
            api_keys.delete(key)

        assert {"api_key_changed"} == {each.value.code for each in (changed, rotated, revoked)}
        assert (narrow,) == api_keys.list(TENANT).items

    def test_a_change_brings_no_deleted_key_back(self, cloud: Cloud) -> None:
        """It would open doors again."""
        api_keys, key = ApiKeys(config=cloud.config), an_api_key()
        api_keys.add(key)
        api_keys.delete(key)

        with pytest.raises(NotFound):
            api_keys.change(key, replace(key, name="other"))

        assert api_keys.find(key.sha256) is None
