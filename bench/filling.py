"""Fill an empty database, and tell what there is to ask it for; a process of its own, so that its memory goes."""

from __future__ import annotations

import json
import sys
import time
from typing import Any

PAGE = 50
#: The page of a list that is asked for, where it has so many.
DEEP_PAGE = 10_000


def main() -> None:
    import django

    django.setup()
    from django.conf import settings
    from django.core.management import call_command
    from django.db import connection

    from stances.models import Statement

    # The server must know the session: the same key signs it.
    settings.SECRET_KEY = "bench" * 12
    call_command("migrate", verbosity=0)
    filled = None
    if Statement.objects.count() < 1000:
        begin = time.monotonic()
        call_command("generate_corpus", statements=int(sys.argv[1]), seed=int(sys.argv[2]), stdout=sys.stderr)
        filled = time.monotonic() - begin
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE" if connection.vendor == "sqlite" else "VACUUM ANALYZE")
    print(json.dumps({"filled_s": filled, **to_ask()}))


def to_ask() -> dict[str, Any]:
    """Tell what there is to ask the database for, the actor and the topic of which most was said among it."""
    from django.db import connection
    from django.db.models import Count

    from stances import search
    from stances.admin.lists import LongPaginator
    from stances.models import Actor, Stance, Statement, Topic
    from stances.views.lists import StanceList

    rows = Stance.objects.public().filter(repeat=False)
    actor = Actor.objects.get(pk=rows.values("actor").annotate(n=Count("pk")).order_by("-n").values("actor")[:1])
    topic = Topic.objects.get(pk=rows.values("topic").annotate(n=Count("pk")).order_by("-n").values("topic")[:1])
    place = min(DEEP_PAGE - 1, max(rows.count() // PAGE - 2, 0)) * PAGE
    deep = rows.order_by("-stated_on", "-id")[max(place - 1, 0)]  # the last row of the page before
    listed = StanceList()
    listed.filters = StanceList.filterset_class(None, queryset=rows)
    version = f"{connection.vendor} {'.'.join(map(str, connection.get_database_version()))}"
    searched = word()
    sql, params = search.found(search.STATEMENTS, search.parse(searched)).as_sql(None, connection)
    return {
        "database": version,
        "statements": Statement.objects.count(),
        "stances": Stance.objects.count(),
        "session": session(),
        "actor": actor.slug,
        "actor_id": actor.pk,
        "topic": topic.slug,
        "topic_id": topic.pk,
        "word": searched,
        "search": sql.replace("%s", "'{}'").format(*(str(value).replace("'", "''") for value in params)),
        "deep_page": place // PAGE + 1,
        "deep": listed.keyset().write(False, (deep.stated_on, deep.pk)),
        "deep_day": str(deep.stated_on),
        "deep_id": deep.pk,
        "last_page": LongPaginator(Statement.objects.order_by("-latest", "-pk"), PAGE).num_pages,
    }


def word() -> str:
    """Give a word that many statements hold: the one of a twentieth, where the corpus has it."""
    from stances.models import Statement

    newest = Statement.objects.published().order_by("-latest").values_list("summary", flat=True)[:2000]
    held = [set(summary.lower().split()) for summary in newest]
    words = {each for found in held for each in found if each.isalpha() and len(each) > 4}
    shares = {each: sum(each in found for found in held) / len(held) for each in words}
    return min(sorted(shares), key=lambda each: abs(shares[each] - 0.05))


def session() -> str:
    """Make the session of an administrator, who looks at the desk's lists."""
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY, get_user_model
    from django.contrib.sessions.backends.db import SessionStore

    user, _ = get_user_model().objects.get_or_create(
        username="bench", defaults={"is_staff": True, "is_superuser": True, "password": "!"}
    )
    store = SessionStore()
    store.update({
        SESSION_KEY: str(user.pk),
        BACKEND_SESSION_KEY: "django.contrib.auth.backends.ModelBackend",
        HASH_SESSION_KEY: user.get_session_auth_hash(),
    })  # fmt: skip
    store.save()
    return str(store.session_key)


if __name__ == "__main__":
    main()
