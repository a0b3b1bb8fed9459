"""A small company in which every way to reach a record occurs, and its policy once more in plain Python.

Nobody here asks the code under test: who sees what is worked out from the plan below.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from io import BytesIO
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils.timezone import now
from stdnum.cn import ric

from zhike.accounts import services as accounts
from zhike.accounts.actors import actor_of
from zhike.accounts.models import Team, User
from zhike.commerce import guarded as order_guarded
from zhike.commerce import services as commerce
from zhike.core import fields
from zhike.core.access import list_permissions
from zhike.core.actor import SYSTEM, Scope, Sight
from zhike.customers import guarded
from zhike.customers.models import CustomerFacts
from zhike.customers.services import activities, collaborators, identifiers, people, sealing
from zhike.customers.services.identifiers import NewIdentifier
from zhike.exchange import services as exchange
from zhike.quality.models import Finding
from zhike.recovery import services as recovery
from zhike.recovery.models import Binned
from zhike.scores.models import ScoringRun, ValueScore

NOON = datetime(2026, 11, 22, 4, tzinfo=UTC)
PASSWORD = "long enough for all"
EVERYBODY = (
    "nobody",
    "own",
    "subordinates",
    "team",
    "below",
    "chosen",
    "everything",
    "collaborator",
    "delegate",
    "mixed",
)
# team of each user; managers; who owns customers besides
TEAMS = {"root": None, "east": "root", "shop": "east", "south": "root", "north": "root"}
PLACES = {
    "nobody": "shop",
    "own": "shop",
    "subordinates": "south",
    "team": "shop",
    "below": "east",
    "chosen": "root",
    "everything": "root",
    "collaborator": "north",
    "delegate": "north",
    "mixed": "north",
    "report": "south",
    "report_of_report": "north",
    "away": "south",
    "second": "south",
}
REPORTS_TO = {"report": "subordinates", "report_of_report": "report"}
SCOPES = {
    "own": Scope.OWN,
    "subordinates": Scope.SUBORDINATES,
    "team": Scope.TEAM,
    "below": Scope.TEAM_AND_BELOW,
    "chosen": Scope.CHOSEN,
    "everything": Scope.ALL,
    "collaborator": Scope.OWN,
    "delegate": Scope.OWN,
}
ALSO_IN = {"team": "north"}
CHOSEN = {"chosen": "south", "mixed": "south"}
SHARED_WITH = {"collaborator": ("away", True), "own": ("second", False)}  # whose customer, and whether to edit
STANDS_IN = {"delegate": "away"}


# What a scoring run found about the company: no two figures of it are alike.
PARAMETERS: dict[str, Any] = {
    "pyramid": {"top": 5, "high": 15, "normal": 30, "small": 50},
    "life_cycle": {"prior_intervals": 2.0, "mature_purchases": 4, "decline_after": 1.5, "lost_after": 3.0},
}
METRICS: dict[str, Any] = {
    "currency": "CNY",
    "grades": {"top": {"customers": 2, "amount": "81234.5"}, "small": {"customers": 3, "amount": "12.25"}},
    "stages": {"new": {"customers": 5, "amount": "81246.75"}},
    "left_out": {},
    "firsts": [["2026-11-21", 5]],
    "days": [["2026-11-21", "81246.75"]],
    "rf": [[5, 4, 5]],
    "months": [["2026-11-01", "top", "81234.5"]],
    "cohorts": [["2026-11-01", 0, 5, 5]],
    "lorenz": [[0.2, 0.9], [1.0, 1.0]],
    "gini": 0.7,
    "anonymous": {"orders": 1, "amount": "5"},
    "rhythm_days": 30.0,
    "cutoffs": {f"{name}_{score}": score * 10 for name in ("recency_days", "order_count") for score in (2, 3, 4, 5)}
    | {f"amount_{score}": f"{score}123.5" for score in (2, 3, 4, 5)},
    "thresholds": {"top_amount": "60000", "high_amount": "6000", "normal_amount": "600"},
}


# What is worked out of customers; `files.attach` gives every second one the other.
WORKED_OUT: tuple[dict[str, Any], ...] = (
    {"grade": "top", "stage": "new", "r": 5, "f": 4, "m": 3},
    {"grade": "small", "stage": "lost", "r": 1, "f": 2, "m": 1},
)
FILE_KEY = "contract"  # of the field of files that `files.attach` makes
FILED = f"custom.{FILE_KEY}"


# Who sees everything, and of the fields of a customer only so much: a level for each role.
SEALED = ("phone", "email", "wechat", "address", "id_number")
FIGURES = ("amount", "order_count", "first_order_on", "last_order_on", "grade", "stage", "r", "f", "m", "activity")
CLOSED = (*map(guarded.key, (*SEALED, *FIGURES)), *(field.key for field in order_guarded.FIELDS))
SIGHTED: dict[str, tuple[Sight, ...]] = {
    "masked": (Sight.MASKED,),
    "hidden": (Sight.HIDDEN,),
    "reader": (Sight.HIDDEN, Sight.MASKED, Sight.READ),
}


@dataclass(frozen=True, kw_only=True)
class Planted:
    """A customer with what hangs on it; each carries the customer's name or number so that a page betrays it.

    grade: what was worked out of it, which those of one grade have in common. file_id: in its field of files, once
    there is one.
    """

    owner: str
    team: str
    name: str
    phone: str
    email: str
    wechat: str
    address: str
    id_number: str
    customer_id: int
    order_id: int
    import_id: int
    activity_id: int
    identifier_id: int
    gone: str
    binned_id: int
    batch: str
    grade: str
    file_id: str = ""


@dataclass(kw_only=True)
class World:
    users: dict[str, User] = field(default_factory=dict)
    teams: dict[str, Team] = field(default_factory=dict)
    planted: list[Planted] = field(default_factory=list)
    anonymous_order_id: int = 0
    made_at: datetime = NOON

    def sees(self, user: str, one: Planted) -> bool:
        """The policy, from the plan: whether the user sees the customer and what hangs on it."""
        return self.owns(user, one.owner, one.team) or SHARED_WITH.get(user, ("", False))[0] == one.owner

    def edits(self, user: str, one: Planted) -> bool:
        return self.owns(user, one.owner, one.team) or SHARED_WITH.get(user) == (one.owner, True)

    def owns(self, user: str, owner: str, team: str) -> bool:
        """Whether a record of that owner and team is within the scope of the user's roles."""
        if user == "nobody":
            return False
        if owner in (user, STANDS_IN.get(user)):
            return True
        mine = {PLACES[user], ALSO_IN.get(user)}
        by_role: dict[str, Callable[[], bool]] = {
            "subordinates": lambda: user in _above(owner),
            "team": lambda: team in mine,
            "below": lambda: bool(mine & {team, *_over(team)}),
            "chosen": lambda: team == CHOSEN[user],
            "mixed": lambda: team == CHOSEN[user] or team == PLACES[user],
            "everything": lambda: True,
        }
        return user in by_role and by_role[user]()

    def reason(self, user: str, one: Planted) -> str:
        """Why the user sees the customer, or from how far they do not. Customers of one reason are alike to them."""
        if not self.sees(user, one):
            return f"not, {self._distance(user, one.team)}"
        if one.owner in (user, STANDS_IN.get(user), SHARED_WITH.get(user, ("", False))[0]):
            return f"of {one.owner}"
        if user == "subordinates":
            return f"{_above(one.owner).index(user)} between"
        return "all" if user == "everything" else f"in {one.team}"

    def _distance(self, user: str, team: str) -> str:
        mine = {PLACES[user]} | ({ALSO_IN[user]} if user in ALSO_IN else set())
        if user == "nobody":
            return "whatever it is"
        if team in mine:
            return "same team"
        if mine & {*_over(team)}:
            return "team below"
        return "team above" if any(team in _over(one) for one in mine) else "elsewhere"


