"""A name has one form, however people write it, and what cannot name a person says why."""

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from runtime.core.events.envelope import NAME_KINDS, ProfileRef
from runtime.core.profiles import names
from runtime.core.profiles.names import Name, NameRules, Unusable, read
from runtime.errors import BadInput

GERMAN = NameRules(default_country="DE", own_kinds=("loyalty_card",))
RULES = st.builds(
    NameRules,
    default_country=st.sampled_from([None, "DE", "US", "AR", "GB"]),
    lower_local_part=st.booleans(),
    own_kinds=st.just(("loyalty_card",)),
    blocked=st.sampled_from([frozenset(), frozenset({"info@example.com"})]),
)
# Any text that Python holds, halves of surrogate pairs too, and what looks like a name.
TEXTS = st.one_of(
    st.text(st.characters(codec=None)),
    st.text("+-() /.0123456789\u0663\uff13ext#", max_size=25),
    st.from_regex(r"\+[1-9][0-9]{5,14}", fullmatch=True),
    st.builds("{}@{}".format, st.text(max_size=8), st.text("aİßΣ.Å\u0301ü@ ", max_size=8)),
    st.builds(lambda unit, times: unit * times, st.text(min_size=1, max_size=2), st.just(600)),
)
KINDS = st.sampled_from([*NAME_KINDS, "loyalty_card", "shoe_size"])


class TestEveryName:
    """Laws of all kinds, and what no kind takes."""

    @given(KINDS, TEXTS, RULES)
    @example("email", "İ@İ.İ", NameRules())
    @example("external_id", "\ud800", NameRules())
    def test_reading_what_was_read_changes_nothing(
        self, kind: str, text: str, rules: NameRules
    ) -> None:
        """Names are read again when they come back by the API; nothing raises, whatever comes."""
        name = read(kind, text, rules)

        if isinstance(name, Name):
            assert read(name.kind, name.value, rules) == name
            assert name.value
            assert len(name.value.encode()) <= names.MAX_NAME_BYTES
        else:
            assert name.reason
            assert len(name.value.encode()) <= names.MAX_NAME_BYTES  # so it can be stored

    @pytest.mark.parametrize(
        ("text", "reason"),
        [
            ("", "empty"),
            ("\u2003 ", "empty"),
            ("a\0b", "control characters"),
            ("a\nb", "control characters"),
            ("\ud83d", "no Unicode text"),
            ("x" * 1025, "more than 1024 bytes"),
            ("é" * 513, "more than 1024 bytes"),
            ("𝅗𝅥" * 200, "more than 1024 bytes"),  # 4 bytes that NFC takes apart into 8
        ],
    )
    @pytest.mark.parametrize("kind", ["external_id", "anonymous_id", "loyalty_card"])
    def test_a_text_that_no_store_could_keep_alike_is_no_name(
        self, kind: str, text: str, reason: str
    ) -> None:
        """DynamoDB keeps a NUL in a key while Redshift refuses one."""
        unusable = read(kind, text, GERMAN)

        assert isinstance(unusable, Unusable)
        assert reason in unusable.reason

    def test_what_is_not_used_is_shown_as_text(self) -> None:
        """It is stored and sent as JSON."""
        assert r"a\x00\xd800" == read("email", "a\0\ud800", GERMAN).value
        assert 256 == len(read("email", "\0" * 2000, GERMAN).value)

    def test_a_name_of_an_undeclared_kind_is_not_used(self) -> None:
        """Else a typing error in one producer would make people of its own."""
        assert Unusable("shoe_size", "44", "no such kind of name is declared") == read(
            "shoe_size", "44", GERMAN
        )

    @pytest.mark.parametrize(
        "text",
        [
            *["null", "NULL", " undefined ", "None", "n/a", "0", "00000", "-1", "---", "Anonymous"],
            "00000000-0000-0000-0000-000000000000",
        ],
    )
    @pytest.mark.parametrize("kind", ["external_id", "email", "phone", "loyalty_card"])
    def test_what_stands_for_no_value_names_nobody(self, kind: str, text: str) -> None:
        """Everybody without a value would be one person."""
        unusable = read(kind, text, GERMAN)

        assert isinstance(unusable, Unusable)
        assert "blocked" in unusable.reason

    @pytest.mark.parametrize(
        ("kind", "text"),
        [("email", "Shop@Example.com"), ("phone", "030 1234567"), ("external_id", "Kiosk-1")],
    )
    def test_a_tenant_blocks_values_of_its_own_in_any_case(self, kind: str, text: str) -> None:
        """A shop enters its own address for those who have none."""
        rules = NameRules(
            default_country="DE",
            lower_local_part=False,
            blocked=frozenset({"shop@example.com", "+49301234567", "kiosk-1"}),
        )

        assert isinstance(read(kind, text, rules), Unusable)
        assert isinstance(read(kind, text, GERMAN), Name)


