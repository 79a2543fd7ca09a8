"""The doctor's report: what may stand in an issue that everybody reads."""

from hypothesis import given
from hypothesis import strategies as st

from cli._checks import Check, TriedOn, Verdict
from cli.stack_doctor.report import CAVEAT, About, masked, render

ABOUT = About(at="2026-11-26T12:00:00.000Z", version="0.1.0", python="3.13 on Linux", region="")
ACCOUNT = "123456789012"
OK = Check(name="python", verdict=Verdict.OK, found="3.13 | fine", advice="")


@given(
    st.text(),
    st.text("0123456789", min_size=12, max_size=12),
    st.sampled_from(["arn:aws:kms:eu-west-1:{}:key/1", "{}", "queue of {}:", "https://{}.aws/x"]),
)
def test_no_account_is_told(before: str, account: str, around: str) -> None:
    """Neither the one that was looked at nor any other, wherever it stands."""
    assert account not in masked(before.strip("0123456789") + " " + around.format(account))
    assert account not in masked(f"x{account}{account}", account=account)


def test_no_secret_and_no_address_is_told() -> None:
    """What somebody's advice may quote."""
    for secret in (
        "AKIAIOSFODNN7EXAMPLE",
        "psk_abcdefghijklmnop",
        "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD",
        "ops@example.com",
        "https://kqgsl7kr038xd3p01ej2tcxhowjdoc4l.lambda-url.us-east-1.on.aws/",
        "/home/jane/shop/.local/state.json",
        "arn:aws:iam::123456789012:role/penstock-LoaderRole-1",
    ):
        assert secret not in masked(f"it says {secret}; and more")
        assert "and more" in masked(f"it says {secret}; and more")


def test_the_report_is_a_table_that_markdown_can_draw() -> None:
    """A bar in a text is no column."""
    text = render([OK], [], about=ABOUT, account=ACCOUNT)
    assert "| python | ok | 3.13 \\| fine |  | machines |" in text
    assert "## Queues" not in text
    assert CAVEAT not in text


def test_the_report_says_which_checks_have_never_met_aws() -> None:
    """Whoever reads it has to know what it is worth."""
    seen = Check(
        name="key",
        verdict=Verdict.OK,
        found=f"key of {ACCOUNT}",
        advice="",
        tried_on=TriedOn.EMULATORS,
    )
    text = render([seen], [{"name": "RunQueue", "oldest_s": None}], about=ABOUT, account=ACCOUNT)
    assert CAVEAT in text
    assert "| key | ok | key of (account) |  | emulators |" in text
    assert "| RunQueue | - |" in text
