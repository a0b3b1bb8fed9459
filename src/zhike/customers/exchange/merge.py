"""Customers from staging into the database: new ones with ids in row order, changed ones with a picture of before."""

from psycopg import sql
from simplejson import JSONEncoder

from zhike.customers.exchange.compare import NAMES, Comparing
from zhike.customers.exchange.party import OWN, SCALARS, TEXTS
from zhike.customers.exchange.sealing import Sealing
from zhike.customers.guarded import RECORD
from zhike.exchange.registry import RecordsMoved
from zhike.exchange.run import STAMP, Run
from zhike.metadata.services.values import defaults_of

CUSTOMER, IDENTIFIER = "customers_customer", "customers_identifier"
TAG, TAGGING = "customers_tag", "customers_customertag"
CHANGING = (*NAMES, *SCALARS, OWN, "owner_id", "team_id")
# What undo puts back.
RESTORED = (*CHANGING, "updated_at", "version")


class Merging(Comparing):
    """Adds `news`: new customers with their ids; a place in it times the number of marks places identifiers."""

    def reserve(self) -> None:
        count = self.run.value("SELECT count(*) FROM {who} WHERE customer_id IS NULL AND leader = row")
        self.run.make(
            "news",
            """
            SELECT leader, place, %(first)s::bigint + place AS id FROM (
                SELECT leader, row_number() OVER (ORDER BY leader) - 1 AS place
                FROM {who} WHERE customer_id IS NULL AND leader = row
            ) AS numbered
            """,
            {"first": self.run.reserve(CUSTOMER, count) if count else 0},
        )
        marks = count * len(self.party.marks) + self.run.value("SELECT count(*) FROM {additions}")
        if marks:
            self.run.reserve(IDENTIFIER, marks)
        self.run.make(
            "new_tags",
            """
            SELECT tag, row_number() OVER (ORDER BY tag) - 1 AS place
            FROM (SELECT DISTINCT tag FROM {taggings} EXCEPT SELECT name FROM customers_tag) AS missing
            """,
        )
        if tags := self.run.value("SELECT count(*) FROM {new_tags}"):
            self.run.reserve(TAG, tags)

    def write(self) -> dict[str, int]:
        """The merge itself; rows made per table."""
        made = {"customers": self._insert_customers()}
        self._update_customers()
        made["identifiers"] = self._insert_plain_marks() + self._insert_additions()
        made["tags"] = self._insert_tags()
        if self.party.sealed:
            made |= Sealing(self.run).write()
        return {name: count for name, count in made.items() if count}

    def _insert_customers(self) -> int:
        texts = [sql.Identifier(name) for name in TEXTS]
        return self.run.execute(
            """
            INSERT INTO customers_customer (id, name, name_normal, name_pinyin, kind, birthday_on, owner_id, team_id,
                {texts}, relationship, custom, created_at, updated_at, version, import_id, changed_xid)
            SELECT news.id, said.name, said.name_normal, said.name_pinyin, coalesce(said.kind, 'person'),
                said.birthday_on, coalesce(owners.owner_id, %(owner)s),
                CASE WHEN owners.owner_id IS NULL THEN %(team)s ELSE owners.team_id END,
                {values}, '', {defaults} || coalesce(said.custom, '{{}}'), %(at)s, %(at)s, 1, %(import_id)s, {stamp}
            FROM {entities} AS said JOIN {news} AS news ON news.leader = said.leader
            LEFT JOIN {owners} AS owners ON owners.said = said.owner
            """,
            {"owner": self.run.actor.user_id, "team": self.run.actor.team_id},
            texts=sql.SQL(", ").join(texts),
            values=sql.SQL(", ").join(sql.SQL("coalesce(said.{}, '')").format(name) for name in texts),
            stamp=STAMP,
            defaults=sql.SQL("{}::jsonb").format(sql.Literal(JSONEncoder().encode(defaults_of(RECORD)))),
            **self.parts,
        ).rowcount

    def _update_customers(self) -> None:
        count = self.run.value("SELECT count(*) FROM {changes}")
        if not count:
            return
        locked = self.run.execute(
            """
            SELECT now.id FROM customers_customer AS now JOIN {changes} AS changes USING (id)
            WHERE now.version = changes.version ORDER BY now.id FOR UPDATE OF now
            """
        ).rowcount
        if locked < count:
            raise RecordsMoved
        self.run.execute(
            """
            INSERT INTO exchange_importchange (job_id, "table", row_id, before, version_after)
            SELECT %(import_id)s, 'customers_customer', now.id, {before}, now.version + 1
            FROM customers_customer AS now JOIN {changes} AS changes USING (id) ORDER BY now.id
            """,
            before=before_image(CHANGING, always=("updated_at", "version")),
        )
        self.run.execute(
            """
            UPDATE customers_customer AS now
            SET {assignments}, updated_at = %(at)s, version = now.version + 1
            FROM {changes} AS changes WHERE changes.id = now.id
            """,
            assignments=sql.SQL(", ").join(
                sql.SQL("{name} = changes.{name}").format(name=sql.Identifier(name)) for name in CHANGING
            ),
        )

    def _insert_plain_marks(self) -> int:
        """Identifiers of new customers whom one row means."""
        return self.run.execute(
            """
            INSERT INTO customers_identifier (id, customer_id, kind, system, value, value_normal, strength, source,
                is_primary, created_at, version, import_id)
            SELECT %(first)s::bigint + news.place * %(width)s + marks.number, news.id, marks.kind, marks.system,
                marks.value, marks.normal, marks.strength, %(source)s, marks.number = ANY(%(primary)s), %(at)s, 1,
                %(import_id)s
            FROM {marks} AS marks JOIN {news} AS news ON news.leader = marks.row
            WHERE marks.kind <> 'name' AND news.leader NOT IN (SELECT leader FROM {winners})
            """,
            {**self._places(), "primary": self._primary_numbers()},
        ).rowcount

    def _insert_additions(self) -> int:
        return self.run.execute(
            """
            INSERT INTO customers_identifier (id, customer_id, kind, system, value, value_normal, strength, source,
                is_primary, created_at, version, import_id)
            SELECT %(first)s::bigint + %(width)s * (SELECT count(*) FROM {news}) + added.place - 1,
                coalesce(added.customer_id, news.id), added.kind, added.system, added.value, added.normal,
                added.strength, %(source)s,
                row_number() OVER (PARTITION BY added.leader, added.kind ORDER BY added.place) = 1 AND NOT EXISTS (
                    SELECT FROM customers_identifier AS known WHERE known.customer_id = added.customer_id
                        AND known.kind = added.kind AND known.is_primary),
                %(at)s, 1, %(import_id)s
            FROM {additions} AS added LEFT JOIN {news} AS news ON news.leader = added.leader
            ORDER BY added.place
            """,
            self._places(),
        ).rowcount

    def _insert_tags(self) -> int:
        self.run.execute(
            "INSERT INTO customers_tag (id, name) SELECT %(first)s::bigint + place, tag FROM {new_tags} ORDER BY place",
            {"first": self.run.job.reserved.get(TAG, (0, 0))[0]},
        )
        return self.run.execute(
            """
            INSERT INTO customers_customertag (customer_id, tag_id, import_id)
            SELECT coalesce(taggings.customer_id, news.id), customers_tag.id, %(import_id)s
            FROM {taggings} AS taggings JOIN customers_tag ON customers_tag.name = taggings.tag
            LEFT JOIN {news} AS news ON news.leader = taggings.leader
            ORDER BY 1, 2 ON CONFLICT DO NOTHING
            """
        ).rowcount

    def _places(self) -> dict[str, int]:
        first, _count = self.run.job.reserved.get(IDENTIFIER, (0, 0))
        return {"first": first, "width": len(self.party.marks)}

    def _primary_numbers(self) -> list[int]:
        """The first column of each kind."""
        numbers: dict[str, int] = {}
        for mark in self.party.marks:
            numbers.setdefault(mark.kind, mark.number)
        return list(numbers.values())


def before_image(columns: tuple[str, ...], *, always: tuple[str, ...]) -> sql.Composable:
    """JSON of the columns in which `now` differs from `changes`, and of some in any case."""
    differing = [
        sql.SQL(
            "CASE WHEN now.{name} IS DISTINCT FROM changes.{name} THEN jsonb_build_object({text}, now.{name})"
            " ELSE '{{}}' END"
        ).format(name=sql.Identifier(name), text=sql.Literal(name))
        for name in columns
    ]
    rest = [
        sql.SQL("jsonb_build_object({text}, now.{name})").format(name=sql.Identifier(name), text=sql.Literal(name))
        for name in always
    ]
    return sql.SQL(" || ").join([*differing, *rest])


def make_news_known(run: Run) -> None:
    """For another importable: `parties` tells which customer each row of the party table means, new ones included."""
    run.make(
        "parties",
        """
        SELECT who.row, coalesce(who.customer_id, news.id) AS customer_id
        FROM {who} AS who LEFT JOIN {news} AS news ON news.leader = who.leader
        """,
    )
