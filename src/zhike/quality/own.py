"""Rules that follow from the fields a company adds, and rules that it makes itself, as SQL of the engine."""

from collections.abc import Iterable, Mapping
from datetime import date

from django.utils.functional import lazystr
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from zhike.core.fields import get
from zhike.customers.guarded import key
from zhike.customers.models import Identifier
from zhike.metadata.kinds import Known
from zhike.metadata.models import Kind
from zhike.quality.checks import Check, Label
from zhike.quality.choices import Ask, Dimension, Item, Severity
from zhike.quality.models import OwnRule
from zhike.quality.patterns import email, id_number, phone, quoted, uscc
from zhike.quality.subjects import CUSTOMER, NUMBERS, TEXTS, measured_own, own_column

OWN = "own."
# Columns of a customer that a company may make rules about, as text.
COLUMNS: Mapping[str, str] = {
    **{name: name for name in ("name", "channel", "relationship", "country", "province", "city")},
    "owner": "CAST(owner_id AS VARCHAR)",
    "team": "CAST(team_id AS VARCHAR)",
    "birthday_on": "CAST(birthday_on AS VARCHAR)",
}
DIMENSIONS: Mapping[str, Dimension] = {
    Ask.REQUIRED: Dimension.COMPLETENESS,
    Ask.UNIQUE: Dimension.UNIQUENESS,
    Ask.FAR: Dimension.OUTLIERS,
}


def ruled_fields() -> list[tuple[str, Label]]:
    """What rules can be made about: field and its name."""
    found: list[tuple[str, Label]] = [(name, get(key(name)).label) for name in COLUMNS]
    found[1:1] = [(str(kind), kind.label) for kind in Identifier.Kind if kind != Identifier.Kind.EXTERNAL]
    singles = {*TEXTS, *NUMBERS, Kind.DATE}
    return [*found, *((one.name, one.lazily_named) for one in measured_own() if one.kind in singles)]


def of_own_fields(codes: Iterable[int]) -> list[Check]:
    """What the definitions of fields say themselves: kinds, options, bounds, and numbers far from all others."""
    found = []
    for one in measured_own():
        value = own_column(one)
        broken = _broken(one, value, codes)
        if broken:
            found.append(_about(one, "invalid", Dimension.VALIDITY, Severity.ERROR, _INVALID, _WHY_INVALID, broken))
        if one.kind in (Kind.PHONE, Kind.EMAIL) or one.is_unique:
            shared = f"{value} IN (SELECT {value} FROM customers GROUP BY ALL HAVING count(*) > 1)"
            found.append(_about(one, "shared", Dimension.UNIQUENESS, Severity.WARNING, _SHARED, _WHY_SHARED, shared))
        if one.kind in NUMBERS:
            found.append(_about(one, "far", Dimension.OUTLIERS, Severity.WARNING, _FAR, _WHY_FAR, far(one.name, value)))
        if one.kind is Kind.ADDRESS:
            found.append(_unsplit(one))
        if one.is_required:
            missing = f"{value} IS NULL"
            found.append(
                _about(one, "missing", Dimension.COMPLETENESS, Severity.WARNING, _MISSING, _WHY_MISSING, missing)
            )
    return found


_INVALID = gettext_lazy("%(field)s: does not fit the field")
_WHY_INVALID = gettext_lazy("The value does not fit the kind, the options or the bounds that the field has by now.")
_SHARED = gettext_lazy("%(field)s: with several customers")
_WHY_SHARED = gettext_lazy("The same value stands with more than one customer.")
_FAR = gettext_lazy("%(field)s: far from all others")
_WHY_FAR = gettext_lazy(
    "Beyond three interquartile ranges of the boxplot adjusted for skewness (Hubert and Vandervieren 2008)."
)
_UNSPLIT = gettext_lazy("%(field)s: not split into its parts")
_WHY_UNSPLIT = gettext_lazy(
    "Province, city and district stand in the street. Split by the table of regions (GB/T 2260), where the beginning is"
    " certain."
)
_MISSING = gettext_lazy("%(field)s: required, and missing")
_WHY_MISSING = gettext_lazy("The field became required after the customer was entered, or came in without it.")


