"""What an import would change about customers, found out before anything is written."""

from psycopg import sql

from zhike.customers.exchange.party import OWN, SCALARS, Party
from zhike.customers.exchange.sealing import Sealing
from zhike.exchange.registry import Counts
from zhike.exchange.run import Run

NAMES = ("name", "name_normal", "name_pinyin")
# What the file says about a customer, by the name of the staging column.
SAID = ("name", *SCALARS, OWN, "owner")


class Comparing:
    """Works on `marks` and `who` of `Matching`, and makes:

    winners: customers whom several rows mean, with the last row where each column is not blank. folded: their values
    from those rows. changes: customers in the database that would look different, with all their new values.
    additions: identifiers of customers who are in the database or whom several rows mean; those of other new customers
    are simply their marks. taggings: tags not yet on the customer. fate: what each row does.
    """

    def __init__(self, run: Run, party: Party, rows: str) -> None:
        self.run = run
        self.party = party
        self.parts: dict[str, sql.Composable] = {"rows": run.table(rows), "entities": self._entities(run.table(rows))}

    def compare(self) -> None:
        self._fold()
        self._compare_values()
        self._compare_marks()
        self._compare_tags()
        Sealing(self.run).compare(self.parts["rows"] if self.party.sealed else None)
        self._judge_rows()

    def count(self) -> Counts:
        found = dict(self.run.execute("SELECT action, count(*) FROM {fate} GROUP BY action").fetchall())
        return Counts(new=found.get("new", 0), updated=found.get("updated", 0), unchanged=found.get("unchanged", 0))

    def _entities(self, rows: sql.Identifier) -> sql.Composable:
        """Every customer of the file once, with the values that hold."""
        values = sql.SQL(", ").join(
            sql.SQL("coalesce(folded.{name}, rows.{name}) AS {name}").format(name=sql.Identifier(name))
            for name in (*NAMES, "is_named", *SCALARS, OWN, "owner")
        )
        return sql.SQL(
            "(SELECT who.leader, who.customer_id, {values} FROM {who} AS who JOIN {rows} AS rows ON rows.row = who.row"
            " LEFT JOIN {folded} AS folded ON folded.leader = who.row WHERE who.row = who.leader)"
        ).format(values=values, who=self.run.table("who"), folded=self.run.table("folded"), rows=rows)

    def _fold(self) -> None:
        tests: dict[str, sql.Composable] = {
            name: sql.SQL("{} IS NOT NULL").format(sql.Identifier(name)) for name in SAID
        }
        tests["name"] = sql.SQL("is_named")
        lasts = sql.SQL(", ").join(
            sql.SQL("max(who.row) FILTER (WHERE {test}) AS {name}").format(test=test, name=_at(name))
            for name, test in tests.items()
        )
        found = self.run.make(
            "winners",
            """
            SELECT who.leader, {lasts} FROM {who} AS who JOIN {rows} AS rows USING (row)
            WHERE who.leader IN (SELECT leader FROM {who} WHERE row > leader)
            GROUP BY who.leader
            """,
            lasts=lasts,
            **self.parts,
        )
        if found:
            self.run.execute("CREATE INDEX ON {rows} (row)", **self.parts)
        sources = {**{name: name for name in (*SCALARS, "owner")}, **dict.fromkeys((*NAMES, "is_named"), "name")}
        values = sql.SQL(", ").join(
            sql.SQL("(SELECT {name} FROM {rows} WHERE row = {at}) AS {name}").format(
                name=sql.Identifier(name), at=_at(source), rows=self.parts["rows"]
            )
            for name, source in sources.items()
        )
        self.run.make(
            "folded", "SELECT leader, {values}, {own} FROM {winners} AS winners", values=values, own=self._own()
        )

    def _own(self) -> sql.Composable:
        """Of the company's own fields, each from the last row that says something of it."""
        if not self.party.own:
            return sql.SQL("NULL::jsonb AS custom")
        return sql.SQL(
            "(SELECT jsonb_object_agg(held.key, held.value ORDER BY said.row) FROM {who} AS who"
            " JOIN {rows} AS said ON said.row = who.row CROSS JOIN LATERAL jsonb_each(said.custom) AS held"
            " WHERE who.leader = winners.leader) AS custom"
        ).format(who=self.run.table("who"), rows=self.parts["rows"])

    def _compare_values(self) -> None:
        plain = [sql.Identifier(name) for name in SCALARS]
        changed = sql.SQL(", ").join(
            sql.SQL(
                "CASE WHEN said.{name} IS NOT NULL AND said.{name} IS DISTINCT FROM now.{name} THEN {text} END"
            ).format(name=name, text=sql.Literal(name.as_string().strip('"')))
            for name in plain
        )
        values = sql.SQL(", ").join(
            sql.SQL("coalesce(said.{name}, now.{name}) AS {name}").format(name=name) for name in plain
        )
        self.run.make(
            "changes",
            """
            SELECT * FROM (
                SELECT said.leader, now.id, now.version,
                    array_remove(ARRAY[
                        CASE WHEN said.is_named AND said.name <> now.name THEN 'name' END,
                        CASE WHEN owners.owner_id <> coalesce(now.owner_id, 0) THEN 'owner' END,
                        CASE WHEN now.custom || said.custom IS DISTINCT FROM now.custom AND said.custom IS NOT NULL
                            THEN 'custom' END,
                        {changed}
                    ], NULL) AS changed,
                    CASE WHEN said.is_named AND said.name <> now.name THEN said.name ELSE now.name END AS name,
                    CASE WHEN said.is_named AND said.name <> now.name
                        THEN said.name_normal ELSE now.name_normal END AS name_normal,
                    CASE WHEN said.is_named AND said.name <> now.name
                        THEN said.name_pinyin ELSE now.name_pinyin END AS name_pinyin,
                    coalesce(owners.owner_id, now.owner_id) AS owner_id,
                    CASE WHEN owners.owner_id <> coalesce(now.owner_id, 0)
                        THEN owners.team_id ELSE now.team_id END AS team_id,
                    now.custom || coalesce(said.custom, '{{}}') AS custom,
                    {values}
                FROM {entities} AS said JOIN customers_customer AS now ON now.id = said.customer_id
                LEFT JOIN {owners} AS owners ON owners.said = said.owner
                WHERE {says_something}
            ) AS compared WHERE cardinality(changed) > 0
            """,
            changed=changed,
            values=values,
            says_something=sql.Literal(self.party.says_something),
            **self.parts,
        )

    def _compare_marks(self) -> None:
        self.run.make(
            "additions",
            """
            SELECT row_number() OVER (ORDER BY row, number) AS place, added.* FROM (
                SELECT DISTINCT ON (who.leader, marks.kind, marks.system, marks.normal)
                    who.leader, who.customer_id, marks.row, marks.number, marks.kind, marks.system, marks.value,
                    marks.normal, marks.strength
                FROM {who} AS who JOIN {marks} AS marks USING (row)
                WHERE marks.kind <> 'name'
                    AND (who.customer_id IS NOT NULL OR who.leader IN (SELECT leader FROM {winners}))
                    -- By this very mark the customer was found, or else they have to be asked for it.
                    AND NOT EXISTS (
                        SELECT FROM {hits} AS hits WHERE hits.row = marks.row AND hits.number = marks.number
                            AND hits.customer_id = who.customer_id
                    )
                    AND NOT EXISTS (
                        SELECT FROM customers_identifier AS known
                        WHERE known.customer_id = who.customer_id AND known.kind = marks.kind
                            AND known.system = marks.system AND known.value_normal = marks.normal
                    )
                ORDER BY who.leader, marks.kind, marks.system, marks.normal, marks.row
            ) AS added
            """,
        )

    def _compare_tags(self) -> None:
        self.run.make(
            "taggings",
            r"""
            SELECT DISTINCT ON (who.leader, tag) who.row, who.leader, who.customer_id, tag
            FROM {who} AS who JOIN {rows} AS rows USING (row)
            CROSS JOIN LATERAL regexp_split_to_table(rows.tags, '\s*[,，、;；|]\s*') AS tag
            WHERE tag <> '' AND length(tag) <= 50 AND NOT EXISTS (
                SELECT FROM customers_customertag AS known JOIN customers_tag ON customers_tag.id = known.tag_id
                WHERE known.customer_id = who.customer_id AND customers_tag.name = tag
            )
            ORDER BY who.leader, tag, who.row
            """,
            **self.parts,
        )

    def _judge_rows(self) -> None:
        """A row is new if it makes a customer, updated if something it says will stand that did not before."""
        columns = sql.SQL(", ").join(
            sql.SQL("({text}, {at}, folded.{name} IS DISTINCT FROM first.{name})").format(
                text=sql.Literal(name), at=_at(name), name=sql.Identifier(name)
            )
            for name in SAID
        )
        self.run.make(
            "deeds",
            """
            SELECT changes.leader AS row FROM {changes} AS changes
            WHERE changes.leader NOT IN (SELECT leader FROM {winners})
            UNION
            SELECT said.at FROM {winners} AS winners JOIN {folded} AS folded USING (leader)
                JOIN {rows} AS first ON first.row = winners.leader
                LEFT JOIN {changes} AS changes ON changes.leader = winners.leader
                CROSS JOIN LATERAL (VALUES {columns}) AS said (name, at, differs)
            WHERE said.name = ANY(changes.changed) OR (changes.id IS NULL AND said.differs AND EXISTS (
                SELECT FROM {who} AS who WHERE who.row = winners.leader AND who.customer_id IS NULL))
            UNION
            SELECT row FROM {additions}
            UNION
            SELECT row FROM {taggings}
            UNION
            SELECT row FROM {sealing}
            """,
            columns=columns,
            **self.parts,
        )
        self.run.make(
            "fate",
            """
            SELECT who.row, who.leader, CASE
                WHEN who.customer_id IS NULL AND who.leader = who.row THEN 'new'
                WHEN deeds.row IS NOT NULL THEN 'updated'
                ELSE 'unchanged' END AS action
            FROM {who} AS who LEFT JOIN {deeds} AS deeds USING (row)
            """,
        )


def _at(name: str) -> sql.Identifier:
    return sql.Identifier(f"at_{name}")
