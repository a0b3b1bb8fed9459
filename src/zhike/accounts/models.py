"""Users, teams, roles, tokens and saved views."""

from typing import ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q, Value
from django.db.models.functions import Lower
from django.db.models.lookups import Exact
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from zhike.accounts.view_models import SavedView as SavedView
from zhike.accounts.view_models import ViewDefault as ViewDefault
from zhike.core.actor import Scope, Sight
from zhike.core.history import Captured, NotCaptured

MANAGED = "Who may do what is decided anew under Settings by those who manage users, never by who edits records."


class Team(models.Model):
    """A department. path: ids from the root down, "/1/7/", so that a subtree is one prefix."""

    name = models.CharField(_("name"), max_length=100)
    parent = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="children")
    path = models.CharField(max_length=500, db_index=True, editable=False)

    history = Captured(stays=MANAGED)

    class Meta:
        verbose_name = _("team")
        constraints = [
            models.UniqueConstraint(
                fields=["parent", "name"], nulls_distinct=False, name="accounts_team_name_is_unique_among_siblings"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Role(models.Model):
    """A bundle of grants that people can hold. code: stable name of a built-in role."""

    code = models.CharField(max_length=50, unique=True)
    name = models.CharField(_("name"), max_length=100)
    requires_second_factor = models.BooleanField(default=False)

    history = Captured(labels={"requires_second_factor": _("Second factor required")}, stays=MANAGED)

    class Meta:
        verbose_name = _("role")

    def __str__(self) -> str:
        return self.name


class Grant(models.Model):
    """One permission of a role, with what it reaches. teams: those chosen, where that is the scope."""

    role = models.ForeignKey(Role, models.CASCADE, related_name="grants")
    permission = models.CharField(max_length=100)
    scope = models.SmallIntegerField(choices=[(scope.value, scope.name) for scope in Scope])
    teams = models.ManyToManyField(Team, related_name="+", blank=True)

    history = Captured(subject="role", label=_("Permission"), stays=MANAGED)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["role", "permission"], name="accounts_grant_is_unique"),
            models.CheckConstraint(condition=Q(scope__gte=1, scope__lte=6), name="accounts_grant_scope_is_known"),
        ]

    def __str__(self) -> str:
        return f"{self.permission}: {Scope(self.scope).name}"


class FieldAccess(models.Model):
    """How much a role sees of a field of a record; where nothing stands, the field's own default holds.

    field: "customers.customer.phone", a key of `core.fields`.
    """

    role = models.ForeignKey(Role, models.CASCADE, related_name="field_access", db_index=False)
    field = models.CharField(max_length=100)
    level = models.SmallIntegerField(choices=[(level.value, level.name) for level in Sight])

    history = Captured(
        subject="role", label=_("Field access"), labels={"field": _("Field"), "level": _("Level")}, stays=MANAGED
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["role", "field"], name="accounts_fieldaccess_is_unique"),
            models.CheckConstraint(condition=Q(level__gte=0, level__lte=3), name="accounts_fieldaccess_level_is_known"),
        ]

    def __str__(self) -> str:
        return f"{self.field}: {Sight(self.level).name}"


class FieldKey(models.Model):
    """A key of encrypted fields, wrapped by the master key, which is not in the database.

    use: to encrypt values, or to make what an exact search looks for.
    """

    class Use(models.TextChoices):
        VALUES = "values", _("Values")
        INDEX = "index", _("Search")

    use = models.CharField(max_length=6, choices=Use.choices)
    wrapped = models.BinaryField()
    created_at = models.DateTimeField()

    history = Captured(hidden=("wrapped",), label=_("Key of encrypted fields"), stays="A rotation replaces it.")

    def __str__(self) -> str:
        return f"{self.use} {self.pk}"


