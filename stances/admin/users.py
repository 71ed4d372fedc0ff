"""Users, who are deactivated and never deleted: what they coded and reviewed keeps their names."""

from __future__ import annotations

from django import forms
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.contrib.auth.admin import UserAdmin
from django.core.exceptions import ValidationError

from stances.admin.lists import CheckedLists
from stances.forms import ids_among

User = get_user_model()
admin.site.unregister(User)

#: What only a superuser hands out; others give roles, by groups.
RESERVED = {"is_superuser", "user_permissions"}


class IdsField(forms.ModelMultipleChoiceField):
    """Rows to choose from, where what is sent may be a number that no database has."""

    def clean(self, value):
        sent = value if isinstance(value, list | tuple) else []
        if wrong := [each for each in sent if not ids_among([each])]:
            words = self.error_messages["invalid_pk_value"]
            raise ValidationError(words, code="invalid_pk_value", params={"pk": str(wrong[0])[:40]})
        return super().clean(value)


@admin.register(User)
class DeskUserAdmin(CheckedLists, UserAdmin):
    list_display = ["username", "first_name", "last_name", "email", "roles", "is_active", "last_login"]
    list_filter = ["is_active", "groups", "is_staff"]

    def get_queryset(self, request):
        return super().get_queryset(request).prefetch_related("groups")

    def has_delete_permission(self, request, obj=None):
        return False

    def has_change_permission(self, request, obj=None):
        above = obj is not None and obj.is_superuser and not request.user.is_superuser
        return super().has_change_permission(request, obj) and not above

    def formfield_for_manytomany(self, db_field, request, **kwargs):
        return super().formfield_for_manytomany(db_field, request, **{"form_class": IdsField, **kwargs})

    def get_fieldsets(self, request, obj=None):
        fieldsets = super().get_fieldsets(request, obj)
        if obj is None or request.user.is_superuser:
            return fieldsets
        return [
            (name, {**options, "fields": [field for field in options["fields"] if field not in RESERVED]})
            for name, options in fieldsets
        ]

    @admin.display(description="roles")
    def roles(self, user):
        return ", ".join(group.name for group in user.groups.all())