def _above(user: str) -> list[str]:
    found = []
    while user in REPORTS_TO:
        user = REPORTS_TO[user]
        found.append(user)
    return found


def _over(team: str) -> list[str]:
    above = TEAMS[team]
    return [] if above is None else [above, *_over(above)]


def build() -> World:
    """Plant everything; what is here belongs to the system until it is given to its owner."""
    world = World()
    for name, above in TEAMS.items():
        parent = world.teams[above] if above else None
        world.teams[name] = accounts.create_team(actor=SYSTEM, name=name, parent=parent)
    for name in PLACES:
        manager = world.users.get(REPORTS_TO.get(name, ""))
        _hire(world, name, manager)
    today = now().astimezone(ZoneInfo(settings.TIME_ZONE)).date()
    for name, away in STANDS_IN.items():
        accounts.delegate(
            actor=SYSTEM,
            from_user=world.users[away],
            to_user=world.users[name],
            starts_on=today - timedelta(days=1),
            ends_on=today + timedelta(days=2),
            today=today,
            at=NOON,
        )
    for name, levels in SIGHTED.items():
        _hire_sighted(world, name, levels)
    run = ScoringRun.objects.create(
        measure="value",
        as_of=date(2026, 11, 22),
        started_at=NOON,
        finished_at=NOON,
        parameters=PARAMETERS,
        metrics=METRICS,
        data_fingerprint="x",
        code_version="1",
        customer_count=0,
        changed_count=0,
    )
    for number, (owner, team) in enumerate(PLACES.items(), start=11):
        world.planted.append(_plant(world, owner, team, number, run))
    for owner, (other, may_edit) in ((whose, (who, edit)) for who, (whose, edit) in SHARED_WITH.items()):
        [one] = [planted for planted in world.planted if planted.owner == owner]
        collaborators.put_collaborator(
            actor=SYSTEM, customer_id=one.customer_id, user_id=world.users[other].pk, may_edit=may_edit, at=NOON
        )
    order, _is_new = commerce.create_order(actor=SYSTEM, customer_id=None, **_order("anonymous"))
    world.anonymous_order_id = order.pk
    return world