class RevealCount(models.Model):
    """How many masked values somebody saw in full on a day; `services.reveals` counts."""

    user = models.ForeignKey("accounts.User", models.CASCADE, related_name="+", db_index=False)
    day = models.DateField()
    count = models.PositiveIntegerField()

    history = NotCaptured("A counter; each act is an event of its own.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "day"], name="accounts_revealcount_is_unique")]

    def __str__(self) -> str:
        return f"{self.user_id} {self.day}: {self.count}"


class UserManager(BaseUserManager["User"]):
    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(Exact(Lower("username"), Lower(Value(username))))


class User(AbstractBaseUser):
    """Somebody, or some program, that works with Zhike.

    team: the main one, which new records get; other_teams: those they work in besides. manager: whom they report to.
    """

    class Kind(models.TextChoices):
        PERSON = "person", _("Person")
        SERVICE = "service", _("Service account")

    class Locale(models.TextChoices):
        CHINESE = "zh-hans", "简体中文"
        ENGLISH = "en", "English"

    class Theme(models.TextChoices):
        AUTO = "auto", _("Follow the system")
        LIGHT = "light", _("Light")
        DARK = "dark", _("Dark")

    username = models.CharField(_("user name"), max_length=100)
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.PERSON)  # services use keys alone
    name = models.CharField(_("name"), max_length=100)
    email = models.EmailField(_("e-mail"), blank=True)
    team = models.ForeignKey(Team, models.PROTECT, null=True, blank=True, related_name="members")
    other_teams = models.ManyToManyField(Team, related_name="other_members", blank=True, verbose_name=_("other teams"))
    manager = models.ForeignKey(
        "self", models.SET_NULL, null=True, blank=True, related_name="reports", verbose_name=_("reports to")
    )
    roles = models.ManyToManyField(Role, related_name="holders", blank=True)
    locale = models.CharField(_("language"), max_length=10, choices=Locale.choices, default=Locale.CHINESE)
    zone = models.CharField(_("time zone"), max_length=50, default="Asia/Shanghai")
    theme = models.CharField(_("theme"), max_length=10, choices=Theme.choices, default=Theme.AUTO)
    is_active = models.BooleanField(_("may log in"), default=True)
    must_change_password = models.BooleanField(default=False)  # somebody else knows the present one
    session_epoch = models.PositiveIntegerField(default=0)  # sessions of another epoch have ended
    created_at = models.DateTimeField(auto_now_add=True)

    history = Captured(
        ignored=("last_login",),
        hidden=("password",),
        labels={
            "must_change_password": _("Has to change the password"),
            "session_epoch": _("Times logged out everywhere"),
        },
        stays=MANAGED,
    )
    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "username"
    REQUIRED_FIELDS = ["name"]

    class Meta:
        verbose_name = _("user")
        constraints = [
            models.UniqueConstraint(Lower("username"), name="accounts_user_username_is_unique"),
            models.CheckConstraint(condition=Q(kind__in=["person", "service"]), name="accounts_user_kind_is_known"),
            models.CheckConstraint(
                condition=Q(manager=None) | ~Q(manager=F("id")), name="accounts_user_is_not_their_own_manager"
            ),
        ]

    def __str__(self) -> str:
        return self.name or self.username

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        salt = "zhike.accounts.User.get_session_auth_hash"
        return salted_hmac(salt, f"{self.password} {self.session_epoch}", secret=secret, algorithm="sha256").hexdigest()


class Delegation(models.Model):
    """Somebody stands in for somebody else from one day to another, both included, and reaches their records."""

    from_user = models.ForeignKey(User, models.CASCADE, related_name="delegations_given")
    to_user = models.ForeignKey(User, models.CASCADE, related_name="delegations_taken", db_index=False)
    starts_on = models.DateField(_("from"))
    ends_on = models.DateField(_("to"))
    note = models.CharField(_("reason"), max_length=200, blank=True, default="")
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+", db_index=False)

    history = Captured(subject="from_user", label=_("Standing in"), stays=MANAGED)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(from_user=F("to_user")), name="accounts_delegation_is_to_somebody_else"
            ),
            models.CheckConstraint(
                condition=Q(ends_on__gte=F("starts_on")), name="accounts_delegation_ends_after_it_starts"
            ),
        ]
        indexes = [models.Index(fields=["to_user", "ends_on"], name="accounts_delegation_now")]

    def __str__(self) -> str:
        return f"{self.from_user} → {self.to_user}"