class TestEmail:
    """One address has one form."""

    @pytest.mark.parametrize(
        ("text", "value"),
        [
            ("  Ada@Example.COM ", "ada@example.com"),
            ("ada+news@example.com", "ada+news@example.com"),
            ("A\u030a@example.com", "å@example.com"),
            ("ada@MÜNCHEN.example", "ada@münchen.example"),
        ],
    )
    def test_it_is_trimmed_composed_and_in_lower_case(self, text: str, value: str) -> None:
        """People write one address in many ways."""
        assert Name("email", value) == read("email", text, GERMAN)

    def test_the_part_before_the_at_may_keep_its_case(self) -> None:
        """RFC 5321 lets a provider tell such addresses apart."""
        rules = NameRules(lower_local_part=False)

        assert Name("email", "Ada@example.com") == read("email", "Ada@EXAMPLE.com", rules)

    @pytest.mark.parametrize(
        "text",
        [
            *["ada", "@", "ada@", "@example.com", "ada@example", "ada@example.", "ada@.com"],
            *["a@b@example.com", "Ada <ada@example.com>", "mailto:ada@example.com"],
            *["ada lovelace@example.com", '"ada"@example.com', "ada@example.com,bob@example.com"],
        ],
    )
    def test_what_is_no_single_address_is_no_name(self, text: str) -> None:
        """A list of addresses would join the people on it."""
        assert isinstance(read("email", text, GERMAN), Unusable)

    @given(st.from_regex(r"[a-zA-Z0-9.+_-]{1,12}@[a-zA-Z]{1,8}\.[a-zA-Z]{2,4}", fullmatch=True))
    def test_addresses_that_differ_by_case_and_blanks_are_one_name(self, text: str) -> None:
        """Whoever signs up on a telephone gets a capital letter."""
        name = read("email", text, GERMAN)
        assume(isinstance(name, Name))  # not `a..b@…`, nor a blocked one

        assert name == read("email", f" {text.swapcase()}\u00a0", GERMAN)


class TestPhone:
    """One number has one form."""

    @pytest.mark.parametrize(
        ("text", "value"),
        [
            ("+49 30 1234567", "+49301234567"),
            ("0049 30 1234567", "+49301234567"),
            ("(030) 123-45 67", "+49301234567"),
            ("030/1234567", "+49301234567"),
            ("+49 (0)30 1234567", "+49301234567"),
            ("+1 650-253-0000", "+16502530000"),
            ("+\uff11\uff16\uff15\uff10\uff12\uff15\uff13\uff10\uff10\uff10\uff10", "+16502530000"),
            ("+39 06 1234567", "+39061234567"),
        ],
    )
    def test_it_is_e164_by_the_default_country(self, text: str, value: str) -> None:
        """A number without a country code is one of the tenant's country."""
        assert Name("phone", value) == read("phone", text, GERMAN)

    @pytest.mark.parametrize(
        ("text", "reason"),
        [
            ("call me", "no letters"),
            ("1-800-FLOWERS", "no letters"),
            ("+49 30 1234567 ext. 5", "no letters"),
            ("+49 30 1234567;5", "extension"),
            ("+1 650-253-0000 #5", "extension"),
            ("12", "digits"),
            ("+999 1234567", "country code is unknown"),
            ("+", "not a telephone number"),
            ("@", "not a telephone number"),
            ("9" * 251, "250 characters"),
        ],
    )
    def test_what_is_no_number_of_one_person_is_no_name(self, text: str, reason: str) -> None:
        """A vanity number and an extension name a company."""
        unusable = read("phone", text, GERMAN)

        assert isinstance(unusable, Unusable)
        assert reason in unusable.reason

    def test_a_number_without_a_country_needs_a_default_country(self) -> None:
        """A guess would make one person of two in different countries."""
        unusable = read("phone", "030 1234567", NameRules())

        assert isinstance(unusable, Unusable)
        assert "no default country" in unusable.reason
        assert Name("phone", "+49301234567") == read("phone", "+49301234567", NameRules())


