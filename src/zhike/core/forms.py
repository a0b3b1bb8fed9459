"""Between a form and the service it feeds."""

from collections.abc import Callable

from django.core.exceptions import ValidationError
from django.forms import BaseForm

from zhike.core.errors import DomainError


def accepted(form: BaseForm, decide: Callable[[], object]) -> bool:
    """Whether the form is complete and the decision went through; a refusal stands on the form then, beside the field
    that it names."""
    if not form.is_valid():
        return False
    try:
        decide()
    except DomainError as refusal:
        form.add_error(None, str(refusal))
    except ValidationError as refusal:
        told = refusal.message_dict if hasattr(refusal, "error_dict") else {"": refusal.messages}
        for name, messages in told.items():
            form.add_error(name if name in form.fields else None, messages)
    return form.is_valid()
