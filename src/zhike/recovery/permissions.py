"""What can be granted about the recycle bin.

Who may delete a kind of record may also look into the bin for those within their scope, and restore them.
"""

from django.utils.translation import gettext_lazy as _

from zhike.core.access import Permission

PURGE = "recovery.purge_record"

ALL = [Permission(code=PURGE, label=_("Delete for good what is in the recycle bin"), is_scoped=False)]
