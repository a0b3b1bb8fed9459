"""The fields of a kind of record, as every request needs them."""

from zhike.metadata.selectors.designs import Designed as Designed
from zhike.metadata.selectors.designs import design_of as design_of
from zhike.metadata.selectors.designs import forget as forget
from zhike.metadata.selectors.designs import list_known as list_known
from zhike.metadata.selectors.designs import remembering as remembering
