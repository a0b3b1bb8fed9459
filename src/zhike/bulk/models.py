"""What was chosen, what was done to all of it, and what each record was before."""

from collections.abc import Sequence
from typing import Any, Self

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from simplejson import JSONEncoder

from zhike.core.actor import Actor
from zhike.core.database import ExactDecoder
from zhike.core.history import Captured, NotCaptured
from zhike.customers.models import VIEW


class ExactJson(models.JSONField):
    """Numbers stay what they are."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{**options, "default": dict, "encoder": JSONEncoder, "decoder": ExactDecoder})

    def deconstruct(self) -> tuple[str, str, Sequence[Any], dict[str, Any]]:
        name, path, arguments, options = super().deconstruct()
        for fixed in ("default", "encoder", "decoder"):
            options.pop(fixed, None)
        return name, path, arguments, options


class Verb(models.TextChoices):
    EDIT = "edit", pgettext_lazy("many", "Edit")
    ASSIGN = "assign", pgettext_lazy("many", "Assign")
    TAG = "tag", pgettext_lazy("many", "Tag")
    DELETE = "delete", pgettext_lazy("many", "Move to the recycle bin")


class Selection(models.Model):
    """Customers that somebody has chosen to do something to, and hasn't yet; goes after a day.

    query: of the list, without ids. ids: instead, those that were ticked. change: as of `Act`, once it was entered.
    """

    user = models.ForeignKey(
        "accounts.User", models.CASCADE, null=True, related_name="+", db_index=False, verbose_name=_("chosen by")
    )
    verb = models.CharField(_("what is done"), max_length=6, choices=Verb.choices)
    query = models.TextField(_("which ones"), blank=True, default="")
    ids = ArrayField(models.BigIntegerField(), verbose_name=_("chosen one by one"), null=True)
    change = ExactJson(verbose_name=_("change"))
    made_at = models.DateTimeField(_("begun"))

    history = NotCaptured("Only what somebody means to do; the act itself is captured.")

    class Meta:
        verbose_name = _("chosen customers")

    def __str__(self) -> str:
        return f"{self.verb} {self.query}"


class ActQuerySet(models.QuerySet["Act"]):
    def visible_to(self, actor: Actor) -> Self:
        """One's own; everybody's for those who see every customer."""
        if not actor.may(VIEW):
            return self.none()
        return self if actor.reach_of(VIEW).is_all else self.filter(user_id=actor.user_id)


class Act(models.Model):
    """One thing done to many customers.

    query: which ones the list showed; picked_count: of those ticked one by one instead. change: {"fields": {name:
    value}, "kinds": {key: kind}} or {"add": [tag], "remove": [tag]}. total: None until the set is laid down in
    batches. heartbeat_at: renewed with every batch; an old one means that the process died. undone_count: of `changed_
    count`; kept_count: what undoing left alone.
    """

    user = models.ForeignKey(
        "accounts.User", models.PROTECT, null=True, related_name="+", db_index=False, verbose_name=_("done by")
    )
    verb = models.CharField(_("what is done"), max_length=6, choices=Verb.choices)
    query = models.TextField(_("which ones"), blank=True, default="")
    picked_count = models.IntegerField(_("chosen one by one"), default=0)
    change = ExactJson(verbose_name=_("change"))
    made_at = models.DateTimeField(_("begun"))
    heartbeat_at = models.DateTimeField(_("last sign of life"), null=True)
    finished_at = models.DateTimeField(_("finished"), null=True)
    is_cancelled = models.BooleanField(_("cancelled"), default=False)
    failure = models.CharField(_("why it stopped"), max_length=500, blank=True, default="")
    total = models.IntegerField(_("how many customers"), null=True)
    done_count = models.IntegerField(_("looked at"), default=0)
    changed_count = models.IntegerField(_("how many changed"), default=0)
    same_count = models.IntegerField(_("unchanged"), default=0)
    refused_count = models.IntegerField(_("refused"), default=0)
    undo_by = models.ForeignKey(
        "accounts.User", models.PROTECT, null=True, related_name="+", db_index=False, verbose_name=_("taken back by")
    )
    undo_began_at = models.DateTimeField(_("taking back begun"), null=True)
    undone_at = models.DateTimeField(_("taken back"), null=True)
    undone_count = models.IntegerField(_("as before"), default=0)
    kept_count = models.IntegerField(_("how many left alone"), default=0)

    history = Captured(
        ignored=(
            *("heartbeat_at", "total", "done_count", "changed_count", "same_count", "refused_count"),
            *("undo_began_at", "undone_count", "kept_count"),
        ),
        label=_("Change of many customers"),
        stays="It has an undo of its own.",
    )
    objects = ActQuerySet.as_manager()

    class Meta:
        verbose_name = _("change of many customers")
        indexes = [
            models.Index(fields=["user", "-id"], name="bulk_act_user"),
            models.Index(
                fields=["id"],
                condition=Q(finished_at=None) | Q(undo_began_at__isnull=False, undone_at=None),
                name="bulk_act_open",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.verb} {self.pk}"

    @property
    def is_open(self) -> bool:
        """Whether something is being done, or taken back, at this moment."""
        return self.finished_at is None or (self.undo_began_at is not None and self.undone_at is None)

    @property
    def put_back_count(self) -> int:
        """Of those that were changed, how many have been looked at by the undo."""
        return self.undone_count + self.kept_count

    @property
    def went_back(self) -> bool:
        """Whether any of it was taken back, or is to be, even if that stopped on the way."""
        return self.undo_began_at is not None or self.put_back_count > 0

    @property
    def is_undoing(self) -> bool:
        return self.undo_began_at is not None and self.undone_at is None


class Batch(models.Model):
    """Customers of an act that are done in one transaction."""

    act = models.ForeignKey(
        Act, models.CASCADE, related_name="batches", db_index=False, verbose_name=_("change of many customers")
    )
    number = models.IntegerField(_("number"))
    ids = ArrayField(models.BigIntegerField(), verbose_name=_("numbers of the customers"))
    is_done = models.BooleanField(_("done"), default=False)
    is_undone = models.BooleanField(_("taken back"), default=False)

    history = NotCaptured("It counts; what is done to the customers is captured itself.")

    class Meta:
        verbose_name = _("batch of customers")
        constraints = [models.UniqueConstraint(fields=["act", "number"], name="bulk_batch_number_is_unique")]

    def __str__(self) -> str:
        return f"{self.act_id}/{self.number}"


class Outcome(models.TextChoices):
    """What became of a record: when it was done, and when that was taken back."""

    CHANGED = "changed", _("Changed")
    CLOSED = "closed", _("Not yours to change")
    GUEST = "guest", _("Only shared with you: whose it is, its owner decides")
    REQUIRED = "required", _("The field may not be empty here")
    MANY = "many", _("It would have more than 50 tags")
    GONE = "gone", _("Gone, or no longer in your reach")
    UNDONE = "undone", _("Taken back")
    EDITED = "edited", _("Edited since; that was left alone")
    LEFT = "left", _("Its owner before, or their team, is not there any more")
    COLLIDES = "collides", _("Another record has its place by now")


class Record(models.Model):
    """What an act did to one customer, or why not. before: its values, without names; undone: as `outcome`, when it was
    taken back."""

    act = models.ForeignKey(
        Act, models.CASCADE, related_name="records", db_index=False, verbose_name=_("change of many customers")
    )
    record_id = models.BigIntegerField(_("customer"))
    outcome = models.CharField(_("what became of it"), max_length=8, choices=Outcome.choices)
    undone = models.CharField(
        _("what became of it when it was taken back"), max_length=8, choices=Outcome.choices, blank=True, default=""
    )
    before = ExactJson(verbose_name=_("values before"))

    history = NotCaptured("What is done to the customers is captured itself.")

    class Meta:
        verbose_name = _("customer changed with many others")
        indexes = [
            models.Index(fields=["act", "id"], name="bulk_record_act"),
            models.Index(fields=["record_id", "act"], name="bulk_record_of"),
        ]

    def __str__(self) -> str:
        return f"{self.act_id} {self.record_id}: {self.outcome}"


class TagRemoval(models.Model):
    """A tag that was deleted, or merged into another, and who had it. added_ids: rows that gave them the other."""

    tag_id = models.BigIntegerField(_("number of the tag"))
    name = models.CharField(_("name"), max_length=50)
    tone = models.CharField(_("colour"), max_length=12, blank=True, default="")
    into = models.ForeignKey(
        "customers.Tag", models.SET_NULL, null=True, related_name="+", db_index=False, verbose_name=_("merged into")
    )
    customer_ids = ArrayField(models.BigIntegerField(), verbose_name=_("numbers of the customers"))
    added_ids = ArrayField(models.BigIntegerField(), verbose_name=_("entries that were added"))
    removed_at = models.DateTimeField(_("deleted"))
    removed_by = models.ForeignKey(
        "accounts.User", models.PROTECT, null=True, related_name="+", db_index=False, verbose_name=_("deleted by")
    )
    undone_at = models.DateTimeField(_("taken back"), null=True)

    history = NotCaptured("What goes and comes back is captured itself.")

    class Meta:
        verbose_name = _("deleted tag")

    def __str__(self) -> str:
        return self.name
