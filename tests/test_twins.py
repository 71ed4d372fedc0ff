"""How the JSON of pages is written."""

from __future__ import annotations

import json

from django.core.serializers.json import DjangoJSONEncoder
from hypothesis import given
from hypothesis import strategies as st

from stances.twins import written
from stances.vocabulary import Value, Voice

LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text()
    | st.dates()
    | st.datetimes()
    | st.sampled_from([*Value, *Voice])
)


@given(st.recursive(LEAVES, lambda data: st.lists(data) | st.dictionaries(st.text(), data) | st.tuples(data, data)))
def test_data_are_written_as_json_writes_them(data):
    assert written(data) == json.dumps(data, cls=DjangoJSONEncoder, ensure_ascii=False, indent=1)
