"""What persons asked for and agreed to, whom not to write to, and the proof of who was erased."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from zhike.core.history import Captured, NotCaptured
from zhike.customers.models import VIEW, CustomerScopedQuerySet


class Erasure(models.Model):
    """One person's data taken away, everywhere.

    reference: what the person is told, and what the ledger knows it by. person, identifiers: keyed hashes; by them a
    restored backup is told whom to erase again. customer_created_at stands in neither: it is part of the hash.
    traces: encrypted, what the places are searched for; emptied at the end. removed: place or table to how many
    pieces; found: what a search of everything afterwards found, place to count. digest: of both, also in the history.
    swept_with: how many others were looked for in the same go, to whom what was taken out of places may belong as well.
    step, steps_done, steps_count: how far the sweep is. scrubbed_at: when the old versions of rows were gone as well.
    """

    class State(models.TextChoices):
        RECORDS = "records", _("Records erased, files being searched")
        DONE = "done", _("Erased and proved")
        INCOMPLETE = "incomplete", _("Something is left; tried again every hour")

    reference = models.UUIDField(unique=True, editable=False)
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.RECORDS)
    requested_by = models.ForeignKey("accounts.User", models.SET_NULL, null=True, related_name="+", db_index=False)
    erased_at = models.DateTimeField(_("erased"))
    finished_at = models.DateTimeField(_("searched"), null=True)
    person = models.CharField(max_length=64)
    identifiers = ArrayField(models.CharField(max_length=64))
    traces = models.TextField(blank=True, default="")
    removed = models.JSONField(default=dict)
    found = models.JSONField(default=dict)
    shared_count = models.IntegerField(default=0)
    digest = models.CharField(max_length=64, blank=True, default="")
    written_at = models.DateTimeField(null=True)
    swept_with = models.IntegerField(default=0)
    step = models.CharField(max_length=100, blank=True, default="")
    steps_done = models.IntegerField(default=0)
    steps_count = models.IntegerField(default=0)
    scrubbed_at = models.DateTimeField(_("out of the database's files"), null=True)

    history = Captured(
        ignored=("traces", "written_at", "step", "steps_done", "steps_count"),
        label=_("Erasure"),
        labels={
            "reference": _("Reference"),
            "requested_by": _("Decided by"),
            "removed": _("Taken away"),
            "found": _("Found afterwards"),
            "digest": _("Digest"),
            "swept_with": _("Searched for together with so many others"),
        },
        stays="What is erased does not come back.",
    )

    class Meta:
        verbose_name = _("erasure")
        indexes = [
            models.Index(fields=["erased_at", "id"], name="privacy_erasure_erased"),
            models.Index(fields=["id"], condition=~models.Q(state="done"), name="privacy_erasure_open"),
        ]

    def __str__(self) -> str:
        return str(self.reference)


class ScrubbedTable(models.Model):
    """A table that was written anew, so that its file holds no row that is gone; or why it was not yet.

    name: the log of the database goes by the name of its folder. writes: what the database had counted before.
    """

    class Problem(models.TextChoices):
        NONE = "", _("Done")
        BUSY = "busy", _("In use; tried again")
        BIG = "big", _("Would be locked for too long")
        FULL = "full", _("Too little room on the disk")

    name = models.CharField(_("table"), max_length=63, unique=True)
    scrubbed_at = models.DateTimeField(_("written anew"), null=True)
    tried_at = models.DateTimeField()
    writes = models.BigIntegerField(default=0)
    size = models.BigIntegerField(_("bytes"), default=0)
    seconds = models.FloatField(_("seconds"), default=0)
    problem = models.CharField(_("result"), max_length=4, choices=Problem.choices, blank=True, default="")

    history = NotCaptured("Housekeeping of the database; when an erasure was through with it is captured.")

    class Meta:
        verbose_name = _("table written anew")

    def __str__(self) -> str:
        return self.name


class Request(models.Model):
    """Something a person asked for about their own data. customer: empty once they are erased.

    identity: how it was made sure that it is them who asks. outcome: what they were told. changes: what was corrected,
    each with its label, before and after.
    """

    class Kind(models.TextChoices):
        COPY = "copy", _("Copy of their data")
        CORRECT = "correct", _("Correction")
        ERASE = "erase", _("Erasure")
        EXPLAIN = "explain", _("Explanation of an automated decision")
        TRANSFER = "transfer", _("Transfer to somebody else")

    class State(models.TextChoices):
        OPEN = "open", _("On the desk")
        DONE = "done", _("Carried out")
        REFUSED = "refused", _("Refused with reasons")

    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices)
    customer = models.ForeignKey(
        "customers.Customer", models.SET_NULL, null=True, related_name="+", verbose_name=_("customer")
    )
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.OPEN)
    received_on = models.DateField(_("received"))
    due_on = models.DateField(_("due"))
    wish = models.TextField(_("what they asked for"), blank=True, default="")
    identity = models.TextField(_("identity checked"), blank=True, default="")
    outcome = models.TextField(_("outcome"), blank=True, default="")
    changes = models.JSONField(_("corrections"), default=list)
    handled_by = models.ForeignKey("accounts.User", models.SET_NULL, null=True, related_name="+", db_index=False)
    closed_at = models.DateTimeField(_("closed"), null=True)
    erasure = models.ForeignKey(Erasure, models.SET_NULL, null=True, related_name="+", db_index=False)

    # What was corrected is in the history of the customer itself, where the masks of the fields cover it.
    history = Captured(
        subject="customer",
        ignored=("changes",),
        label=_("Request"),
        labels={"handled_by": _("Handled by")},
        stays="What a person was answered is a proof.",
    )

    class Meta:
        verbose_name = _("request")
        indexes = [models.Index(fields=["state", "due_on", "id"], name="privacy_request_due")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.received_on}"


class Proposal(models.Model):
    """One thing that a person says is wrong, the value that they say is right, and what was decided about it.

    field: as `services.proposing` offers it; key: the field of the permissions. seen: what stood there when they
    asked, or, once accepted, when it was put right. value: empty takes an identifier away. reason: of the decision.
    """

    class State(models.TextChoices):
        OPEN = "open", _("To be decided")
        ACCEPTED = "accepted", _("Accepted")
        REFUSED = "refused", _("Refused with reasons")

    request = models.ForeignKey(Request, models.CASCADE, related_name="+", verbose_name=_("request"))
    customer = models.ForeignKey("customers.Customer", models.CASCADE, related_name="+", verbose_name=_("customer"))
    field = models.CharField(_("field"), max_length=40)
    key = models.CharField(_("field of the permissions"), max_length=60)
    seen = models.CharField(_("value on record"), max_length=500, blank=True, default="")
    value = models.CharField(_("value proposed"), max_length=500, blank=True, default="")
    state = models.CharField(_("state"), max_length=8, choices=State.choices, default=State.OPEN)
    reason = models.TextField(_("reason"), blank=True, default="")
    proposed_by = models.ForeignKey(
        "accounts.User", models.SET_NULL, null=True, related_name="+", db_index=False, verbose_name=_("Taken down by")
    )
    proposed_at = models.DateTimeField(_("proposed"))
    decided_by = models.ForeignKey(
        "accounts.User", models.SET_NULL, null=True, related_name="+", db_index=False, verbose_name=_("Decided by")
    )
    decided_at = models.DateTimeField(_("decided"), null=True)

    history = Captured(
        subject="customer",
        hidden=("seen", "value"),
        label=_("Proposed correction"),
        labels={"proposed_by": _("Taken down by"), "decided_by": _("Decided by")},
        stays="What was asked and decided is a proof; what was put right comes back as the customer's own change.",
    )

    class Meta:
        verbose_name = _("proposed correction")
        constraints = [
            models.UniqueConstraint(
                fields=["request", "field"], condition=models.Q(state="open"), name="privacy_proposal_is_open_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.field} {self.state}"


class Purpose(models.Model):
    """What personal data is used for, and what makes that lawful."""

    class Basis(models.TextChoices):
        CONSENT = "consent", _("Consent")
        CONTRACT = "contract", _("Contract with the person")
        DUTY = "duty", _("Legal duty")
        VITAL = "vital", _("Life and health in an emergency")
        PUBLIC = "public", _("Already published by the person")
        INTEREST = "interest", _("Legitimate interest (GDPR)")

    name = models.CharField(_("name"), max_length=60, unique=True)
    basis = models.CharField(_("lawful basis"), max_length=10, choices=Basis.choices)
    data = models.CharField(_("which data"), max_length=300, blank=True, default="")
    recipients = models.CharField(_("who receives it"), max_length=300, blank=True, default="")
    kept = models.CharField(_("how long it is kept"), max_length=200, blank=True, default="")

    history = Captured(
        label=_("Purpose"), stays="What consents were given for does not change behind them; it is edited on its page."
    )

    class Meta:
        verbose_name = _("purpose")

    def __str__(self) -> str:
        return self.name


class Channel(models.TextChoices):
    """A way to reach somebody."""

    SMS = "sms", _("SMS")
    PHONE = "phone", _("Phone call")
    EMAIL = "email", _("E-mail")
    WECHAT = "wechat", _("WeChat")
    POST = "post", _("Post")


class ConsentQuerySet(CustomerScopedQuerySet["Consent"]):
    view_permission = VIEW
    scope_prefix = "customer__"


class Consent(models.Model):
    """Something a person agreed to, or took back, never changed afterwards: the latest of a purpose and channel holds.

    wording: version or text of what they agreed to. evidence: where the proof lies (a form, a call, an address).
    """

    class Source(models.TextChoices):
        FORM = "form", _("Form or contract")
        CALL = "call", _("Phone call")
        SHOP = "shop", _("In the shop")
        WEB = "web", _("Web page")
        LINK = "link", _("The person themselves, by link")

    customer = models.ForeignKey("customers.Customer", models.CASCADE, related_name="+", db_index=False)
    purpose = models.ForeignKey(Purpose, models.PROTECT, related_name="+", verbose_name=_("purpose"))
    channel = models.CharField(_("channel"), max_length=8, choices=Channel.choices)
    is_given = models.BooleanField(_("agreed"))
    at = models.DateTimeField(_("when"))
    source = models.CharField(_("how"), max_length=8, choices=Source.choices)
    wording = models.CharField(_("wording"), max_length=200, blank=True, default="")
    evidence = models.CharField(_("proof"), max_length=300, blank=True, default="")
    recorded_by = models.ForeignKey("accounts.User", models.SET_NULL, null=True, related_name="+", db_index=False)

    history = Captured(
        subject="customer",
        label=_("Consent"),
        labels={"recorded_by": _("Recorded by")},
        stays="A proof: what was agreed to or taken back is recorded anew and never rewritten.",
    )
    objects = ConsentQuerySet.as_manager()

    class Meta:
        verbose_name = _("consent")
        indexes = [models.Index(fields=["customer", "purpose", "channel", "-at", "-id"], name="privacy_consent_latest")]

    def __str__(self) -> str:
        return f"{self.purpose_id} {self.channel} {self.is_given}"


class Suppression(models.Model):
    """An address that is not to be used, by keyed hash: it holds whoever's record the address stands in, later too."""

    channel = models.CharField(_("channel"), max_length=8, choices=Channel.choices)
    identifier = models.CharField(max_length=64)
    since = models.DateTimeField()

    history = NotCaptured("Hashes; the withdrawal that led to it is captured.")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["channel", "identifier"], name="privacy_suppression_is_unique"),
        ]

    def __str__(self) -> str:
        return f"{self.channel} {self.identifier[:8]}"


