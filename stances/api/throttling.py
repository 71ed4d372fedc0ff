"""How often one address may ask, where the desk sets a limit; without one, as often as it likes."""

from __future__ import annotations

from django.conf import settings
from rest_framework.throttling import AnonRateThrottle


class ReaderThrottle(AnonRateThrottle):
    scope = "reader"

    def get_rate(self) -> str | None:
        return settings.API_RATE or None