def _hire(world: World, name: str, manager: User | None) -> None:
    codes = [one.code for one in list_permissions() if not one.code.startswith("accounts.manage")]
    roles = []
    if name == "mixed":  # two roles, of which neither contains the other
        for code, scope in (("mixed-1", Scope.TEAM), ("mixed-2", Scope.CHOSEN)):
            chosen = {key: [world.teams[CHOSEN[name]].pk] for key in codes} if scope is Scope.CHOSEN else {}
            grants = dict.fromkeys(codes, scope)
            roles.append(accounts.put_role(actor=SYSTEM, code=code, name=code, grants=grants, chosen=chosen))
    elif name in SCOPES:
        chosen = {key: [world.teams[CHOSEN[name]].pk] for key in codes} if name in CHOSEN else {}
        grants = dict.fromkeys(codes, SCOPES[name])
        roles.append(accounts.put_role(actor=SYSTEM, code=name, name=name, grants=grants, chosen=chosen))
    else:
        roles.append(accounts.put_role(actor=SYSTEM, code=name, name=name, grants={"accounts.use_api": Scope.ALL}))
    world.users[name] = accounts.create_user(
        actor=SYSTEM,
        username=name,
        name=name,
        password=PASSWORD,
        roles=roles,
        team=world.teams[PLACES[name]],
        other_teams=[world.teams[ALSO_IN[name]]] if name in ALSO_IN else [],
        manager=manager,
        locale="en",
    )


def _hire_sighted(world: World, name: str, levels: tuple[Sight, ...]) -> None:
    grants = {one.code: Scope.ALL for one in list_permissions()}
    roles = []
    for level in levels:
        role = accounts.put_role(actor=SYSTEM, code=f"{name}-{level}", name=name, grants=grants)
        # Where it has no mask it is hidden.
        fields_of = [(key, fields.get(key).levels) for key in CLOSED]
        levels_of = {key: max(one for one in known if one <= level) for key, known in fields_of}
        accounts.put_field_access(actor=SYSTEM, role=role, levels=levels_of)
        roles.append(role)
    # A role that sees no customers has no say in what of them is seen.
    roles.append(accounts.put_role(actor=SYSTEM, code="clerk", name="clerk", grants={"accounts.use_api": Scope.ALL}))
    world.users[name] = accounts.create_user(
        actor=SYSTEM,
        username=name,
        name=name,
        password=PASSWORD,
        roles=roles,
        team=world.teams["root"],
        locale="en",
    )