class Minor(models.Model):
    """A person under 14. guardian: who of the guardians agreed, and where the proof lies; empty: nobody yet."""

    customer = models.OneToOneField("customers.Customer", models.CASCADE, primary_key=True, related_name="+")
    guardian = models.CharField(_("guardian's consent"), max_length=300, blank=True, default="")
    noted_at = models.DateTimeField()

    history = Captured(subject="customer", label=_("Under 14"))

    def __str__(self) -> str:
        return str(self.customer_id)


class RetentionRule(models.Model):
    """What goes by itself after so many months, and why. last_count: how many went the last time."""

    class Subject(models.TextChoices):
        PROSPECTS = "prospects", _("Persons who never bought and were not in touch")
        ACTIVITIES = "activities", _("Follow-ups and notes")
        IMPORT_FILES = "import_files", _("Imported files")
        REQUESTS = "requests", _("What persons asked for, once answered")

    subject = models.CharField(_("what"), max_length=12, choices=Subject.choices, unique=True)
    months = models.PositiveSmallIntegerField(_("after months"))
    basis = models.CharField(_("reason"), max_length=200)
    is_active = models.BooleanField(_("runs every night"), default=False)
    last_run_at = models.DateTimeField(null=True)
    last_count = models.IntegerField(default=0)

    history = Captured(
        ignored=("last_run_at", "last_count"), label=_("Retention rule"), stays="A setting, changed on its page."
    )

    class Meta:
        verbose_name = _("retention rule")
        constraints = [
            models.CheckConstraint(condition=models.Q(months__gte=1), name="privacy_retentionrule_months_are_given"),
        ]

    def __str__(self) -> str:
        return self.subject
