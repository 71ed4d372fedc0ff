"""Filters of the desk's lists that Django's own would make too long, or could not ask."""

from __future__ import annotations

from django.contrib.admin import EmptyFieldListFilter, SimpleListFilter
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.auth import get_user_model
from django.db.models import Exists, OuterRef, Q

from stances.dates import today
from stances.forms import ids_among
from stances.models import Dismissal, Stance, Statement, Topic
from stances.vocabulary import Authority
from stances.warnings import warnings_of


class TopicFilter(SimpleListFilter):
    """A topic and all that stands under it."""

    title = "topic"
    parameter_name = "topic"

    def lookups(self, request, model_admin):
        return [(topic.slug, "\u2003" * topic.tree_depth + topic.name) for topic in Topic.objects.in_order()]

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
                found = warnings_of(queryset.order_by("-pk")[: self.looked_at])
                return queryset.filter(pk__in=[pk for pk, each in found.items() if any(one.is_open for one in each)])
        raise IncorrectLookupParameters