class TestWhoAnEventNames:
    """All names of one envelope."""

    def test_the_strongest_name_comes_first(self) -> None:
        """The id of a new profile is made of its strongest name."""
        ref = ProfileRef(
            names={"loyalty_card": "4711", "shoe_size": "44"},
            anonymous_id="browser-1",
            phone="nobody knows",
            email="Ada@example.com",
            external_id="c-1",
        )

        named = names.of(ref, GERMAN)

        assert (
            Name("external_id", "c-1"),
            Name("email", "ada@example.com"),
            Name("anonymous_id", "browser-1"),
            Name("loyalty_card", "4711"),
        ) == named.names
        assert ["phone", "shoe_size"] == [each.kind for each in named.unusable]

    def test_a_profiles_id_is_no_name(self) -> None:
        """It names the profile itself."""
        assert ((), ()) == names.of(ProfileRef(id="prf_1"), GERMAN)


class TestRules:
    """What a tenant may set."""

    def test_without_fields_they_are_the_defaults(self) -> None:
        """A tenant who set nothing has them."""
        assert NameRules() == names.parse_rules({})

    def test_what_is_shown_can_be_sent_back(self) -> None:
        """People edit what they read."""
        rules = names.parse_rules(
            {
                "default_country": "DE",
                "lower_local_part": False,
                "own_kinds": ["loyalty_card"],
                "max_values": {"email": 1, "loyalty_card": 2},
                "blocked": [" Shop@Example.com"],
            }
        )

        shown = rules.to_json()
        assert shown == names.parse_rules(shown).to_json()
        assert {
            "external_id": 5, "email": 1, "phone": 5, "anonymous_id": 5, "loyalty_card": 2,
        } == shown["max_values"]  # fmt: skip
        assert frozenset({"shop@example.com"}) == rules.blocked

    @pytest.mark.parametrize(
        ("raw", "field"),
        [
            ([], ""),
            ({"colour": 1}, "colour"),
            ({"default_country": "Germany"}, "default_country"),
            ({"default_country": "de"}, "default_country"),
            ({"default_country": 49}, "default_country"),
            ({"lower_local_part": "yes"}, "lower_local_part"),
            ({"own_kinds": "loyalty_card"}, "own_kinds"),
            ({"own_kinds": ["a", "b", "c", "d", "e", "f"]}, "own_kinds"),
            ({"own_kinds": ["a", "a"]}, "own_kinds[1]"),
            ({"own_kinds": ["email"]}, "own_kinds[0]"),
            ({"own_kinds": ["cursor"]}, "own_kinds[0]"),
            ({"own_kinds": ["Card"]}, "own_kinds[0]"),
            ({"own_kinds": [1]}, "own_kinds[0]"),
            ({"max_values": 5}, "max_values"),
            ({"max_values": {"email": 0}}, "max_values.email"),
            ({"max_values": {"email": 11}}, "max_values.email"),
            ({"max_values": {"email": True}}, "max_values.email"),
            ({"max_values": {"shoe_size": 1}}, "max_values.shoe_size"),
            ({"blocked": "x"}, "blocked"),
            ({"blocked": ["x"] * 201}, "blocked"),
            ({"blocked": [" "]}, "blocked[0]"),
            ({"blocked": ["x\0"]}, "blocked[0]"),
            ({"blocked": ["x" * 257]}, "blocked[0]"),
            ({"blocked": [7]}, "blocked[0]"),
        ],
    )
    def test_a_wrong_rule_is_refused_by_its_field(self, raw: object, field: str) -> None:
        """The caller mends what the error names."""
        with pytest.raises(BadInput) as refusal:
            names.parse_rules(raw)

        assert ("bad_identity", field) == (refusal.value.code, refusal.value.field)

    def test_only_the_form_of_names_has_to_stay(self) -> None:
        """Another form would not meet the names that are stored."""
        assert NameRules().reads_like(NameRules(own_kinds=("card",), max_values={"email": 1}))
        assert not NameRules().reads_like(NameRules(lower_local_part=False))
        assert not NameRules().reads_like(NameRules(default_country="DE"))
