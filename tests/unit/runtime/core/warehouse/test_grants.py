"""What the user that loads needs, as statements that no name can break out of."""

from runtime.core.warehouse.grants import Loader, grants, script, user_of


def test_a_role_becomes_the_user_that_redshift_makes_of_it() -> None:
    """Also a role with a path."""
    assert user_of("arn:aws:iam::1:role/penstock-LoaderRole") == "IAMR:penstock-LoaderRole"
    assert user_of("arn:aws:iam::1:role/team/loader") == "IAMR:loader"


def test_names_stay_names_and_values_values() -> None:
    """Whatever somebody has called a schema, it is one identifier and one literal."""
    loader = Loader(database='d"b', user="IAMR:o'x", copy_role_arn="arn", schemas=['s"; DROP'])
    statements = {each.statement: each.question for each in grants(loader)}
    assert 'GRANT CREATE ON DATABASE "d""b" TO "IAMR:o\'x"' in statements
    asked = statements['GRANT USAGE ON SCHEMA "s""; DROP" TO "IAMR:o\'x"']
    assert asked == "SELECT HAS_SCHEMA_PRIVILEGE('IAMR:o''x', 's\"; DROP', 'USAGE') AS granted"


def test_each_statement_of_the_script_has_its_reason_above_it() -> None:
    """A superuser reads what is granted before running it."""
    loader = Loader(database="penstock", user="IAMR:loader", copy_role_arn="arn")
    lines = script(loader).splitlines()
    for each in grants(loader):
        assert lines[lines.index(f"{each.statement};") - 1] == f"-- {each.reason}"
