"""What a user of the warehouse may do, by Redshift's rules and in its words.

https://docs.aws.amazon.com/redshift/latest/dg/r_Database_objects.html
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from infra.local.redshift import DATABASE, dialect
from infra.local.redshift.failures import SqlFailure
from infra.local.redshift.users import PUBLIC, Grant, Users

_PUBLIC_SCHEMA: Final = "main"  # DuckDB's name of Redshift's schema `public`
# The privilege that a statement needs on the table that it names first; one of them is enough.
_WRITES: Final = {
    "INSERT": ("INSERT",),
    "COPY": ("INSERT",),
    "DELETE": ("DELETE",),
    "UPDATE": ("UPDATE",),
    "LOCK": ("INSERT", "DELETE", "UPDATE"),
}
_OF_OWNERS: Final = ("ALTER", "DROP", "TRUNCATE", "VACUUM", "ANALYZE", "COMMENT")
_DEFINES: Final = ("CREATE", "ALTER", "DROP")
_MANAGES: Final = ("GRANT", "REVOKE")
_ALL: Final = {
    "database": ("CREATE", "TEMP"),
    "schema": ("CREATE", "USAGE"),
    "table": ("SELECT", "INSERT", "UPDATE", "DELETE"),
}
_UNKNOWN_FORM: Final = "ERROR: this form of GRANT is not part of the local Redshift"


@dataclass(frozen=True, slots=True)
class _Relations:
    """The tables and views that one statement sees. Read once for it: a long one has many names."""

    temporary: frozenset[str]  # names of tables
    searched: Sequence[str]  # the schemas in which a name without one is looked up, in their order
    known: Mapping[str, str]  # path, `schema.table` → its owner

    def find(self, name: tuple[str, str]) -> str | None:
        """The path of a table or view that exists, or None; a temporary one has no path."""
        schema, table = name
        if not schema and table in self.temporary:
            return None
        searched = [schema] if schema else self.searched
        return next((path for each in searched if (path := f"{each}.{table}") in self.known), None)


@dataclass(frozen=True, slots=True)
class Access:
    """What one user may do in one session."""

    users: Users
    user: str

    def enter(self) -> None:
        """Make the user, as Redshift does when somebody comes by IAM for the first time."""
        if self.user not in self.users.superusers():
            self.users.make(self.user)

    def check(self, statement: dialect.Tokens, verb: str) -> None:
        """Check that the user may run a statement.

        Raises:
            SqlFailure: permission is denied; the message is Redshift's.
        """
        if self._is_superuser:
            return
        if verb == "CREATE":
            self._check_creation(statement)
        relations = self._relations()
        target = relations.find(dialect.first_name(statement))
        for path in _named(statement, relations):
            self._need(("USAGE",), "schema", path.partition(".")[0])
            if verb in _OF_OWNERS:
                self._need_ownership("relation", path, relations.known)
            else:
                wanted = _WRITES.get(verb, ("SELECT",)) if path == target else ("SELECT",)
                self._need(wanted, "table", path)
        if verb in _OF_OWNERS and dialect.words(statement, 2).endswith(" SCHEMA"):
            name = dialect.first_name(statement)[1]
            self._need_ownership("schema", name, self.users.owners("schema"))

    def follow(self, verb: str) -> None:
        """After a statement: what it made is the user's, and what it dropped is nobody's."""
        if verb in _DEFINES:
            self.users.follow(owner=self.user)

    def manages(self, statement: dialect.Tokens, verb: str) -> bool:
        """Whether a statement is one for `manage`."""
        return verb in _MANAGES or dialect.words(statement, 2) == "CREATE USER"

    def manage(self, statement: dialect.Tokens, verb: str) -> None:
        """Run GRANT, REVOKE or CREATE USER.

        Raises:
            SqlFailure: the user may not, somebody or something named does not exist, or the
                stand-in does not know this form.
        """
        words = [token.text for token in statement if token.kind != "space"]
        if verb == "CREATE":
            self._create_user(words)
            return
        for grant in _grants(words):
            self._check_granter(grant)
            if verb == "GRANT":
                self.users.add(grant)
            else:
                self.users.remove(grant)

    @property
    def _is_superuser(self) -> bool:
        return self.users.superusers().get(self.user, False)

    def _relations(self) -> _Relations:
        connection = self.users.connection
        temporary = connection.execute("SELECT table_name FROM duckdb_tables() WHERE temporary")
        names = frozenset(row[0] for row in temporary.fetchall())
        path = connection.execute("SELECT current_schemas(false)").fetchone()
        return _Relations(names, path[0] if path else (), self.users.owners("table"))

    def _check_creation(self, statement: dialect.Tokens) -> None:
        second = dialect.words(statement, 2).split()[1]
        if second == "SCHEMA":
            self._need(("CREATE",), "database", DATABASE)
        elif second in ("TEMP", "TEMPORARY", "LOCAL"):
            self._need(("TEMP",), "database", DATABASE)
        else:
            schema = dialect.first_name(statement)[0] or _PUBLIC_SCHEMA
            if schema in self.users.owners("schema"):
                self._need(("CREATE",), "schema", schema)

    def _need(self, privileges: Sequence[str], kind: str, name: str) -> None:
        """Check that the user owns a thing, or has one of these privileges on it.

        Raises:
            SqlFailure: neither.
        """
        if self.users.owners(kind).get(name) in (self.user, PUBLIC):
            return
        wanted = [Grant(self.user, privilege, kind, name) for privilege in privileges]
        if not any(self.users.has(grant) for grant in wanted):
            what = "relation" if kind == "table" else kind
            raise SqlFailure(f"ERROR: permission denied for {what} {name.rpartition('.')[2]}")

    def _need_ownership(self, what: str, name: str, owners: Mapping[str, str]) -> None:
        if owners.get(name, self.user) not in (self.user, PUBLIC):
            raise SqlFailure(f"ERROR: must be owner of {what} {name.rpartition('.')[2]}")

    def _create_user(self, words: Sequence[str]) -> None:
        if not self._is_superuser:
            raise SqlFailure("ERROR: permission denied to create user")
        name, rest = dialect.unquoted(words[2]), " ".join(words[3:]).upper()
        if rest != "PASSWORD DISABLE":
            raise SqlFailure("ERROR: the local Redshift makes users with PASSWORD DISABLE only")
        if name in self.users.superusers():
            raise SqlFailure(f'ERROR: user "{name}" already exists')
        self.users.make(name)

    def _check_granter(self, grant: Grant) -> None:
        if grant.grantee not in (PUBLIC, *self.users.superusers()):
            raise SqlFailure(f'ERROR: user "{grant.grantee}" does not exist')
        owners = self.users.owners(grant.kind)
        is_there = grant.object in owners or grant.object == DATABASE or grant.kind == "role"
        if not is_there:
            what = "relation" if grant.kind == "table" else grant.kind
            raise SqlFailure(f'ERROR: {what} "{grant.object}" does not exist')
        if not self._is_superuser and owners.get(grant.object) != self.user:
            raise SqlFailure(f"ERROR: permission denied for {grant.kind} {grant.object}")


def _named(statement: dialect.Tokens, relations: _Relations) -> Iterator[str]:
    """The paths of the tables and views that a statement names and that exist.

    A column with the name of a table counts as that table, which may ask for too much, and never
    for too little.
    """
    paths = (relations.find(name) for name in dialect.names(statement))
    return iter(dict.fromkeys(path for path in paths if path is not None))


def _grants(words: Sequence[str]) -> Iterator[Grant]:
    """The privileges that one GRANT gives, or that one REVOKE takes.

    Raises:
        SqlFailure: the stand-in does not know this form.
    """
    upper = [word.upper() for word in words]
    if "ON" not in upper or not {"TO", "FROM"} & set(upper):
        raise SqlFailure(_UNKNOWN_FORM)
    on, to = upper.index("ON"), upper.index("TO" if "TO" in upper else "FROM")
    end = upper.index("FOR") if "FOR" in upper else len(upper)
    privileges = [word for word in upper[1:on] if word not in (",", "PRIVILEGES")]
    kind, objects = _objects(words[on + 1 : to])
    if privileges == ["ASSUMEROLE"]:
        kind, privileges = "role", [f"ASSUMEROLE FOR {' '.join(upper[end + 1 :])}"]
    if privileges == ["ALL"]:
        privileges = list(_ALL[kind])
    for name in _items(words[to + 1 : end]):
        grantee = PUBLIC if name.upper() == PUBLIC else name
        for privilege in privileges:
            short = "TEMP" if privilege == "TEMPORARY" else privilege
            yield from (Grant(grantee, short, kind, each) for each in objects)


def _objects(words: Sequence[str]) -> tuple[str, Sequence[str]]:
    """The kind and the names of what stands behind ON."""
    first = words[0].upper()
    if first == "ALL":
        raise SqlFailure(_UNKNOWN_FORM)
    if first in ("DATABASE", "SCHEMA", "TABLE"):
        return first.lower(), _items(words[1:])
    return "table", _items(words)


def _items(words: Sequence[str]) -> list[str]:
    """The names of a list, in which the dot of a qualified name is a word of its own."""
    text = "".join("\0" if word == "," else dialect.unquoted(word.strip("'")) for word in words)
    return text.split("\0")
