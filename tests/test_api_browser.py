"""The API's page in a real Chromium: it renders and works under the policy of content, with nothing from elsewhere."""

from __future__ import annotations

import pytest

from tests import pact
from tests.test_browser import faults_of


@pytest.mark.browser
def test_the_api_can_be_read_and_tried_out_on_its_page(transactional_db, live_server, page, complaints):
    pact.place()
    requested: list[str] = []
    page.on("request", lambda request: requested.append(request.url))
    page.add_init_script(
        "window.refused = []; addEventListener('securitypolicyviolation', e => refused.push(e.blockedURI))"
    )
    page.goto(f"{live_server.url}/api/v1/docs/")
    page.wait_for_selector("#operations-changes-changes")
    page.click("#operations-changes-changes .opblock-summary-control")
    page.click(".try-out__btn")
    page.fill("input[aria-label=cursor]", "")
    page.click(".btn.execute")
    page.wait_for_selector(".live-responses-table")
    assert '"kind": "reversal"' in page.inner_text(".live-responses-table")
    assert complaints == []
    assert page.evaluate("window.refused") == []
    assert [url for url in requested if not url.startswith((f"{live_server.url}/", "data:", "blob:"))] == []
    assert faults_of(page, f"{live_server.url}/api/v1/docs/") == []


def test_without_script_the_page_names_the_addresses(client, db):
    response = client.get("/api/v1/docs/")
    for name in ("stances", "changes", "positions", "statements", "actors", "topics", "sources", "schema"):
        assert f'href="/api/v1/{name}/"' in response.content.decode()


def test_only_this_page_may_show_pictures_of_its_stylesheet(client, db):
    assert "img-src 'self' data:" in client.get("/api/v1/docs/")["Content-Security-Policy"]
    for address in ("/", "/about/", "/api/v1/", "/admin/login/"):
        policy = client.get(address)["Content-Security-Policy"]
        assert "data:" not in policy
        assert "unsafe" not in policy
