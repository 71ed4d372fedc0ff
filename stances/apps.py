from django.apps import AppConfig
from django.conf import settings
from django.core import checks
from django.core.exceptions import ImproperlyConfigured


def secret_key_is_set(app_configs, **kwargs) -> list[checks.CheckMessage]:
    """Demand a key of one's own in `check --deploy`, where Django only warns."""
    try:
        settings.SECRET_KEY  # noqa: B018  (Django raises where it is empty)
    except ImproperlyConfigured:
        return [checks.Error("Set SECRET_KEY to a long random value before serving.", id="stances.E001")]
    return []


class StancesConfig(AppConfig):
    name = "stances"
    verbose_name = "Stances"

    def ready(self) -> None:
        checks.register(secret_key_is_set, checks.Tags.security, deploy=True)
