"""What a person agreed to, takes back, and may be written for."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from zhike.core import merging
from zhike.core.access import require
from zhike.core.acting import seeing_everything
from zhike.core.actor import ANONYMOUS, Actor
from zhike.core.errors import DomainError
from zhike.customers.models import Customer, Identifier
from zhike.privacy import ledger
from zhike.privacy.models import Channel, Consent, Minor, Purpose, Suppression
from zhike.privacy.permissions import HANDLE
from zhike.privacy.selectors.consents import is_minor

EDIT = "customers.edit_customer"
# By which identifiers each channel reaches somebody.
REACHED_BY = {
    Channel.SMS: Identifier.Kind.PHONE,
    Channel.PHONE: Identifier.Kind.PHONE,
    Channel.EMAIL: Identifier.Kind.EMAIL,
    Channel.WECHAT: Identifier.Kind.WECHAT,
    Channel.POST: Identifier.Kind.ADDRESS,
}


class ConsentUnfit(DomainError):
    code = "consent_unfit"
    status = 422


@transaction.atomic
def record_consent(
    *,
    actor: Actor,
    customer_id: int,
    purpose: Purpose,
    channel: str,
    is_given: bool,
    source: str,
    at: datetime,
    wording: str = "",
    evidence: str = "",
) -> Consent:
    """Keep that a person agreed, with the proof, or took it back.

    :raises Customer.DoesNotExist: there is none, or not for this actor
    :raises ConsentUnfit: consent without proof, or of a child whose guardian has not agreed
    """
    customer = Customer.objects.visible_to(actor).select_for_update(of=("self",)).get(pk=customer_id)
    require(actor, EDIT, record=customer)
    if is_given and not (wording and evidence):
        raise ConsentUnfit(_("Consent needs what was agreed to, and where the proof lies."))
    minor = Minor.objects.filter(customer=customer).first()
    if is_given and is_minor(customer, minor, today=at.date()) and not (minor and minor.guardian):
        raise ConsentUnfit(_("Under 14: a guardian has to agree first."))
    made = Consent.objects.create(
        customer=customer,
        purpose=purpose,
        channel=channel,
        is_given=is_given,
        source=source,
        at=at,
        wording=wording,
        evidence=evidence,
        recorded_by_id=actor.user_id,
    )
    _suppress(customer, channel, is_given=is_given, at=at)
    return made


@transaction.atomic
def withdraw(*, customer_id: int, purpose_id: int, channel: str, at: datetime) -> None:
    """What the person's own link does; says nothing about whether there is such a customer. May be repeated."""
    with seeing_everything():
        # The link may be older than a merge.
        numbers = [customer_id, merging.successor_of(customer_id)]
        customer = Customer.objects.select_for_update().filter(pk__in=[one for one in numbers if one]).first()
        purpose = Purpose.objects.filter(pk=purpose_id).first()
        if customer is None or purpose is None:
            return
        latest = Consent.objects.filter(customer=customer, purpose=purpose, channel=channel).order_by("-at", "-pk")
        known = latest.first()
        if known is None or known.is_given:
            Consent.objects.create(
                customer=customer,
                purpose=purpose,
                channel=channel,
                is_given=False,
                source=Consent.Source.LINK,
                at=at,
                recorded_by_id=ANONYMOUS.user_id,
            )
        _suppress(customer, channel, is_given=False, at=at)


def _suppress(customer: Customer, channel: str, *, is_given: bool, at: datetime) -> None:
    """The address itself is shut, or opened again, whichever record it stands in."""
    key = ledger.key()
    own = Identifier.objects.filter(customer=customer, kind=REACHED_BY[Channel(channel)])
    hashes = [ledger.hash_of(one, key=key) for one in own]
    if is_given:
        Suppression.objects.filter(channel=channel, identifier__in=hashes).delete()
        return
    rows = [Suppression(channel=channel, identifier=one, since=at) for one in hashes]
    Suppression.objects.bulk_create(rows, ignore_conflicts=True)


@transaction.atomic
def mark_minor(*, actor: Actor, customer_id: int, is_under: bool, guardian: str, at: datetime) -> None:
    """Say that a person is under 14, and which guardian agreed; or that they are not.

    :raises Customer.DoesNotExist: there is none, or not for this actor
    """
    customer = Customer.objects.visible_to(actor).select_for_update(of=("self",)).get(pk=customer_id)
    require(actor, EDIT, record=customer)
    if is_under:
        Minor.objects.update_or_create(customer=customer, defaults={"guardian": guardian, "noted_at": at})
    else:
        Minor.objects.filter(customer=customer).delete()


@transaction.atomic
def put_purpose(
    *, actor: Actor, name: str, basis: str, which_data: str, recipients: str, kept: str, purpose_id: int = 0
) -> Purpose:
    """Add a purpose, or change one.

    :raises ConsentUnfit: another purpose has the name
    """
    require(actor, HANDLE)
    if Purpose.objects.filter(name=name).exclude(pk=purpose_id).exists():
        raise ConsentUnfit(_("There is a purpose of this name already."))
    purpose = Purpose.objects.get(pk=purpose_id) if purpose_id else Purpose()
    purpose.name, purpose.basis, purpose.data, purpose.recipients, purpose.kept = (
        name,
        basis,
        which_data,
        recipients,
        kept,
    )
    purpose.save()
    return purpose
