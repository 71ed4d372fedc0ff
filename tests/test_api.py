"""The API: the pages' rows as JSON for programs, page by page, and nothing that is not published."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import schemathesis
from django.core.cache import cache
from django.core.management import call_command
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections, connection, models
from django.test import Client
from django.test.utils import CaptureQueriesContext
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

from stances.api.views import openapi
from stances.models import Actor, PublicVersion, Source, Stance, Statement, Topic
from stances.tree import OutdatedTree
from stances.views.pages import ActorView
from stances.vocabulary import Status
from tests import pact
from tests.factories import (
    AffiliationFactory,
    GovernmentFactory,
    SourceFactory,
    StanceFactory,
    StatementFactory,
    TopicFactory,
)
from tests.pact import WRONG, WRONG_ON

pytestmark = pytest.mark.django_db

API = "/api/v1/"
LISTS = ("actors", "topics", "sources", "statements", "stances", "positions", "changes")
#: Lists that the pages export, too.
EXPORTED = ("actors", "topics", "sources", "stances", "positions", "changes")
DETAILS = ("actors/japan/", "topics/pact/", "sources/late/", "statements/interview/")


def get(client, address: str):
    response = client.get(f"{API}{address}")
    assert response.status_code == 200, response.content
    return response.json()


def results(client, address: str) -> list[dict]:
    return get(client, address)["results"]


def errors(response, status: int) -> list[dict]:
    assert response.status_code == status
    assert response["Content-Type"] == "application/json"
    return response.json()["errors"]


def walk(client, address: str, *, by: str = "next") -> list[list[dict]]:
    """Follow the addresses of a list's pages to the last; give the rows of each."""
    url, found = f"{API}{address}", []
    while url:
        page = client.get(url).json()
        found.append(page["results"])
        url = page[by]
    return found


# ---- rows ----


@pytest.mark.parametrize("name", EXPORTED)
def test_a_list_holds_what_its_export_holds_in_the_same_order_and_under_the_same_names(client, world, name):
    for query in ("", "?topic=pact", "?actor=-japan"):
        assert results(client, f"{name}/{query}") == json_of(client.get(f"/{name}.json{query}"))


def json_of(response) -> list[dict]:
    return json.loads(b"".join(response.streaming_content))


def test_a_statement_comes_with_its_stances_and_the_names_of_all_that_it_names(client, world):
    [speech] = [row for row in results(client, "statements/") if row["statement_key"] == "speech"]
    assert (speech["date"], speech["speaker_name"], speech["source_title"]) == ("2024-04", "Japan", "Later news")
    assert [(s["actor_name"], s["topic_name"], s["topic_parent"], s["position"]) for s in speech["stances"]] == [
        ("Australia", "Pact: Japan", "pact", -2),
        ("Japan", "Trade", "", 0),
    ]


def test_statements_are_filtered_as_their_filter_says(client, world):
    assert [row["statement_key"] for row in results(client, "statements/?actor=australia&order=date")] == [
        "interview",
        "speech",
    ]
    assert len(results(client, "statements/?repeats=1")) == len(results(client, "statements/")) + 1


def test_positions_on_a_day_know_nothing_of_later_words(client):
    first = StanceFactory(statement__date="2024-01-01")
    StanceFactory(actor=first.actor, topic=first.topic, statement__date="2024-03-01")
    told = [results(client, f"positions/{query}")[0]["confirmations"] for query in ("?on=2024-02-01", "")]
    assert told == [0, 1]


@pytest.mark.parametrize("address", DETAILS)
def test_a_detail_holds_what_its_page_holds(client, world, address):
    told = client.get(f"{API}{address}").content.decode()
    milliseconds = re.sub(r"(:\d\d\.\d{3})\d{3}Z", r"\1Z", told)
    assert json.loads(milliseconds) == client.get(f"/{address.rstrip('/')}.json").json()


def test_a_detail_is_had_as_of_a_day(client, world):
    [shown] = get(client, "actors/australia/?on=2024-03-01")["positions"]
    assert (shown["position"], shown["terms"]) == (1, "time")


