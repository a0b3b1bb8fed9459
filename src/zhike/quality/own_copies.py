"""What quality keeps of a field of the company's own that becomes encrypted: it is measured no longer."""

from django.db import transaction
from django.db.models import Q

from zhike.audit.services import erase_history
from zhike.core.actor import SYSTEM
from zhike.metadata.kinds import Known
from zhike.quality.models import Finding, OwnRule
from zhike.quality.own import OWN


@transaction.atomic
def forget_found(known: Known) -> None:
    """Rules that a company made for the field may list its values, and a finding's stamp is a digest without a key."""
    rules = list(OwnRule.objects.filter(field=known.name).values_list("pk", flat=True))
    of_field = Q(rule__startswith=f"{known.name}.") | Q(rule__in=[f"{OWN}{pk}" for pk in rules])
    Finding.objects.filter(of_field).delete()
    OwnRule.objects.filter(pk__in=rules).delete()
    for pk in rules:
        erase_history(actor=SYSTEM, subject=OwnRule._meta.db_table, subject_id=pk)
