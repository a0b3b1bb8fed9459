"""Between a form and the service it feeds."""

from collections.abc import Callable

from django.core.exceptions import ValidationError
from django.forms import BaseForm

from zhike.core.errors import DomainError


def accepted(form: BaseForm, decide: Callable[[], object], *, is_beside: bool = False) -> bool:
    """Whether the form is complete and the decision went through; a refusal stands on the form then.

    is_beside: the page shows errors beside each field, so a refusal that names a field stands there.
    """
    if not form.is_valid():
        return False
    try:
        decide()
    except DomainError as refusal:
        form.add_error(None, str(refusal))
    except ValidationError as refusal:
        told = refusal.message_dict if is_beside and hasattr(refusal, "error_dict") else {"": refusal.messages}
        for name, messages in told.items():
            form.add_error(name if name in form.fields else None, messages)
    return form.is_valid()
