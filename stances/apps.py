from django.apps import AppConfig
from django.conf import settings
from django.core import checks
from django.core.exceptions import ImproperlyConfigured
from django.db.models.signals import post_migrate, pre_migrate


def secret_key_is_set(app_configs, **kwargs) -> list[checks.CheckMessage]:
    """Demand a key of one's own in `check --deploy`, where Django only warns."""
    try:
        settings.SECRET_KEY  # noqa: B018  (Django raises where it is empty)
    except ImproperlyConfigured:
        return [checks.Error("Set SECRET_KEY to a long random value before serving.", id="stances.E001")]
    return []


def let_search_go(sender, using, plan, **kwargs) -> None:
    """Take the triggers of search away before a migration: one that remakes a table loses them, or fails on them."""
    from stances import search_index

    if plan and using == "default":
        search_index.before_migration()


def bring_search_back(sender, using, **kwargs) -> None:
    from stances import search_index

    if using == "default":
        search_index.after_migration()


class StancesConfig(AppConfig):
    name = "stances"
    verbose_name = "Stances"

    def ready(self) -> None:
        checks.register(secret_key_is_set, checks.Tags.security, deploy=True)
        pre_migrate.connect(let_search_go, sender=self)
        post_migrate.connect(bring_search_back, sender=self)
