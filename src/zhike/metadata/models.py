"""The fields a company adds to its records, and how they stand on a page."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import get_language, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from zhike.core.fields import Care
from zhike.core.history import Captured, NotCaptured

NO_CLICK = "Designed anew on its own page: putting a design back would not bring its values back."


class Kind(models.TextChoices):
    """What a field holds. What each means as JSON stands in `metadata.kinds`."""

    TEXT = "text", _("Text")
    LONG_TEXT = "long_text", _("Long text")
    NUMBER = "number", _("Number")
    MONEY = "money", _("Amount")
    DATE = "date", _("Date")
    TIME = "time", pgettext_lazy("kind of field", "Time")
    MOMENT = "moment", _("Date and time")
    CHOICE = "choice", _("Choice")
    CHOICES = "choices", _("Several choices")
    BOOLEAN = "boolean", _("Yes or no")
    PHONE = "phone", _("Phone")
    EMAIL = "email", _("E-mail")
    URL = "url", _("Link to the web")
    USER = "user", _("Colleague")
    TEAM = "team", _("Team")
    RECORD = "record", _("Link to a record")
    ADDRESS = "address", _("Address")
    LOCATION = "location", _("Place on the map")
    FORMULA = "formula", _("Formula")
    ROLLUP = "rollup", _("Roll-up")
    FILE = "file", pgettext_lazy("kind of field", "File")
    IMAGE = "image", pgettext_lazy("kind of field", "Image")


class Index(models.TextChoices):
    """Whether lists may be filtered and ordered by it: building the index takes a while, and people work on."""

    NONE = "none", _("Not filtered by")
    WANTED = "wanted", _("Index is being built")
    READY = "ready", _("Filtered by")
    FAILED = "failed", _("Index could not be built")


CARES = [
    (Care.PLAIN.value, pgettext_lazy("class of a field", "Plain")),
    (Care.PERSONAL.value, pgettext_lazy("class of a field", "Personal")),
    (Care.SENSITIVE.value, pgettext_lazy("class of a field", "Sensitive")),
]


class Section(models.Model):
    """Fields that stand together under a heading.

    roles: whose page has it, by their ids; empty: everybody's. shown_when: only on records of which this holds
    (`metadata.conditions`); empty: on all.
    """

    record = models.CharField(_("kind of record"), max_length=60)
    name = models.CharField(_("name"), max_length=60)
    name_en = models.CharField(_("English name"), max_length=60, blank=True, default="")
    position = models.PositiveIntegerField(_("position"), default=0)
    is_tab = models.BooleanField(_("a tab of its own"), default=False)
    is_folded = models.BooleanField(_("folded at first"), default=False)
    roles = ArrayField(models.BigIntegerField(), verbose_name=_("roles"), default=list, blank=True)
    shown_when = models.JSONField(_("shown when"), default=dict, blank=True)

    history = Captured(label=_("Section of fields"), stays=NO_CLICK)

    class Meta:
        verbose_name = _("section of fields")
        constraints = [models.CheckConstraint(condition=~Q(name=""), name="metadata_section_name_is_given")]

    def __str__(self) -> str:
        return self.name

    @property
    def named(self) -> str:
        return self.name_en if self.name_en and not (get_language() or "zh").startswith("zh") else self.name


class FieldDefinition(models.Model):
    """A field of one kind of record.

    record: the kind, "customers.customer". key: under which values lie in the record's `custom`; never used again.
    rules: its bounds (`kinds.RULES`). default: as JSON; None is nothing. section: None for those that are in none.
    position: within its section. is_sealed: values lie encrypted elsewhere (`metadata.vaults`); moving_since: not all
    of them do yet. search: whether the search box looks into it (`metadata.pieces`). shown_when: as of sections.
    archived_at: it is shown nowhere any more, values stay.
    """

    record = models.CharField(_("kind of record"), max_length=60)
    key = models.CharField(_("key"), max_length=40)
    kind = models.CharField(_("kind"), max_length=12, choices=Kind.choices)
    label = models.CharField(_("name"), max_length=60)
    label_en = models.CharField(_("English name"), max_length=60, blank=True, default="")
    help_text = models.CharField(_("help"), max_length=300, blank=True, default="")
    section = models.ForeignKey(
        Section, models.SET_NULL, null=True, blank=True, related_name="fields", verbose_name=_("section")
    )
    position = models.PositiveIntegerField(_("position"), default=0)
    care = models.CharField(_("class"), max_length=9, choices=CARES, default=Care.PLAIN.value)
    is_required = models.BooleanField(_("required"), default=False)
    is_unique = models.BooleanField(_("unique"), default=False)
    is_sealed = models.BooleanField(_("stored encrypted"), default=False)
    moving_since = models.DateTimeField(_("being encrypted since"), null=True, blank=True, editable=False)
    index = models.CharField(_("index"), max_length=8, choices=Index.choices, default=Index.NONE)
    search = models.CharField(_("search box"), max_length=8, choices=Index.choices, default=Index.NONE)
    rules = models.JSONField(_("rules"), default=dict, blank=True)
    default = models.JSONField(_("default"), null=True, blank=True)
    shown_when = models.JSONField(_("shown when"), default=dict, blank=True)
    created_at = models.DateTimeField(_("created"))
    archived_at = models.DateTimeField(_("archived"), null=True, blank=True)

    history = Captured(label=_("Field of records"), stays=NO_CLICK)

    class Meta:
        verbose_name = _("field of records")
        constraints = [
            models.UniqueConstraint(fields=["record", "key"], name="metadata_field_key_is_unique"),
            models.CheckConstraint(condition=Q(key__regex="^[a-z][a-z0-9_]*$"), name="metadata_field_key_is_a_word"),
            models.CheckConstraint(condition=~Q(label=""), name="metadata_field_label_is_given"),
            models.CheckConstraint(condition=Q(kind__in=Kind.values), name="metadata_field_kind_is_known"),
        ]

    def __str__(self) -> str:
        return self.label


class Option(models.Model):
    """One of the values of a choice. key: how it is stored; is_retired: kept where it stands, not offered any more."""

    definition = models.ForeignKey(
        FieldDefinition, models.CASCADE, related_name="options", verbose_name=_("field of records")
    )
    key = models.CharField(_("key"), max_length=40)
    label = models.CharField(_("name"), max_length=60)
    label_en = models.CharField(_("English name"), max_length=60, blank=True, default="")
    tone = models.CharField(_("colour"), max_length=12, blank=True, default="")
    position = models.PositiveIntegerField(_("position"), default=0)
    is_retired = models.BooleanField(_("not offered any more"), default=False)

    history = Captured(subject="definition", label=_("Option"), stays=NO_CLICK)

    class Meta:
        verbose_name = _("option")
        constraints = [
            models.UniqueConstraint(fields=["definition", "key"], name="metadata_option_key_is_unique"),
            models.CheckConstraint(condition=~Q(label=""), name="metadata_option_label_is_given"),
        ]

    def __str__(self) -> str:
        return self.label


class Design(models.Model):
    """The state of a kind of record's fields, so that a process knows when what it remembers is old.

    token: another one with every change, never the same again: a counter would be, after a change that was rolled back.
    """

    record = models.CharField(_("kind of record"), max_length=60, primary_key=True)
    token = models.CharField(_("state"), max_length=32)

    history = NotCaptured("Says that fields were changed, which is captured itself.")

    class Meta:
        verbose_name = _("state of the fields")

    def __str__(self) -> str:
        return f"{self.record} {self.token}"
