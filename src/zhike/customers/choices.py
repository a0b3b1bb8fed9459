"""What is chosen from a list about a customer."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Relationship(models.TextChoices):
    """Depth of relation, from a guess to a former customer."""

    SUSPECT = "suspect", _("Suspect")
    PROSPECT = "prospect", _("Prospect")
    DISQUALIFIED = "disqualified", _("Disqualified")
    FIRST_TIME = "first_time", _("First-time customer")
    REPEAT = "repeat", _("Repeat customer")
    CLIENT = "client", _("Client")
    ADVOCATE = "advocate", _("Advocate")
    PARTNER = "partner", _("Partner")
    FORMER = "former", _("Former customer")


class Grade(models.TextChoices):
    """Layer of the value pyramid."""

    TOP = "top", _("Key customer")
    HIGH = "high", _("Major customer")
    NORMAL = "normal", _("Regular customer")
    SMALL = "small", _("Small customer")


class Stage(models.TextChoices):
    """Stage of the life cycle."""

    PROSPECT = "prospect", _("Not yet bought")
    NEW = "new", _("New")
    GROWTH = "growth", _("Growing")
    MATURE = "mature", _("Mature")
    DECLINE = "decline", _("Declining")
    LOST = "lost", _("Lost")
