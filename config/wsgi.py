"""What a WSGI server serves. It demands a SECRET_KEY of its own, so that sessions outlive a restart."""

import gc
import os

from django.core.exceptions import ImproperlyConfigured
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
os.environ.setdefault("DATABASE_POOL", "8")  # a process that serves keeps connections; a command needs one, once
application = get_wsgi_application()

from config import settings  # noqa: E402  (after Django is set up)

if not settings.env.str("SECRET_KEY", default=""):
    raise ImproperlyConfigured("Set SECRET_KEY to a long random value before serving.")

# A page makes tens of thousands of objects that end with it: look for cycles among them seldom, and never among those
# of the program itself.
gc.collect()
gc.freeze()
gc.set_threshold(50_000, 20, 20)
