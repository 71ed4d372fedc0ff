"""Lists of the desk, of rows of any kind: an address that makes no sense is a wrong filter, no error of the server."""

from __future__ import annotations

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters


class CheckedLists(admin.ModelAdmin):
    """A list whose address may hold anything."""

    def get_changelist_instance(self, request):
        """Treat numbers and days that no database or calendar has as the wrong filters that they are."""
        try:
            return super().get_changelist_instance(request)
        except (OverflowError, ValueError) as error:
            raise IncorrectLookupParameters(str(error)) from error

    def get_search_results(self, request, queryset, search_term):
        return super().get_search_results(request, queryset, search_term.replace("\x00", ""))