def _about(
    known: Known, what: str, dimension: Dimension, severity: Severity, label: Label, meaning: Label, where: str
) -> Check:
    value = own_column(known)
    return Check(
        key=f"{known.name}.{what}",
        record=CUSTOMER,
        field=known.name,
        dimension=dimension,
        severity=severity,
        label=_named(label, known),
        meaning=meaning,
        sql=f"SELECT id AS item_id, id AS customer_id, CAST({value} AS VARCHAR) AS value FROM customers WHERE {where}",
        reads=(known.path,),
    )


def _unsplit(known: Known) -> Check:
    return Check(
        key=f"{known.name}.unsplit",
        record=CUSTOMER,
        field=known.name,
        dimension=Dimension.CONSISTENCY,
        severity=Severity.HINT,
        label=_named(_UNSPLIT, known),
        meaning=_WHY_UNSPLIT,
        sql="SELECT customer_id AS item_id, customer_id, address AS value FROM unsplit"
        f" WHERE field = {quoted(known.name)}",
        reads=(known.path,),
        fix="address",
    )


def _named(label: Label, known: Known) -> Label:
    class Said:
        def __str__(self) -> str:
            return str(label) % {"field": known.named}

    return lazystr(Said())


def _broken(known: Known, value: str, codes: Iterable[int]) -> str:
    """What the definition of a field forbids by now; empty for kinds that cannot be wrong."""
    tests = []
    if known.kind is Kind.PHONE:
        tests.append(f"NOT {phone(value, codes)}")
    if known.kind is Kind.EMAIL:
        tests.append(f"NOT {email(value)}")
    if known.kind is Kind.CHOICE:
        offered = [quoted(option) for option, choice in known.options.items() if choice.is_offered]
        tests.append(f"{value} NOT IN ({', '.join(offered)})" if offered else "true")
    if known.kind in NUMBERS:
        tests += [f"{value} < {float(known.rules['least'])}"] if known.rules.get("least") is not None else []
        tests += [f"{value} > {float(known.rules['most'])}"] if known.rules.get("most") is not None else []
    if known.kind in (Kind.TEXT, Kind.LONG_TEXT) and known.rules.get("longest"):
        tests.append(f"length({value}) > {int(known.rules['longest'])}")
    if known.kind is Kind.DATE:
        tests.append(f"try_cast({value} AS DATE) IS NULL")
    return f"{value} IS NOT NULL AND ({' OR '.join(tests)})" if tests else ""


def far(subject: str, value: str) -> str:
    low, high = (f"(SELECT {bound} FROM fences WHERE subject = {quoted(subject)})" for bound in ("low", "high"))
    return f"({value} < {low} OR {value} > {high})"


def of_company(rules: Iterable[OwnRule], codes: Iterable[int]) -> list[Check]:
    """Rules of a field that is gone find nothing and are left out."""
    known = {one.name: one for one in measured_own()}
    found = []
    for rule in rules:
        source = _source(rule, known)
        if source is None:
            continue
        query, item, reads = source
        found.append(
            Check(
                key=f"{OWN}{rule.pk}",
                record=CUSTOMER,
                field=rule.field,
                dimension=DIMENSIONS.get(rule.ask, Dimension.VALIDITY),
                severity=Severity(rule.severity),
                label=rule.label,
                meaning=lazystr(_Sentence(rule)),
                sql=f"SELECT item_id, customer_id, value FROM ({query}) AS held WHERE {_wrong(rule, query, codes)}",
                item=item,
                reads=reads,
                is_own=True,
            )
        )
    return found


def source_of(rule: OwnRule) -> str:
    """The query of the values that a rule looks at; empty where its field is gone."""
    found = _source(rule, {one.name: one for one in measured_own()})
    return found[0] if found else ""