@pytest.mark.parametrize("model", [Actor, Topic, Source])
def test_a_former_slug_redirects_with_its_parameters(client, world, model):
    row = model.objects.get(slug={"actor": "japan", "topic": "pact", "source": "late"}[model._meta.model_name])
    before, row.slug = row.slug, "renamed"
    row.save()
    address = f"{API}{model._meta.model_name}s/"
    response = client.get(f"{address}{before}/?fields=name")
    assert (response.status_code, response["Location"]) == (301, f"{address}renamed/?fields=name")


# ---- pages ----


@pytest.fixture
def a_crowded_day(db):
    """A thousand stances of one date, between two of other days."""
    statement = StatementFactory(date="2024-02-13", published=True)
    StanceFactory(statement__date="2024-02-12")
    StanceFactory(statement__date="2024-02-14")
    actors = [GovernmentFactory() for _ in range(25)]
    topics = [TopicFactory() for _ in range(40)]
    stances = [
        Stance(statement=statement, actor=actor, topic=topic, position=2, attribution="own")
        for actor in actors
        for topic in topics
    ]
    Stance.prepare(stances)
    models.QuerySet(Stance).bulk_create(stances)  # not the curated ones' own, which compute positions


@settings(max_examples=4, phases=[Phase.generate])
@given(size=st.integers(60, 500), order=st.sampled_from(["date", "-date"]))
def test_pages_lose_and_repeat_nothing_where_a_thousand_rows_share_a_date(a_crowded_day, size, order):
    client = Client()
    query = f"stances/?fields=actor,topic,date&order={order}&page_size={size}"
    there = walk(client, query)
    assert {len(page) for page in there[:-1]} <= {size}
    rows = [(row["actor"], row["topic"], row["date"]) for page in there for row in page]
    exported = json_of(client.get(f"/stances.json?order={order}"))
    assert rows == [(row["actor"], row["topic"], row["date"]) for row in exported]
    assert len(set(rows)) == 1002
    last = client.get(f"{API}{query}").json()
    while last["next"]:
        last = client.get(last["next"]).json()
    back = walk(client, last["previous"].partition(API)[2], by="previous") if last["previous"] else []
    assert [row for page in back[::-1] for row in page] + last["results"] == [row for page in there for row in page]


@pytest.mark.parametrize("name", LISTS)
def test_page_by_page_a_list_gives_what_one_page_gives(client, world, name):
    query = "?kind=first&" if name == "changes" else "?"
    whole = results(client, f"{name}/{query}")
    assert len(whole) > 1
    assert walk(client, f"{name}/{query}page_size=1") == [[row] for row in whole]


def test_topics_go_back_as_they_went(client, world):
    TopicFactory(parent=Topic.objects.get(slug="trade"))
    pages = walk(client, "topics/?page_size=3")
    assert [len(page) for page in pages] == [3, 1]
    last = client.get(get(client, "topics/?page_size=3")["next"]).json()
    back = client.get(last["previous"]).json()
    assert (back["results"], back["previous"]) == (pages[0], None)


def test_a_cursor_whose_topic_is_none_of_the_list_is_refused(client, world):
    cursor = get(client, "topics/?page_size=1")["next"].partition("cursor=")[2].partition("&")[0]
    [told] = errors(client.get(f"{API}topics/?actor=australia&cursor={cursor}"), 400)
    assert told["parameter"] == "cursor"


def test_a_page_holds_fifty_rows_unless_more_are_asked_for(client):
    for _ in range(51):
        TopicFactory()
    assert len(results(client, "topics/")) == 50
    assert len(results(client, "topics/?page_size=500")) == 51


@pytest.mark.parametrize("size", ["0", "501", "-1", "1.5", "many", "٣", "9" * 40])
def test_a_page_of_another_size_is_refused(client, size):
    [told] = errors(client.get(f"{API}stances/", {"page_size": size}), 400)
    assert told["parameter"] == "page_size"
    assert "1 to 500" in told["message"]


# ---- fields ----


