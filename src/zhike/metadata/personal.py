"""What fields are called says nothing about people; what stands in them belongs to their records."""

from zhike.core.personal import Class, classify
from zhike.metadata.models import Design, FieldDefinition, Option, Section


def register() -> None:
    classify(Design, Class.NONE, {Class.NONE: ("record", "token")})
    classify(Section, Class.NONE, {Class.NONE: ("record", "name", "name_en", "shown_when", "roles")})
    classify(
        FieldDefinition,
        Class.NONE,
        {Class.NONE: ("record", "key", "label", "label_en", "help_text", "rules", "default", "shown_when", "index")},
    )
    classify(Option, Class.NONE, {Class.NONE: ("key", "label", "label_en", "tone")})
