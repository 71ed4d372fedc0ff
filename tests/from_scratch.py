"""Positions computed from scratch in SQL, another way than the program's, to hold its table against."""

from django.db import connection

from stances.vocabulary import Authority

#: What the two databases write differently: comparing keys by their bytes, and the days between two dates.
DIALECTS = {
    "sqlite": {"bytes": "BINARY", "days": "(JULIANDAY({later}) - JULIANDAY({earlier}))"},
    "postgresql": {"bytes": '"C"', "days": "({later} - {earlier})"},
}

ENTRIES = """
    entry AS (
        SELECT stance.id, stance.actor_id, stance.topic_id, stance.attribution AS voice,
               statement.key, statement.earliest, statement.latest, statement.speaker_id,
               stance.position AS value, stance.terms,
               CASE stance.basis WHEN 'explicit' THEN 0 ELSE 1 END AS implied,
               CASE speaker.kind WHEN 'group' THEN 1 ELSE 0 END AS joint,
               CASE statement.authority {ranks} END AS authority
        FROM stances_stance stance
        JOIN stances_statement statement ON statement.id = stance.statement_id
        JOIN stances_actor speaker ON speaker.id = statement.speaker_id
        WHERE statement.status = 'published' AND statement.repeats_id IS NULL
    )
"""

DAYS = """
    counted AS (
        SELECT entry.*,
               DENSE_RANK() OVER (PARTITION BY actor_id, topic_id, voice ORDER BY latest) AS day,
               RANK() OVER (
                   PARTITION BY actor_id, topic_id, voice, latest ORDER BY implied, joint, authority
               ) AS place
        FROM entry
        WHERE earliest IS NOT NULL
           OR NOT EXISTS (
               SELECT 1 FROM entry other
               WHERE other.actor_id = entry.actor_id AND other.topic_id = entry.topic_id
                 AND other.voice = entry.voice
                 AND (other.latest < entry.latest
                      OR other.latest = entry.latest AND other.earliest IS NOT NULL)
           )
    ),
    candidate AS (
        SELECT counted.*,
               ROW_NUMBER() OVER (
                   PARTITION BY actor_id, topic_id, voice, day
                   ORDER BY ABS(value), value, key COLLATE {bytes}
               ) AS choice
        FROM counted
        WHERE place = 1
    ),
    held AS (
        SELECT actor_id, topic_id, voice, day, latest, id, value, terms
        FROM candidate
        WHERE day = 1 AND choice = 1
        UNION ALL
        SELECT next.actor_id, next.topic_id, next.voice, next.day, next.latest,
               next.id, next.value, next.terms
        FROM held
        JOIN candidate next
          ON next.actor_id = held.actor_id AND next.topic_id = held.topic_id
         AND next.voice = held.voice AND next.day = held.day + 1
        WHERE next.choice = COALESCE(
            (SELECT MIN(same.choice) FROM candidate same
             WHERE same.actor_id = held.actor_id AND same.topic_id = held.topic_id
               AND same.voice = held.voice AND same.day = held.day + 1
               AND same.value = held.value AND same.terms = held.terms),
            1
        )
    ),
    marked AS (
        SELECT held.*,
               CASE WHEN LAG(value) OVER series = value AND LAG(terms) OVER series = terms
                    THEN 0 ELSE 1 END AS opens
        FROM held
        WINDOW series AS (PARTITION BY actor_id, topic_id, voice ORDER BY day)
    )
"""

POSITIONS = """
    WITH RECURSIVE {entries}, {days},
    numbered AS (
        SELECT marked.*,
               SUM(opens) OVER (PARTITION BY actor_id, topic_id, voice ORDER BY day) AS number
        FROM marked
    ),
    span AS (
        SELECT actor_id, topic_id, voice, number, MIN(latest) AS since, MAX(latest) AS last_stated_on,
               COUNT(*) - 1 AS confirmations, MIN(value) AS value, MIN(terms) AS terms,
               MIN(CASE WHEN opens = 1 THEN id END) AS opening_id
        FROM numbered
        GROUP BY actor_id, topic_id, voice, number
    ),
    linked AS (
        SELECT span.*, LEAD(since) OVER series AS until, LAG(value) OVER series AS previous_value,
               LAG(terms) OVER series AS previous_terms
        FROM span
        WINDOW series AS (PARTITION BY actor_id, topic_id, voice ORDER BY number)
    )
    SELECT actor_id, topic_id, voice, since, until, value, terms, opening_id, previous_value,
           COALESCE(previous_terms, '') AS previous_terms,
           CASE WHEN previous_value IS NULL THEN 'first'
                WHEN SIGN(previous_value) = SIGN(value) THEN 'terms'
                WHEN SIGN(previous_value) = -SIGN(value) THEN 'reversal'
                ELSE 'shift' END AS kind,
           confirmations, last_stated_on
    FROM linked
    ORDER BY actor_id, topic_id, voice, since
"""

ROLES = """
    WITH RECURSIVE {entries}, {days}
    SELECT stance.id,
           CASE WHEN entry.id IS NULL THEN ''
                WHEN marked.id IS NULL THEN 'passed'
                WHEN marked.opens = 1 THEN 'opened'
                ELSE 'confirmed' END AS role,
           CASE WHEN EXISTS (
               SELECT 1 FROM entry other
               WHERE other.actor_id = entry.actor_id AND other.topic_id = entry.topic_id
                 AND entry.voice = 'own' AND other.voice = 'own'
                 AND entry.joint = 0 AND other.joint = 0
                 AND other.speaker_id <> entry.speaker_id
                 AND SIGN(other.value) <> SIGN(entry.value)
                 AND {days_between} BETWEEN 1 AND 30
                 AND entry.authority >= other.authority
           ) THEN 1 ELSE 0 END AS colleagues_differ
    FROM stances_stance stance
    LEFT JOIN entry ON entry.id = stance.id
    LEFT JOIN marked ON marked.id = stance.id
    ORDER BY stance.id
"""


def _ask(query: str) -> list[tuple[str, ...]]:
    dialect = DIALECTS[connection.vendor]
    ranks = " ".join(f"WHEN '{authority}' THEN {authority.rank}" for authority in Authority)
    sql = query.format(
        entries=ENTRIES.format(ranks=ranks),
        days=DAYS.format(**dialect),
        days_between=dialect["days"].format(later="entry.latest", earlier="other.latest"),
    )
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return [tuple(map(str, row)) for row in cursor.fetchall()]


def positions() -> list[tuple[str, ...]]:
    """Compute every position there should be, its columns as text in the order of `COLUMNS`."""
    return _ask(POSITIONS)


def roles() -> list[tuple[str, ...]]:
    """Compute each stance's id, role, and whether colleagues differ (1 or 0), as text."""
    return _ask(ROLES)


COLUMNS = (
    "actor_id",
    "topic_id",
    "voice",
    "since",
    "until",
    "value",
    "terms",
    "opening_id",
    "previous_value",
    "previous_terms",
    "kind",
    "confirmations",
    "last_stated_on",
)