@pytest.mark.parametrize("name", LISTS)
def test_a_row_holds_the_fields_that_are_asked_for_alone(client, world, name):
    whole = results(client, f"{name}/")
    for field in whole[0]:
        assert results(client, f"{name}/?fields={field}") == [{field: row[field]} for row in whole]


def test_a_detail_holds_the_fields_that_are_asked_for_alone(client, world):
    assert get(client, "actors/japan/?fields=name,%20kind") == {"name": "Japan", "kind": "government"}


@pytest.mark.parametrize("address", ["stances/", "actors/japan/"])
def test_an_unknown_field_is_refused_with_those_that_there_are(client, world, address):
    [told] = errors(client.get(f"{API}{address}?fields=colour,actor"), 400)
    assert told["parameter"] == "fields"
    assert "There is no field “colour”. There are: " in told["message"]
    assert "actor" in told["message"]


def test_fewer_fields_read_fewer_columns(client, world):
    with CaptureQueriesContext(connection) as captured:
        results(client, "stances/?fields=position")
    assert not re.search(r"JOIN|rationale|summary", captured.captured_queries[-1]["sql"])


# ---- what makes no sense ----


@pytest.mark.parametrize(("name", "queries"), [("stances", 3), ("changes", 3), ("statements", 4), ("topics", 3)])
def test_a_page_takes_a_query_for_its_tag_one_for_its_keys_and_one_for_its_rows(client, world, name, queries):
    with CaptureQueriesContext(connection) as captured:
        assert client.get(f"/api/v1/{name}/").json()["results"]
    assert len(captured) == queries


@pytest.mark.parametrize(
    ("name", "query", "parameter", "told"),
    [(name, *case) for name in LISTS for case in [*WRONG[-2:], *WRONG_ON[name][-1:]]],
)
def test_what_makes_no_sense_is_told_by_its_parameter(client, world, name, query, parameter, told):
    [problem] = errors(client.get(f"{API}{name}/?{query}"), 400)
    assert problem["parameter"] == parameter
    assert told in problem["message"]
    assert problem["values"]


def test_all_that_makes_no_sense_is_told_at_once(client):
    told = errors(client.get(f"{API}stances/?position=3&fields=x&page_size=0&cursor=x&colour=red"), 400)
    assert {problem["parameter"] for problem in told} == {"position", "fields", "page_size", "cursor", "colour"}


def test_a_format_is_no_parameter(client):
    assert [told["parameter"] for told in errors(client.get(f"{API}stances/?format=csv"), 400)] == ["format"]


@pytest.mark.parametrize(
    "address", ["nothing/", "actors/nobody/", "actors/%00/", "statements/none/", "sources/a/b/", ""]
)
def test_an_address_of_nothing_is_404_in_json(client, address):
    response = client.get(f"{API}{address}" if address else "/api/")
    [told] = errors(response, 404)
    assert told["message"]


@pytest.mark.parametrize("accept", ["text/html", "text/csv", "application/xml", "nonsense"])
def test_json_is_the_answer_whatever_a_client_accepts(client, accept):
    response = client.get(API, headers={"accept": accept})
    assert (response.status_code, response["Content-Type"]) == (200, "application/json")


def test_the_index_names_what_there_is(client):
    found = get(client, "")
    assert list(found) == [*LISTS, "schema", "docs"]
    for address in found.values():
        assert client.get(address).status_code == 200


# ---- methods, caches, other sites, limits ----


@pytest.mark.parametrize("address", ["", "stances/", "actors/japan/", "schema/", "docs/"])
def test_only_reading_is_allowed(world, address):
    client = Client(enforce_csrf_checks=True)
    for method in ("post", "put", "patch", "delete"):
        response = getattr(client, method)(f"{API}{address}")
        assert response.status_code == 405
        assert "GET" in response["Allow"]
        assert "POST" not in response["Allow"]


@pytest.mark.parametrize("address", ["", "stances/", *DETAILS])
def test_head_answers_as_get_without_a_body_and_options_what_is_allowed(client, world, address):
    full, head = client.get(f"{API}{address}"), client.head(f"{API}{address}")
    assert (head.status_code, head.content, head["ETag"]) == (200, b"", full["ETag"])
    options = client.options(f"{API}{address}", headers={"if-none-match": full["ETag"]})
    assert (options.status_code, options["Allow"]) == (204, "GET, HEAD, OPTIONS")


