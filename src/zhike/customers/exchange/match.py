"""Which customer every row means: the plain majority in SQL, rows that touch each other one after the other."""

from collections.abc import Iterator

from psycopg import sql

from zhike.customers.exchange.party import Mark, Party
from zhike.customers.exchange.required import refuse_incomplete
from zhike.customers.exchange.sealing import refuse_taken
from zhike.customers.exchange.sequence import Decision, Row, Sequence
from zhike.customers.guarded import RECORD
from zhike.customers.models import Customer, Identifier
from zhike.exchange.run import Run, raw_connection
from zhike.metadata import indexes
from zhike.metadata.selectors import design_of

EDIT, CREATE = "customers.edit_customer", "customers.create_customer"
PORTION = 10_000


class Matching:
    """Staging tables made here, with the party table `rows` under the name given:

    marks: every identifier of every row. who: the customer of every good row: `customer_id` in the database, or null
    for a new one; `leader` is the first row that means the same customer. Rows without an answer go to `refused`.
    """

    def __init__(self, run: Run, party: Party, rows: str, refused: str) -> None:
        self.run = run
        self.party = party
        self.parts: dict[str, sql.Composable] = {"rows": run.table(rows), "refused": run.table(refused)}

    def match(self) -> None:
        self._unpivot()
        self._add_names()
        self.run.execute("ANALYZE {marks}")
        self._find_hits()
        self._find_linked()
        self._decide_plain()
        self._decide_linked()
        self._refuse()
        self._refuse_owners()
        self._refuse_taken()
        refuse_taken(self.run, self.parts, sealed=self.party.sealed)
        self._forget_refused()
        self._find_leaders()
        refuse_incomplete(self.run, self.parts, sealed=self.party.sealed)
        self._forget_refused()

    def _unpivot(self) -> None:
        marks = sql.SQL(", ").join(map(_mark_values, self.party.marks)) if self.party.marks else _NO_MARK
        self.run.make(
            "marks",
            """
            SELECT rows.row, mark.kind, mark.system, mark.value, mark.normal, mark.strength, mark.number
            FROM {rows} AS rows CROSS JOIN LATERAL (VALUES {values})
                AS mark (number, kind, system, value, normal, strength)
            WHERE mark.normal IS NOT NULL
            """,
            values=marks,
            **self.parts,
        )

    def _add_names(self) -> None:
        """A row with nothing surer is recognised by its name, so whoever else has that name counts as well."""
        self.run.make(
            "nameless_marks",
            """
            SELECT rows.row, rows.name_normal FROM {rows} AS rows
            WHERE rows.name_normal IS NOT NULL
                AND NOT EXISTS (SELECT FROM {marks} AS marks WHERE marks.row = rows.row AND marks.strength > 1)
            """,
            **self.parts,
        )
        self.run.execute(
            """
            INSERT INTO {marks} (row, kind, system, value, normal, strength, number)
            SELECT rows.row, 'name', '', rows.name, rows.name_normal, 2, NULL
            FROM {rows} AS rows WHERE rows.name_normal IN (SELECT name_normal FROM {nameless_marks})
            """,
            **self.parts,
        )

    def _find_hits(self) -> None:
        # Two halves, for the partial indexes on identifiers: unique ones, and the others.
        self.run.make(
            "hits",
            """
            SELECT marks.row, marks.number, marks.kind, known.customer_id
            FROM {marks} AS marks JOIN customers_identifier AS known
                ON known.value_normal = marks.normal AND known.kind = marks.kind AND known.system = marks.system
            WHERE marks.strength = 3 AND known.strength = 3
            UNION ALL
            SELECT marks.row, marks.number, marks.kind, known.customer_id
            FROM {marks} AS marks JOIN customers_identifier AS known
                ON known.value_normal = marks.normal AND known.kind = marks.kind
            WHERE marks.strength = 2 AND known.strength = 2
            UNION ALL
            SELECT alone.row, NULL, 'name', known.id
            FROM {nameless_marks} AS alone JOIN customers_customer AS known ON known.name_normal = alone.name_normal
            """,
        )

    def _find_linked(self) -> None:
        """Rows that another row may have a say in: a shared identifier, or the same customer found."""
        self.run.make(
            "linked",
            """
            WITH shared AS (
                SELECT kind, normal FROM {marks} WHERE strength > 1 GROUP BY kind, normal HAVING min(row) < max(row)
            ), met AS (
                SELECT customer_id FROM {hits} GROUP BY customer_id HAVING min(row) < max(row)
            )
            SELECT row FROM {marks} JOIN shared USING (kind, normal) WHERE strength > 1
            UNION
            SELECT row FROM {hits} JOIN met USING (customer_id)
            UNION
            -- Found, but not simply by the external id: the rules of `sequence` have to look.
            SELECT row FROM {hits} GROUP BY row
            HAVING NOT bool_or(kind = 'external') OR min(customer_id) < max(customer_id)
            """,
        )

    def _decide_plain(self) -> None:
        self.run.make(
            "who",
            """
            SELECT rows.row, found.customer_id, rows.row AS leader,
                NULL::text AS reason, NULL::bigint[] AS candidates
            FROM {rows} AS rows
            LEFT JOIN (SELECT row, min(customer_id) AS customer_id FROM {hits} GROUP BY row) AS found USING (row)
            WHERE NOT EXISTS (SELECT FROM {linked} AS linked WHERE linked.row = rows.row)
            """,
            **self.parts,
        )

    def _decide_linked(self) -> None:
        if not self.run.value("SELECT EXISTS (SELECT FROM {linked})"):
            return
        unique: dict[int, set[tuple[str, str]]] = {}
        for customer, kind, normal in self.run.execute(
            """
            SELECT DISTINCT known.customer_id, known.kind, known.value_normal
            FROM {hits} JOIN {linked} USING (row) JOIN customers_identifier AS known USING (customer_id)
            WHERE known.kind = 'uscc' OR (known.kind = 'external' AND known.system = %(source)s)
            """,
        ):
            unique.setdefault(customer, set()).add((kind, normal))
        decided = list(Sequence(unique).decide(self._linked_rows()))
        with raw_connection().cursor().copy(self._copy_statement()) as copy:
            for decision in decided:
                copy.write_row(_who_row(decision))
        self.run.execute("ANALYZE {who}")

    def _linked_rows(self) -> Iterator[Row]:
        self.run.make(
            "linked_rows",
            """
            SELECT linked.row, coalesce(own.keys, '{{}}') AS keys, coalesce(found.hits, '{{}}') AS hits
            FROM {linked} AS linked
            LEFT JOIN (
                SELECT row, array_agg(ARRAY[kind, normal] ORDER BY number) AS keys
                FROM {marks} JOIN {linked} USING (row) WHERE strength > 1 GROUP BY row
            ) AS own ON own.row = linked.row
            LEFT JOIN (
                SELECT row, array_agg(ARRAY[kind, customer_id::text]) AS hits
                FROM {hits} JOIN {linked} USING (row) GROUP BY row
            ) AS found ON found.row = linked.row
            """,
        )
        query = sql.SQL("SELECT row, keys, hits FROM {} ORDER BY row").format(self.run.table("linked_rows"))
        with raw_connection().cursor(name="linked_rows") as cursor:
            cursor.itersize = PORTION
            for number, keys, hits in cursor.execute(query):
                yield Row(
                    number,
                    tuple((kind, normal) for kind, normal in keys),
                    tuple((kind, int(customer)) for kind, customer in hits),
                )

    def _copy_statement(self) -> sql.Composed:
        return sql.SQL("COPY {} (row, customer_id, leader, reason, candidates) FROM STDIN").format(
            self.run.table("who")
        )

    def _refuse(self) -> None:
        """Rows without an answer, and rows of customers whom the actor may not change; the words tell them apart
        only where the actor may know that the customers exist."""
        self.run.execute(
            """
            INSERT INTO {refused} (row, reason, "column", value, expected, is_read)
            SELECT who.row,
                CASE WHEN who.reason IS NULL OR {hidden} THEN 'not_permitted' ELSE who.reason END, '', '', '', false
            FROM {who} AS who
            WHERE who.reason IS NOT NULL OR {hidden} OR (who.customer_id IS NULL AND {may_not_create})
            """,
            hidden=self._hidden(),
            may_not_create=sql.Literal(not self.run.actor.may(CREATE)),
            **self.parts,
        )
        self._forget_refused()
        self.run.execute(
            """
            INSERT INTO {refused} (row, reason, "column", value, expected, is_read)
            SELECT who.row, 'nobody', '', '', '', false FROM {who} AS who JOIN {rows} AS rows USING (row)
            WHERE rows.name IS NULL
            """,
            **self.parts,
        )
        self._forget_refused()

    def _refuse_owners(self) -> None:
        """Owners are named by user name or name; one who is unknown, or out of the actor's reach, is refused."""
        self.run.make(
            "owners",
            """
            SELECT DISTINCT rows.owner AS said, person.id AS owner_id, person.team_id
            FROM {rows} AS rows JOIN accounts_user AS person
                ON lower(person.username) = lower(rows.owner) OR person.name = rows.owner
            WHERE person.is_active AND person.id IN ({reach})
            """,
            reach=self._owners_in_reach(),
            **self.parts,
        )
        self.run.execute(
            """
            INSERT INTO {refused} (row, reason, "column", value, expected, is_read)
            SELECT rows.row, 'owner_unknown', '', rows.owner, '', false
            FROM {rows} AS rows JOIN {who} AS who USING (row)
            WHERE rows.owner IS NOT NULL AND (SELECT count(*) FROM {owners} WHERE said = rows.owner) <> 1
            """,
            **self.parts,
        )
        self._forget_refused()
        self._refuse_giving()

    def _refuse_taken(self) -> None:
        """Values of the company's own fields that only one may have: another customer has them, or an earlier row."""
        known = design_of(RECORD).known
        for key, column in self.party.own:
            if key not in known or not known[key].is_unique:
                continue
            held = indexes.expression_of(known[key], of="held")
            said = indexes.expression_of(known[key], of="rows")
            self.run.execute(
                """
                INSERT INTO {refused} (row, reason, "column", value, expected, is_read)
                SELECT who.row, 'own_taken', %(column)s, rows.custom ->> %(key)s, '', false
                FROM {who} AS who JOIN {rows} AS rows USING (row)
                WHERE rows.custom ? %(key)s AND (
                    EXISTS (SELECT FROM customers_customer AS held WHERE held.custom ? %(key)s
                        AND {held} = {said} AND held.id IS DISTINCT FROM who.customer_id)
                    OR EXISTS (SELECT FROM {rows} AS earlier JOIN {who} AS other ON other.row = earlier.row
                        WHERE earlier.row < rows.row AND earlier.custom ->> %(key)s = rows.custom ->> %(key)s
                        AND (other.customer_id IS DISTINCT FROM who.customer_id OR other.leader <> who.leader
                            AND who.customer_id IS NULL)))
                """,
                {"key": key, "column": column},
                held=held,
                said=said,
                **self.parts,
            )
            self._forget_refused()

    def _refuse_giving(self) -> None:
        """A collaborator edits the customer, and gives it to nobody."""
        reach = self.run.actor.reach_of(EDIT)
        if reach.is_all:
            return
        self.run.execute(
            """
            INSERT INTO {refused} (row, reason, "column", value, expected, is_read)
            SELECT who.row, 'not_permitted', '', '', '', false
            FROM {who} AS who JOIN {rows} AS rows USING (row) JOIN {owners} AS owners ON owners.said = rows.owner
            JOIN customers_customer AS held ON held.id = who.customer_id
            WHERE held.owner_id IS DISTINCT FROM owners.owner_id
                AND (held.owner_id = ANY({users}::bigint[]) OR held.team_id = ANY({teams}::bigint[])) IS NOT TRUE
            """,
            users=sql.Literal(list(reach.user_ids)),
            teams=sql.Literal(list(reach.team_ids)),
            **self.parts,
        )
        self._forget_refused()

    def _forget_refused(self) -> None:
        self.run.execute(
            "DELETE FROM {who} AS who USING {refused} AS refused WHERE refused.row = who.row", **self.parts
        )

    def _owners_in_reach(self) -> sql.Composable:
        actor = self.run.actor
        reach = actor.reach_of(EDIT)
        if reach.is_all:
            return sql.SQL("SELECT id FROM accounts_user")
        return sql.SQL(
            "SELECT id FROM accounts_user WHERE id = ANY({users}::bigint[]) OR team_id = ANY({teams}::bigint[])"
        ).format(users=sql.Literal(list(reach.user_ids)), teams=sql.Literal(list(reach.team_ids)))

    def _find_leaders(self) -> None:
        """Rows that mean the same customer follow the first of them that is left."""
        self.run.make(
            "groups",
            """
            SELECT customer_id, leader, min(row) AS first FROM (
                SELECT row, customer_id, CASE WHEN customer_id IS NULL THEN leader END AS leader FROM {who}
            ) AS meant
            GROUP BY customer_id, leader HAVING count(*) > 1 OR min(row) <> leader
            """,
        )
        for test in (
            "groups.customer_id = who.customer_id",
            "groups.leader = who.leader AND who.customer_id IS NULL AND groups.customer_id IS NULL",
        ):
            self.run.execute(
                "UPDATE {who} AS who SET leader = groups.first FROM {groups} AS groups WHERE {test}",
                test=sql.SQL(test),
            )

    def _hidden(self) -> sql.Composable:
        """Whether a row of `who` touches a customer beyond the actor's scope for editing."""
        reach = self.run.actor.reach_of(EDIT)
        if reach.is_all:
            return sql.SQL("false")
        if not reach:
            return sql.SQL("(who.customer_id IS NOT NULL OR cardinality(who.candidates) > 0)")
        subquery = self.run.query_of(Customer.objects.within(self.run.actor, EDIT).values("pk"))
        return sql.SQL(
            "((who.customer_id IS NOT NULL AND who.customer_id NOT IN ({reach}))"
            " OR EXISTS (SELECT FROM unnest(who.candidates) AS candidate WHERE candidate NOT IN ({reach})))"
        ).format(reach=subquery)


_NO_MARK = sql.SQL("(0, '', '', NULL::text, NULL::text, 0::smallint)")


def _mark_values(mark: Mark) -> sql.Composable:
    value, normal, strength = mark.names
    return sql.SQL("({number}, {kind}, {system}, rows.{value}, rows.{normal}, rows.{strength})").format(
        number=sql.Literal(mark.number),
        kind=sql.Literal(str(mark.kind)),
        system=sql.SQL("%(source)s") if mark.kind == Identifier.Kind.EXTERNAL else sql.SQL("''"),
        value=sql.Identifier(value),
        normal=sql.Identifier(normal),
        strength=sql.Identifier(strength),
    )


def _who_row(decision: Decision) -> tuple[int, int | None, int, str | None, list[int] | None]:
    customer = decision.customer
    known = customer if customer is not None and customer > 0 else None
    leader = -customer if customer is not None and customer < 0 else decision.row
    return decision.row, known, leader, decision.reason or None, list(decision.candidates) or None
