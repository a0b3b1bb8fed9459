"""Whom one may write to, and what for."""

from dataclasses import dataclass
from datetime import date

from django.core import signing
from django.urls import reverse

from zhike.core.acting import seeing_everything
from zhike.customers.models import Customer, Identifier
from zhike.privacy import ledger
from zhike.privacy.models import Channel, Consent, Minor, Purpose, Suppression

SALT = "zhike.privacy.withdraw"
AGE_OF_CONSENT = 14


@dataclass(frozen=True, kw_only=True)
class Standing:
    """What holds for one purpose and channel. link: by which the person takes it back."""

    consent: Consent
    purpose: str
    channel: str
    link: str


def is_minor(customer: Customer, minor: Minor | None, *, today: date) -> bool:
    """Whether somebody said so, or the birthday does."""
    born = customer.birthday_on
    if born is None:
        return minor is not None
    age = today.year - born.year - ((today.month, today.day) < (born.month, born.day))
    return minor is not None or age < AGE_OF_CONSENT


def list_standing(*, customer_id: int) -> list[Standing]:
    """The latest word on every purpose and channel, of a customer whom the caller has found visible."""
    rows = Consent.objects.filter(customer=customer_id).select_related("purpose")
    latest = rows.order_by("purpose", "channel", "-at", "-pk").distinct("purpose", "channel")
    return [standing_of(one) for one in latest]


def standing_of(one: Consent) -> Standing:
    return Standing(
        consent=one,
        purpose=one.purpose.name,
        channel=str(Channel(one.channel).label),
        link=withdrawal_path(customer_id=one.customer_id, purpose_id=one.purpose_id, channel=one.channel),
    )


def may_contact(*, customer_id: int, purpose: Purpose, identifier: Identifier, channel: str, today: date) -> bool:
    """What every sender asks before anything goes out: suppression first, then consent where the purpose needs it.

    A child is written to only with a guardian's consent.
    """
    with seeing_everything():
        known = ledger.hash_of(identifier, key=ledger.key())
        if Suppression.objects.filter(channel=channel, identifier=known).exists():
            return False
        customer = Customer.objects.filter(pk=customer_id).first()
        if customer is None:
            return False
        minor = Minor.objects.filter(customer=customer).first()
        if is_minor(customer, minor, today=today) and not (minor and minor.guardian):
            return False
        rows = Consent.objects.filter(customer=customer, purpose=purpose, channel=channel)
        latest = rows.order_by("-at", "-pk").first()
        if latest is not None:
            return latest.is_given
        return purpose.basis != Purpose.Basis.CONSENT


def withdrawal_path(*, customer_id: int, purpose_id: int, channel: str) -> str:
    """The path of the page on which the person themselves takes a consent back, without logging in."""
    token = signing.dumps([customer_id, purpose_id, channel], salt=SALT, compress=True)
    return reverse("withdraw_consent", args=[token])


def read_token(token: str) -> tuple[int, int, str]:
    """Customer, purpose and channel.

    :raises django.core.signing.BadSignature: it was not made here
    """
    customer_id, purpose_id, channel = signing.loads(token, salt=SALT)
    return int(customer_id), int(purpose_id), str(channel)