@pytest.mark.parametrize("address", ["", "stances/?page_size=2", "actors/japan/", "schema/", "docs/"])
def test_a_client_that_has_it_is_told_so_until_the_data_change(client, world, address):
    tag = client.get(f"{API}{address}")["ETag"]
    again = client.get(f"{API}{address}", headers={"if-none-match": tag})
    assert (again.status_code, again.content) == (304, b"")
    PublicVersion.objects.bump()
    assert client.get(f"{API}{address}", headers={"if-none-match": tag}).status_code == 200


def test_an_error_has_no_tag(client):
    for address in ("stances/?position=3", "actors/nobody/"):
        response = client.get(f"{API}{address}")
        assert "ETag" not in response
        assert response["Cache-Control"] == "no-cache"


@pytest.mark.parametrize(
    "address", ["/api/v1/stances/", "/api/v1/nothing/", "/stances.json", "/stances.csv", "/actors/japan.json"]
)
def test_a_script_of_any_site_may_read_the_data(client, world, address):
    response = client.get(address, headers={"origin": "https://elsewhere.example"})
    assert response["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Credentials" not in response
    asked = client.options(
        address, headers={"origin": "https://elsewhere.example", "access-control-request-method": "GET"}
    )
    assert asked["Access-Control-Allow-Methods"] == "GET, HEAD, OPTIONS"


@pytest.mark.parametrize("address", ["/", "/stances/", "/admin/login/", "/admin/x.json"])
def test_a_script_of_another_site_reads_no_page_and_nothing_of_the_desk(client, world, address):
    response = client.get(address, headers={"origin": "https://elsewhere.example"})
    assert "Access-Control-Allow-Origin" not in response


def test_a_reader_needs_no_session_and_nothing_is_written(client, world):
    client.cookies["sessionid"] = "of-somebody"
    with CaptureQueriesContext(connection) as captured:
        for address in ("", *(f"{name}/" for name in LISTS), *DETAILS, "schema/", "docs/"):
            response = client.get(f"{API}{address}")
            assert not response.cookies
            assert "Cookie" not in response.get("Vary", "")
    statements = [query["sql"] for query in captured.captured_queries]
    assert {sql.split()[0] for sql in statements} <= {"SELECT", "WITH", "DECLARE"}
    assert not any("django_session" in sql or "auth_user" in sql for sql in statements)


@pytest.fixture
def few_requests(settings):
    cache.clear()
    settings.API_RATE = "2/day"
    yield
    cache.clear()


def test_where_a_limit_is_set_who_asks_more_often_is_told_to_wait(client, few_requests):
    assert [client.get(f"{API}topics/").status_code for _ in range(2)] == [200, 200]
    response = client.get(f"{API}topics/")
    assert errors(response, 429)
    assert int(response["Retry-After"]) > 0
    assert client.get(f"{API}docs/").status_code == 200
    assert client.get(f"{API}topics/", REMOTE_ADDR="192.0.2.7").status_code == 200


def test_a_client_does_not_escape_the_limit_by_naming_another_address(client, few_requests):
    codes = [client.get(f"{API}topics/", headers={"x-forwarded-for": f"192.0.2.{n}"}).status_code for n in range(3)]
    assert codes == [200, 200, 429]


def test_there_is_no_limit_unless_one_is_set(client):
    assert {client.get(f"{API}").status_code for _ in range(30)} == {200}


# ---- nothing that is not published ----


@pytest.fixture
def unpublished(world):
    """What only drafts, submitted and retracted statements know, each named so that it is found in an answer."""
    for status in (Status.DRAFT, Status.SUBMITTED, Status.RETRACTED):
        statement = StatementFactory(
            key=f"hidden-{status}",
            status=status,
            source=SourceFactory(slug=f"hidden-source-{status}", title="Hidden title", url="https://hidden.example/"),
            summary="Hidden words.",
            retraction_reason="It was wrong." if status == Status.RETRACTED else "",
        )
        actor = GovernmentFactory(slug=f"hidden-actor-{status}", name="Hidden actor")
        StanceFactory(statement=statement, actor=actor, topic=Topic.objects.get(slug="pact"), rationale="Hidden.")
        StanceFactory(statement=statement, actor=Actor.objects.get(slug="japan"), topic=Topic.objects.get(slug="trade"))
    Statement.objects.filter(key="interview").update(review_comment="Hidden comment.")
    Source.objects.filter(slug="late").update(text="Hidden text.")


@pytest.mark.every_case
@pytest.mark.parametrize(
    "address",
    [
        *(f"{name}/" for name in LISTS),
        "stances/?repeats=1",
        "changes/?kind=first",
        "positions/?on=2024-06-01",
        *DETAILS,
    ],
)
def test_nothing_shows_what_is_not_published(client, unpublished, address):
    told = client.get(f"{API}{address}").content.decode().lower()
    assert "hidden" not in told
    assert "secret" not in told


@pytest.mark.every_case
@pytest.mark.parametrize("name", ["actors", "topics", "sources", "statements", "stances"])
def test_no_search_finds_what_is_not_published(client, unpublished, name):
    assert results(client, f"{name}/?q=hidden") == []


@pytest.mark.every_case
@pytest.mark.parametrize("status", [Status.DRAFT, Status.RETRACTED])
def test_what_only_the_unpublished_knows_has_no_address_and_is_no_value_of_a_filter(client, unpublished, status):
    for address in (f"actors/hidden-actor-{status}/", f"sources/hidden-source-{status}/"):
        errors(client.get(f"{API}{address}"), 404)
    for name in LISTS:
        for query in (f"actor=hidden-actor-{status}", f"source=hidden-source-{status}"):
            errors(client.get(f"{API}{name}/?{query}"), 400)


@pytest.mark.every_case
@pytest.mark.parametrize("status", [Status.DRAFT, Status.SUBMITTED])
def test_an_unpublished_statement_answers_like_one_that_never_was(client, unpublished, status):
    never = errors(client.get(f"{API}statements/never/"), 404)
    assert errors(client.get(f"{API}statements/hidden-{status}/"), 404) == never


def test_of_a_retracted_statement_only_that_it_was_and_why(client, unpublished):
    response = client.get(f"{API}statements/hidden-retracted/")
    assert response.status_code == 410
    told = {"statement_key", "status", "source_title", "retraction_reason", "retracted_on", "takes_its_place"}
    assert set(response.json()) == told


# ---- queries ----


def test_a_list_takes_as_many_queries_with_many_rows_as_with_few(client, world):
    def queries(address: str) -> int:
        with CaptureQueriesContext(connection) as captured:
            get(client, address)
        return len(captured)

    addresses = [*(f"{name}/" for name in LISTS), "positions/?on=2024-06-01", "statements/?topic=pact"]
    few = {address: queries(address) for address in addresses}
    for _ in range(6):
        stance = StanceFactory(topic__parent=Topic.objects.get(slug="pact"), topic__candidate=GovernmentFactory())
        AffiliationFactory(actor=stance.statement.speaker, of=stance.actor)
    assert {address: queries(address) for address in addresses} == few
    assert max(few.values()) <= 6


# ---- the schema ----


def test_the_schema_is_made_without_a_warning(capsys):
    call_command("spectacular", validate=True, fail_on_warn=True)
    assert "openapi: 3.1" in capsys.readouterr().out


def properties(schema: dict) -> dict:
    """Resolve a schema's reference, and give its properties."""
    if "allOf" in schema:
        schema = schema["allOf"][0]
    if "$ref" in schema:
        schema = openapi()["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return schema.get("properties", {})


def same_names(value, schema: dict, where: str) -> None:
    """Compare the names in an answer with those in its schema, all the way down."""
    if isinstance(value, list):
        for item in value:
            same_names(item, schema["items"], where)
    elif isinstance(value, dict) and (known := properties(schema)):
        assert list(value) == list(known), where
        for name, part in value.items():
            same_names(part, known[name], f"{where}.{name}")


@pytest.mark.parametrize("address", [*(f"{name}/" for name in LISTS), *DETAILS])
def test_the_schema_names_what_an_answer_holds(client, world, address):
    AffiliationFactory(actor=Actor.objects.get(slug="minister"), of=Actor.objects.get(slug="japan"))
    path = API + re.sub(r"/(\w+)/\Z", "/{key}/" if address.startswith("statements/i") else "/{slug}/", address)
    schema = openapi()["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    same_names(get(client, address), schema, address)


def test_every_parameter_is_described():
    described = [p for path in openapi()["paths"].values() for p in path["get"]["parameters"]]
    assert all(parameter["description"] for parameter in described)


@pytest.fixture
def served(world):
    """The application as a server calls it, within the test's transaction."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield schemathesis.openapi.from_wsgi(f"{API}schema/", get_wsgi_application())
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


def test_any_request_is_answered_as_the_schema_says(served):
    operations = [found.ok() for found in served.get_all_operations()]
    assert len(operations) == 11
    for operation in operations:

        @settings(max_examples=8, phases=[Phase.generate])
        @given(case=operation.as_strategy())
        def answered(case):
            # No schema can tell which slugs there are, nor that a blank parameter is none.
            case.call_and_validate(excluded_checks=[positive_data_acceptance, negative_data_rejection])

        answered()


def test_the_example_in_the_documentation_runs(live_server, transactional_db):
    pact.place()
    text = (Path(__file__).resolve().parent.parent / "docs" / "api.md").read_text()
    [code] = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    found: dict = {}
    exec(code.replace("http://127.0.0.1:8000", live_server.url), found)  # noqa: S102
    assert [row["statement_key"] for row in found["statements"]] == ["speech", "account", "interview"]


# ---- the pages about it ----


def test_the_page_of_the_api_shows_each_address_and_an_example_that_is_true(client, world):
    response = client.get("/api/v1/docs/")
    content = response.content.decode()
    for name in client.get("/api/v1/").json():
        assert f"/api/v1/{name}/" in content
    for name in ("actors", "topics", "sources"):
        assert f"/api/v1/{name}/&lt;slug&gt;/" in content
    asked = response.context["asked"]
    assert f"curl '{asked}'".replace("&", "&amp;").replace("'", "&#x27;") in content.replace("'", "&#x27;")
    assert json.loads(response.context["example"]) == client.get(asked).json()
    assert len(client.get(response.context["all_rows"]).getvalue()) > 10
    assert "A page has 50 rows" in content
    assert {name for name, *_ in response.context["api_parameters"]} > {"actor", "kind", "fields", "page_size"}


def test_the_page_of_the_api_needs_no_change(client):
    assert client.get("/api/v1/docs/").context["example"] == ""


def test_the_page_of_columns_describes_every_column_of_every_file(client):
    response = client.get("/about/columns/")
    tables = {csv: columns for _, _, csv, columns in response.context["tables"] if csv}
    assert len(tables) == 7
    for address, columns in tables.items():
        header = client.get(address).getvalue().decode().strip()
        assert [column.name for column in columns] == header.split(",")
    for *_, columns in response.context["tables"]:
        assert [column.name for column in columns if not column.note] == []
    values = {column.name: column.values for column in tables["/stances.csv"]}
    assert ("time", "later") in [(value, words[:5]) for value, words in values["terms"]]
    for page in ("/about/", "/api/v1/docs/"):
        assert 'href="/about/columns/"' in client.get(page).content.decode()


def test_a_detail_meets_a_topic_that_is_newer_than_its_page(client, world, monkeypatch):
    data, told = ActorView.data, []

    def once(page, row):
        told.append(page)
        if len(told) == 1:
            raise OutdatedTree(1)
        return data(page, row)

    monkeypatch.setattr(ActorView, "data", once)
    assert client.get("/api/v1/actors/japan/").status_code == 200
    assert told[0] is not told[1]
