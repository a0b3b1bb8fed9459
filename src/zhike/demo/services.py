"""The demo company comes to life the way any company would: people, files, follow-ups, figures."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings

from zhike.accounts import services as accounts
from zhike.accounts.models import Team, User
from zhike.commerce.models import Order
from zhike.core.access import require
from zhike.core.actor import Actor
from zhike.core.errors import DomainError
from zhike.customers.models import Activity, Customer
from zhike.customers.services import activities
from zhike.demo import files
from zhike.demo.activities import iter_activities
from zhike.demo.fields import put_fields
from zhike.demo.organisation import COLLEAGUES, TEAMS
from zhike.demo.plan import Plan
from zhike.demo.relations import iter_relations
from zhike.exchange import services as exchange
from zhike.exchange.models import Import
from zhike.insight import services as insight
from zhike.metadata.models import FieldDefinition
from zhike.relations.models import Relation
from zhike.relations.services import relating
from zhike.scores.models import ScoringRun

SOURCE = "青禾 ERP"
FOLDER = "demo"
BIG = 500_000  # rows, from which on Parquet is written: smaller, and read faster
HISTORY_WEEKS = 1

type Say = Callable[[str, str], None]


class NotEmpty(DomainError):
    """There is somebody's own data in this instance."""

    code = "instance_not_empty"

    def __init__(self) -> None:
        super().__init__(
            "这个实例里已有数据，演示公司请建在另一个 ZHIKE_HOME。 / "
            "This instance holds data already; give the demo company a ZHIKE_HOME of its own."
        )


@dataclass(frozen=True, kw_only=True)
class Company:
    """What there is now. refused: rows of the files that the import did not take. fields: of its own, on customers."""

    customers: int
    orders: int
    activities: int
    refused: int
    fields: int


def build_company(*, actor: Actor, plan: Plan, password: str, at: datetime, say: Say, fields: int = 0) -> Company:
    """Make the demo company as of the day after the plan's last, or go on where a build was interrupted.

    password: of everybody who works there. fields: how many of its own customers get. say: called with what is being
    done, in Chinese and in English.
    :raises NotEmpty: the instance belongs to another company
    """
    require(actor, "accounts.manage_users")
    if User.objects.exists() and not User.objects.filter(username=COLLEAGUES[0].username).exists():
        raise NotEmpty
    say("建立部门与账号", "Making teams and accounts")
    _put_people(actor, password)
    refused = 0
    for kind, name, write in (
        ("customers", files.CUSTOMER_FILE, files.write_customers),
        ("orders", files.ORDER_FILE, files.write_orders),
    ):
        if kind == "orders" and not plan.orders:
            continue
        path = _folder() / f"{name}.{'parquet' if max(plan.customers, plan.orders) > BIG else 'csv'}"
        say(f"生成 {path.name}", f"Writing {path.name}")
        write(plan, path)
        say(f"导入 {path.name}", f"Importing {path.name}")
        refused += _import(actor, path, kind, at).refused_count
    if not Activity.objects.exclude(kind=Activity.Kind.CHANGE).exists():
        say("录入跟进记录", "Recording follow-ups")
        activities.record_activities(actor=actor, written=iter_activities(plan), at=at)
    if fields:
        say(f"设计 {fields} 个自定义字段", f"Designing {fields} fields of its own")
        put_fields(actor=actor, plan=plan, count=fields, at=at)

    if not Relation.objects.exists():
        say("录入客户关系", "Recording who belongs to whom")
        for one in iter_relations(plan):
            relating.add_relation(
                actor=actor,
                customer_id=one.customer_id,
                other_id=one.other_id,
                aspect=one.aspect,
                details=one.details,
                at=at,
            )
    for weeks in (HISTORY_WEEKS, 0):
        day = plan.end_on + timedelta(days=1) - timedelta(weeks=weeks)
        if not ScoringRun.objects.filter(as_of=day).exists():
            say(f"计算 {day} 的评分", f"Scoring as of {day}")
            insight.refresh(actor=actor, as_of=day, at=at)
    return describe_company(refused=refused)


def describe_company(*, refused: int = 0) -> Company:
    return Company(
        customers=Customer.objects.count(),
        orders=Order.objects.count(),
        activities=Activity.objects.count(),
        refused=refused,
        fields=FieldDefinition.objects.filter(archived_at=None).count(),
    )


def _put_people(actor: Actor, password: str) -> None:
    roles = accounts.put_builtin_roles(actor=actor)
    teams: dict[str, Team] = {}
    for name, above in TEAMS:
        parent = teams.get(above)
        found = Team.objects.filter(name=name, parent=parent).first()
        teams[name] = found or accounts.create_team(actor=actor, name=name, parent=parent)
    known = {user.username: user for user in User.objects.all()}
    for colleague in COLLEAGUES:
        if colleague.username in known:
            continue
        accounts.create_user(
            actor=actor,
            username=colleague.username,
            name=colleague.name,
            password=password,
            roles=[roles[colleague.role]],
            team=teams[colleague.team],
        )


def _import(actor: Actor, path: Path, kind: str, at: datetime) -> Import:
    job = exchange.start_import(actor=actor, file=path, name=path.name, at=at, kind=kind, source=SOURCE)
    exchange.preview_import(actor=actor, import_id=job.pk, at=at)
    return exchange.apply_import(actor=actor, import_id=job.pk, at=at)


def _folder() -> Path:
    folder = Path(settings.HOME.files_dir) / FOLDER
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder
