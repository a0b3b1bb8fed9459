"""Entry point of the web processes."""

import os
import sys
from importlib import import_module

from zhike.backup import mark
from zhike.runtime.home import Home
from zhike.runtime.loading import loading

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "zhike.config.settings")
# Whoever starts a server without `zhike up` is kept out as well.
if mark.is_closed(Home.current()):
    sys.exit("Closed after a restore: see zhike erasures status, then run zhike erasures sweep")

with loading():
    from django.core.wsgi import get_wsgi_application

    application = get_wsgi_application()
    from django.conf import settings

    # Pages too, or the first request would wait for them.
    for module in (*settings.PROCRASTINATE_IMPORT_PATHS, settings.ROOT_URLCONF):
        import_module(module)