class _Sentence:
    """What a rule demands, in the language of whoever reads it."""

    def __init__(self, rule: OwnRule) -> None:
        self._rule = rule

    def __str__(self) -> str:
        rule = self._rule
        bounds = " – ".join(
            filter(None, (rule.low or ("…" if rule.high else ""), rule.high or ("…" if rule.low else "")))
        )
        what = " ".join(filter(None, (bounds, rule.pattern, _(", ").join(rule.values))))
        names = {name: str(label) for name, label in ruled_fields()}
        said = {"field": names.get(rule.field, rule.field), "rule": Ask(rule.ask).label, "what": what}
        return _("%(field)s %(rule)s %(what)s") % said


def _source(rule: OwnRule, known: Mapping[str, Known]) -> tuple[str, Item, tuple[str, ...]] | None:
    """The values that a rule looks at: item_id, customer_id and value; null or empty where there is none."""
    only = f" WHERE kind = {quoted(rule.only)}" if rule.only else ""
    if rule.field in Identifier.Kind.values:
        if rule.ask == Ask.REQUIRED:
            value = f"CASE WHEN has_{rule.field} THEN 'x' END"
            return _column(value, only), Item.CUSTOMER, (key(rule.field),)
        within = f" AND customer_id IN (SELECT id FROM customers{only})" if only else ""
        query = (
            "SELECT id AS item_id, customer_id, value_normal AS value FROM identifiers"
            f" WHERE kind = {quoted(rule.field)}{within}"
        )
        return query, Item.IDENTIFIER, (key(rule.field),)
    if rule.field in COLUMNS:
        return _column(COLUMNS[rule.field], only), Item.CUSTOMER, (key(rule.field),)
    if rule.field in known:
        one = known[rule.field]
        return _column(f"CAST({own_column(one)} AS VARCHAR)", only), Item.CUSTOMER, (one.path,)
    return None


def _column(value: str, only: str) -> str:
    return f"SELECT id AS item_id, id AS customer_id, nullif({value}, '') AS value FROM customers{only}"


def _wrong(rule: OwnRule, source: str, codes: Iterable[int]) -> str:
    """When a value breaks the rule, as SQL over a column `value`. What is empty breaks only the rule that it is not."""
    match rule.ask:
        case Ask.REQUIRED:
            return "value IS NULL"
        case Ask.PATTERN:
            test = f"NOT regexp_full_match(value, {quoted(rule.pattern)})"
        case Ask.LENGTH:
            test = _outside("length(value)", _number(rule.low), _number(rule.high))
        case Ask.NUMBER:
            number = "try_cast(value AS DOUBLE)"
            test = f"{number} IS NULL OR {_outside(number, _number(rule.low), _number(rule.high))}"
        case Ask.DAY:
            day = "try_cast(value AS DATE)"
            test = f"{day} IS NULL OR {_outside(day, _day(rule.low), _day(rule.high))}"
        case Ask.LISTED:
            test = f"value NOT IN ({', '.join(map(quoted, rule.values))})"
        case Ask.UNIQUE:
            several = "GROUP BY value HAVING count(DISTINCT customer_id) > 1"
            test = f"value IN (SELECT value FROM ({source}) AS all_of {several})"
        case Ask.PHONE:
            test = f"NOT {phone('value', codes)}"
        case Ask.EMAIL:
            test = f"NOT {email('value')}"
        case Ask.USCC:
            test = f"NOT {uscc('upper(value)')}"
        case Ask.ID_NUMBER:
            test = f"NOT {id_number('value')}"
        case _:
            test = far(f"{OWN}{rule.pk}", "try_cast(value AS DOUBLE)")
    return f"value IS NOT NULL AND ({test})"


def _outside(value: str, low: str, high: str) -> str:
    return " OR ".join([f"{value} < {low}"] * bool(low) + [f"{value} > {high}"] * bool(high)) or "false"


def _number(bound: str) -> str:
    """As the engine reads it: people write digits in more ways."""
    return f"CAST({float(bound)!r} AS DOUBLE)" if bound else ""


def _day(bound: str) -> str:
    return f"DATE {quoted(date.fromisoformat(bound).isoformat())}" if bound else ""
