"""The API, put together from the apps' routers."""

from zhike.accounts.api import router as accounts
from zhike.accounts.keys import ApiKey, BrowserSession
from zhike.audit.api import router as history
from zhike.bulk.api import router as bulk
from zhike.commerce.api import router as commerce
from zhike.commerce.api_history import router as order_history
from zhike.core.api.application import Api
from zhike.customers.api import router as customers
from zhike.customers.api_activities import router as activities
from zhike.customers.api_collaborators import router as collaborators
from zhike.customers.api_files import router as files
from zhike.customers.api_history import router as customer_history
from zhike.customers.api_sealed import router as sealed
from zhike.duplicates.api import router as duplicates
from zhike.duplicates.queue_api import router as duplicates_queue
from zhike.exchange.api import router as exchange
from zhike.exports.api import router as exports
from zhike.finder.api import router as finder
from zhike.privacy.api import router as privacy
from zhike.privacy.api_corrections import router as corrections
from zhike.recovery.api import router as recovery
from zhike.recovery.api_sets import router as sets
from zhike.relations.api import router as relations

DESCRIPTION = """
Customers, orders, time lines and imports of one company.

- **Keys**: made under *My settings → API keys*, sent as `Authorization: Bearer zk_…`. A key sees and does what its
  owner may.
- **Lists** come in pages: pass `next_cursor` as `after` until it is null.
- **Amounts** are decimal numbers written as text, so that no digit is lost; currencies are ISO 4217; times ISO 8601.
- **Sending twice**: give a POST an `Idempotency-Key` and repeat it safely within 24 hours.
- **Refusals** are `application/problem+json` (RFC 9457) with a stable `code`.
"""

api = Api(
    title="Zhike 知客",
    version="1",
    description=DESCRIPTION.strip(),
    urls_namespace="api-1",
    auth=[ApiKey(), BrowserSession()],
)
api.add_router("", accounts)
api.add_router("", customers)
api.add_router("", activities)
api.add_router("", collaborators)
api.add_router("", files)
api.add_router("", sealed)
api.add_router("", bulk)
api.add_router("", relations)
api.add_router("", commerce)
api.add_router("", order_history)
api.add_router("", exchange)
api.add_router("", exports)
api.add_router("", duplicates)
api.add_router("", duplicates_queue)
api.add_router("", recovery)
api.add_router("", privacy)
api.add_router("", corrections)
api.add_router("", customer_history)
api.add_router("", sets)
api.add_router("", history)
api.add_router("", finder)
