"""Addresses that lead nowhere: told in the format asked for, with what is like them."""

from __future__ import annotations

import pytest

from stances.models import Actor, Source
from stances.near import near_slugs

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("address", "names"),
    [
        ("/topics/trad/", ["Trade"]),
        ("/topics/pact-japann/", ["Pact: Japan", "Pact"]),
        ("/topics/japan/counts/", ["Pact: Japan"]),
        ("/actors/austrelia/", ["Australia"]),
        ("/actors/australia/on/trad/", ["Trade"]),
        ("/actors/japann/on/trade/", ["Japan"]),
        ("/sources/earl/", ["Early news"]),
        ("/sources/zzz/", []),
        ("/actors/x/", []),
    ],
)
def test_page_names_what_is_like_the_address(client, world, address, names):
    response = client.get(address)
    assert response.status_code == 404
    assert [near.name for near in response.context["near"]] == names
    assert ("Did you mean" in response.content.decode()) == bool(names)


@pytest.mark.parametrize("address", ["/actors/secret-actors/", "/sources/secret-sources/", "/actors/secret-actor/"])
def test_nothing_unpublished_is_named(client, world, address):
    response = client.get(address)
    assert response.status_code == 404
    assert "secret" not in str(response.context["near"])


@pytest.mark.parametrize("address", ["/", "/about/", "/stances.csv", "/api/v1/stances/", "/nowhere/"])
@pytest.mark.parametrize("host", ["evil.example", "a b", "localhost:x"])
def test_a_request_for_another_host_is_refused(client, address, host):
    assert client.get(address, headers={"host": host}).status_code == 400


TWINS = [
    "/actors/nobody{}",
    "/topics/nothing{}",
    "/sources/nothing{}",
    "/statements/nothing{}",
    "/topics/nothing/counts{}",
    "/actors/nobody/on/pact{}",
]
FIGURES = ["/topics/nothing/timeline{}", "/actors/nobody/timeline{}", "/topics/nothing/counts{}"]


@pytest.mark.parametrize("address", TWINS)
def test_json_of_nothing_is_json(client, world, address):
    response = client.get(address.format(".json"))
    assert response.status_code == 404
    assert response.json()["errors"][0]["message"].startswith("There is no such")


@pytest.mark.parametrize("address", [*FIGURES, "/actors/nobody/on/pact{}"])
def test_csv_of_nothing_is_plain_text(client, world, address):
    response = client.get(address.format(".csv"))
    assert (response.status_code, response["Content-Type"]) == (404, "text/plain; charset=utf-8")
    assert response.content.decode().startswith("There is no such")


@pytest.mark.parametrize("address", FIGURES)
def test_drawing_of_nothing_is_plain_text(client, world, address):
    response = client.get(address.format(".svg"))
    assert (response.status_code, response["Content-Type"]) == (404, "text/plain; charset=utf-8")


@pytest.mark.parametrize("slug", ["-", "a" * 5000, "x-" * 500, "_"])
def test_whatever_stands_in_an_address_raises_nothing(world, slug):
    for model in (Actor, Source):
        assert near_slugs(model, slug) == []