class Reassignment(models.Model):
    """Somebody's records handed over in one step. counts: kind of record to how many."""

    from_user = models.ForeignKey(User, models.CASCADE, related_name="+")
    made_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+", db_index=False)
    made_at = models.DateTimeField()
    undone_at = models.DateTimeField(null=True)
    counts = models.JSONField(default=dict)

    history = Captured(subject="from_user", label=_("Handed over"), stays="It has an undo of its own.")

    def __str__(self) -> str:
        return f"{self.from_user} {self.made_at:%Y-%m-%d}"


class ReassignedRecord(models.Model):
    """A record that went over: to whom, and which team it belonged to before. kind: a key of `core.ownership`."""

    reassignment = models.ForeignKey(Reassignment, models.CASCADE, related_name="records", db_index=False)
    kind = models.CharField(max_length=50)
    record_id = models.BigIntegerField()
    to_user = models.ForeignKey(User, models.CASCADE, related_name="+", db_index=False)
    team_before = models.BigIntegerField(null=True)

    history = NotCaptured("What it did to each record is captured there.")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["reassignment", "kind", "record_id"], name="accounts_reassigned_is_unique"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.record_id}"


class Token(models.Model):
    """A key for programs. Only its digest is stored; the key is shown once.

    permissions: what the key may do of all that its owner may; null: everything.
    """

    user = models.ForeignKey(User, models.CASCADE, related_name="tokens")
    name = models.CharField(_("name"), max_length=100)
    digest = models.CharField(max_length=64, unique=True, editable=False)  # sha256 of the key, hexadecimal
    permissions = ArrayField(models.CharField(max_length=100), null=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)

    history = Captured(
        subject="user", ignored=("last_used_at",), hidden=("digest",), label=_("API key"), stays="Another one is made."
    )

    def __str__(self) -> str:
        return self.name


class Notice(models.Model):
    """What somebody should hear about their own account. key: so that the same is told once. details: for the words."""

    user = models.ForeignKey(User, models.CASCADE, related_name="notices", db_index=False)
    kind = models.CharField(max_length=30)
    key = models.CharField(max_length=100)
    details = models.JSONField(default=dict)
    created_at = models.DateTimeField(db_index=True)
    seen_at = models.DateTimeField(null=True)
    mailed_at = models.DateTimeField(null=True)

    history = NotCaptured("Tells of what the history has as events.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "kind", "key"], name="accounts_notice_is_told_once")]

    def __str__(self) -> str:
        return f"{self.user_id} {self.kind}"


class LogInAttempts(models.Model):
    """How often somebody tried to log in since a moment; `services.attempts` counts.

    name: in lower case; empty for all names tried from the address; "CODE:" and a user's id for second factors.
    address: a network address, "device:" and the mark of a browser in which the person has logged in before, or empty
        where all addresses are counted together.
    """

    name = models.CharField(max_length=100, blank=True)
    address = models.CharField(max_length=45)
    count = models.PositiveIntegerField()
    since = models.DateTimeField()
    last_at = models.DateTimeField()

    history = NotCaptured("A counter; logging in is an event of its own.")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["name", "address"], name="accounts_loginattempts_is_unique"),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.address}: {self.count}"


class IdempotentRequest(models.Model):
    """What the API answered to a request with an Idempotency-Key, written in the transaction of its effect.

    digest: of what was asked, by which key. status: 0 until the answer is known, which no other transaction sees.
    """

    user = models.ForeignKey(User, models.CASCADE, related_name="+", db_index=False)
    key = models.CharField(max_length=200)
    digest = models.CharField(max_length=64)
    created_at = models.DateTimeField(db_index=True)
    status = models.PositiveSmallIntegerField(default=0)
    location = models.CharField(max_length=500, blank=True, default="")
    body = models.BinaryField(default=bytes)

    history = NotCaptured("Remembers an answer for a day; what it answered about is captured.")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "key"], name="accounts_idempotentrequest_is_unique"),
        ]

    def __str__(self) -> str:
        return self.key