def _plant(world: World, owner: str, team: str, number: int, run: ScoringRun) -> Planted:
    user, name, phone = world.users[owner], f"Guest{number}", f"138000000{number}"
    sealed = {
        "email": f"box{number}@example.com",
        "wechat": f"wx-secret-{number}",
        "address": f"上海市黄浦区外滩{number}号",
    }
    customer = people.create_customer(
        actor=SYSTEM,
        at=NOON,
        name=name,
        owner=user.pk,
        team=world.teams[team].pk,
        identifiers=[NewIdentifier(kind=kind, value=value) for kind, value in {"phone": phone, **sealed}.items()],
        tags=[f"tag-{name}"],
    )
    note = activities.add_activity(actor=SYSTEM, customer_id=customer.pk, kind="note", text=f"note {name}", at=NOON)
    id_number = f"11010119900307{number:03d}"
    id_number += ric.calc_check_digit(f"{id_number}0")
    sealing.put_id_number(actor=SYSTEM, customer_id=customer.pk, value=id_number, at=NOON)
    told = f"Call +86 {phone[:3]} {phone[3:7]} {phone[7:]} or mail {sealed['email']} {name}, id {id_number}"
    activities.add_activity(actor=SYSTEM, customer_id=customer.pk, kind="call", text=told, at=NOON)
    old = identifiers.NewIdentifier(kind="email", value=f"old-box{number}@example.com")
    added, _change = identifiers.add_identifier(actor=SYSTEM, customer_id=customer.pk, new=old, at=NOON)
    identifiers.change_identifier(actor=SYSTEM, identifier_id=added.pk, value=f"new-box{number}@example.com", at=NOON)
    order, _is_new = commerce.create_order(actor=SYSTEM, customer_id=customer.pk, **_order(f"No-{name}"))
    figures = WORKED_OUT[0] | {"order_count": 1_934_570_000 + number, "amount": Decimal(f"7{number}531.97")}
    days = {"first_order_on": date(1970, 3, number), "last_order_on": date(1970, 4, number)}
    CustomerFacts.objects.create(
        customer=customer, run_id=run.pk, as_of=run.as_of, relationship="first_time", **figures, **days
    )
    ValueScore.objects.create(customer=customer, run=run, grade_change=-1, **figures)
    mark = customer.identifiers.get(kind="phone").pk
    for rule, item in (("phone_shared", mark), ("amount_far", order.pk)):
        Finding.objects.create(rule=rule, customer_id=customer.pk, item_id=item, stamp="x", run_id=1)
    file = BytesIO(f"姓名,手机\n{name},{phone}\n".encode())
    job = exchange.start_import(actor=SYSTEM, file=file, name=f"{name}.csv", kind="customers", at=NOON)
    job.owner, job.team = user, world.teams[team]
    job.save(update_fields=["owner", "team"])
    gone = people.create_customer(actor=SYSTEM, at=NOON, name=f"Gone{number}", owner=user.pk, team=world.teams[team].pk)
    moved = recovery.bin_records(actor=SYSTEM, kind="customers.customer", record_ids=[gone.pk], at=NOON)
    return Planted(
        owner=owner,
        team=team,
        name=name,
        phone=phone,
        **sealed,
        id_number=id_number,
        customer_id=customer.pk,
        order_id=order.pk,
        import_id=job.pk,
        activity_id=note.pk,
        identifier_id=mark,
        gone=gone.name,
        binned_id=Binned.objects.get(record_id=gone.pk).pk,
        batch=str(moved.batch),
        grade=figures["grade"],
    )


def _order(number: str) -> dict[str, Any]:
    product = {"product_code": f"sku-{number}", "product_name": f"Ware-{number}"}
    line = commerce.LineDraft(quantity=Decimal("83.25"), unit_price=Decimal("6421.5"), **product)
    told = {"source": "s", "number": number, "channel": f"by-{number}", "store": f"at-{number}"}
    return {"at": NOON, "placed_at": NOON, "currency": "CNY", "lines": [line], **told}


def actor_named(world: World, name: str) -> Any:
    return actor_of(User.objects.get(pk=world.users[name].pk))
