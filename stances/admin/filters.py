"""Filters of the desk's lists that Django's own would make too long, or could not ask."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from django.contrib.admin import EmptyFieldListFilter, SimpleListFilter
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.auth import get_user_model
from django.db.models import Exists, OuterRef, Q

from stances.dates import today
from stances.forms import ids_among
from stances.models import Dismissal, Stance, Statement, Topic
from stances.vocabulary import Authority
from stances.warnings import warnings_of_loaded, with_grounds


class TopicFilter(SimpleListFilter):
    """A topic and all that stands under it."""

    title = "topic"
    parameter_name = "topic"

    def lookups(self, request, model_admin):
        under: dict[int | None, list[tuple[int, str, str]]] = defaultdict(list)
        topics = Topic.objects.without_tree_fields().order_by("rank", "name", "pk")
        for pk, parent, slug, name in topics.values_list("pk", "parent", "slug", "name"):
            under[parent].append((pk, slug, name))

        def walk(parent: int | None, depth: int) -> Iterator[tuple[str, str]]:
            for pk, slug, name in under[parent]:
                yield slug, "\u2003" * depth + name
                yield from walk(pk, depth + 1)

        return list(walk(None, 0))

    def choices(self, changelist):
        """Offer the topics as the admin does; their addresses, which differ by the slug alone, are written once."""
        if changelist.add_facets:
            yield from super().choices(changelist)
            return
        every = {
            "selected": self.value() is None,
            "query_string": changelist.get_query_string(remove=[self.parameter_name]),
        }
        yield {**every, "display": "All"}
        # The desk follows no address with a NUL, so this is the only one.
        before, after = changelist.get_query_string({self.parameter_name: "\0"}).split("%00")
        for slug, name in self.lookup_choices:
            yield {"selected": self.value() == slug, "query_string": f"{before}{slug}{after}", "display": name}

    def queryset(self, request, queryset):
        if self.value() is None:
            return queryset
        topic = Topic.objects.filter(slug=self.value()).first()
        if topic is None:
            raise IncorrectLookupParameters
        return self.about(queryset, list(Topic.objects.parents_under([topic.pk])))

    def about(self, queryset, topics: list[int]):
        return queryset.filter(topic__in=topics)


class StatementTopicFilter(TopicFilter):
    def about(self, queryset, topics: list[int]):
        return queryset.filter(Exists(Stance.objects.filter(statement=OuterRef("pk"), topic__in=topics).order_by()))


class AuthorityFilter(SimpleListFilter):
    """With what authority it was said, by the stance's own copy."""

    title = "authority"
    parameter_name = "authority"

    def lookups(self, request, model_admin):
        return Authority.choices

    def queryset(self, request, queryset):
        return queryset if self.value() is None else queryset.filter(authority=self.value())


class CoderFilter(SimpleListFilter):
    """Whose statements: one's own first."""

    title = "coder"
    parameter_name = "coder"

    def lookups(self, request, model_admin):
        others = (
            get_user_model()
            .objects.filter(Exists(Statement.objects.filter(coder=OuterRef("pk")).order_by()))
            .exclude(pk=request.user.pk)
        )
        named = [(str(user.pk), user.get_username()) for user in others.order_by("username")]
        return [("me", "me"), ("others", "others"), *named, ("none", "nobody (imported)")]

    def queryset(self, request, queryset):
        value = self.value()
        if value is None:
            return queryset
        if value == "none":
            return queryset.filter(coder=None)
        if value == "others":
            return queryset.exclude(coder=request.user.pk)
        if value != "me" and not ids_among([value]):
            raise IncorrectLookupParameters
        return queryset.filter(coder=request.user.pk if value == "me" else int(value))


class EmptyInWords(EmptyFieldListFilter):
    """Whether a field is empty, in words that say what that means."""

    empty: str
    filled: str

    def choices(self, changelist):
        for choice in super().choices(changelist):
            words = str(choice["display"]).replace("Not empty", self.filled).replace("Empty", self.empty)
            yield {**choice, "display": words}


class RepeatsFilter(EmptyInWords):
    empty, filled = "told first", "told again"


class CommentFilter(EmptyInWords):
    empty, filled = "without a comment", "with a comment"


class HoldsFilter(SimpleListFilter):
    """Whether an affiliation holds today."""

    title = "time"
    parameter_name = "holds"

    def lookups(self, request, model_admin):
        return [("now", "holds today"), ("past", "ended"), ("later", "not begun")]

    def queryset(self, request, queryset):
        match self.value():
            case None:
                return queryset
            case "now":
                return queryset.on(today())
            case "past":
                return queryset.filter(Q(end__lte=today()))
            case "later":
                return queryset.filter(Q(start__gt=today()))
        raise IncorrectLookupParameters


class WarningFilter(SimpleListFilter):
    """Statements with open warnings, looked for among the newest of those listed, or with dismissed ones."""

    title = "warnings"
    parameter_name = "warnings"
    looked_at = 500

    def lookups(self, request, model_admin):
        return [("open", f"open, of the {self.looked_at} newest"), ("dismissed", "dismissed")]

    def queryset(self, request, queryset):
        match self.value():
            case None:
                return queryset
            case "dismissed":
                return queryset.filter(Exists(Dismissal.objects.filter(statement=OuterRef("pk")).order_by()))
            case "open":
                # To count them the admin hands on the list's own rows, which ask for the same beside them.
                rows = with_grounds(queryset.prefetch_related(None))
                found = warnings_of_loaded(rows.order_by("-pk")[: self.looked_at])
                return queryset.filter(pk__in=[pk for pk, each in found.items() if any(one.is_open for one in each)])
        raise IncorrectLookupParameters
