"""Coding in the text in a real browser: by selection and by keyboard, under the strict policy of content."""

from __future__ import annotations

import datetime as dt

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from stances.models import Actor, Position, Source, Stance, Statement
from tests.barriers import barriers
from tests.desk import address, sign_in, tick, ticked
from tests.factories import (
    AffiliationFactory,
    CoderFactory,
    EditorFactory,
    GovernmentFactory,
    GroupFactory,
    PersonFactory,
    SourceFactory,
    StanceFactory,
    StatementFactory,
    TopicFactory,
)

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("groups")]

TEXT = """The two sides 🙂 met.
“We are open to it,” the minister said. “The ships are another matter.”
The pact took note of it with pleasure."""


@pytest.fixture
def source():
    return SourceFactory(title="Herald of today", text=TEXT, published_on=dt.date(2024, 2, 15))


@pytest.fixture
def minister():
    """A minister of Ruritania, and topics to have stances on."""
    TopicFactory(name="Singing", proposition="All should sing.")
    TopicFactory(name="Dancing")
    return AffiliationFactory(
        actor=PersonFactory(name="Anna Alto"), of=GovernmentFactory(name="Ruritania"), title="Minister for Songs"
    )


def ready(page) -> None:
    """Wait until the form's script has offered its keys."""
    expect(page.locator(".keys").first).to_be_visible()


def code(page, live_server, source, user=None):
    """Open the form of a new statement beside its article."""
    sign_in(page, user or CoderFactory(), live_server)
    page.goto(f"{live_server.url}{address(Statement, 'add')}?source={source.pk}")
    ready(page)


def type_into(page, label: str, words: str) -> None:
    """Choose a row by keyboard in the autocomplete field that has focus."""
    page.locator(f".field-{label} .select2-container--focus").first.wait_for()
    page.keyboard.press("Enter")
    page.locator(".select2-container--open .select2-search__field:focus").wait_for()
    page.keyboard.type(words)
    page.locator(".select2-results__option--highlighted:not(.loading-results)", has_text=words).wait_for()
    page.keyboard.press("Enter")


def tab_to(page, name: str) -> None:
    """Go on by the tabulator to the field of a name, or to its autocomplete field."""
    here = "document.activeElement.name || document.activeElement.closest('.related-widget-wrapper')"
    for _ in range(40):
        page.keyboard.press("Tab")
        found = page.evaluate(f"(() => {{ const at = {here}; return at?.querySelector?.('select')?.name || at; }})()")
        if found == name:
            return
    raise AssertionError(f"{name} cannot be reached by the tabulator.")


def choose_words(page, down: int, right: int, more: int) -> None:
    """Choose words of the article by its own keys."""
    page.focus(".article")
    page.keyboard.press("ArrowDown")
    for _ in range(down):
        page.keyboard.press("ArrowDown")
    for _ in range(right):
        page.keyboard.press("ArrowRight")
    for _ in range(more):
        page.keyboard.press("Shift+ArrowRight")


def select(page, words: str) -> None:
    """Select words of one paragraph as a mouse does."""
    page.evaluate(
        """words => {
          for (const line of document.querySelectorAll(".article p")) {
            const walker = document.createTreeWalker(line, NodeFilter.SHOW_TEXT);
            while (walker.nextNode()) {
              const at = walker.currentNode.data.indexOf(words);
              if (at >= 0) {
                document.getSelection().setBaseAndExtent(walker.currentNode, at, walker.currentNode, at + words.length);
                return;
              }
            }
          }
        }""",
        words,
    )


def test_a_text_is_coded_from_paste_to_publication_by_keyboard_alone(page, live_server, minister, complaints):
    sign_in(page, CoderFactory(), live_server)
    page.goto(live_server.url + address(Source, "add"))
    page.focus("#id_title")
    page.keyboard.type("Herald of today")
    page.focus("#id_text")
    page.keyboard.insert_text(TEXT)
    page.focus("#id_published_on")
    page.keyboard.type("2024-02-15")
    page.keyboard.press("Enter")
    page.wait_for_url("**/source/")
    source = Source.objects.get()
    page.goto(live_server.url + address(source))
    page.focus("text=Code this source")
    page.keyboard.press("Enter")
    page.wait_for_url("**/statement/add/**")
    ready(page)

    choose_words(page, down=1, right=0, more=3)
    page.keyboard.press("s")
    assert page.input_value("#id_quote") == "We are open to"
    type_into(page, "speaker", "Anna Alto")
    tab_to(page, "said")
    page.keyboard.type("2024-02-13")
    tab_to(page, "summary")
    page.keyboard.type("The minister is open to it.")
    tab_to(page, "stances-0-actor")
    type_into(page, "actor", "Ruritania")
    tab_to(page, "stances-0-topic")
    type_into(page, "topic", "Singing")
    page.locator(".topic-notes", has_text="All should sing.").wait_for()
    expect(page.locator("#id_stances-0-attribution")).to_have_value("own")
    page.keyboard.press("Escape")
    for key in "49":
        page.keyboard.press(key)
    page.keyboard.press("Control+Enter")
    page.locator(".messagelist", has_text="is saved").wait_for()
    ready(page)

    choose_words(page, down=2, right=0, more=9)
    page.keyboard.press("s")
    assert page.input_value("#id_form") == "indirect"
    type_into(page, "speaker", "Ruritania")
    tab_to(page, "said")
    page.keyboard.type("../2024-02-15")
    tab_to(page, "summary")
    page.keyboard.type("It takes note.")
    tab_to(page, "stances-0-actor")
    type_into(page, "actor", "Ruritania")
    tab_to(page, "stances-0-topic")
    type_into(page, "topic", "Dancing")
    expect(page.locator("#id_stances-0-attribution")).to_have_value("own")
    page.keyboard.press("Escape")
    page.keyboard.press("5")
    page.keyboard.press("Control+s")
    page.wait_for_url("**/change/**")
    first, second = Statement.objects.order_by("pk")
    assert (first.quote, first.locator, first.form, first.authority) == ("We are open to", "2", "direct", "minister")
    assert (TEXT[first.start : first.end], str(first.date)) == ("We are open to", "2024-02-13")
    assert (TEXT[second.start : second.end], second.locator) == ("The pact took note of it with pleasure.", "3")
    stances = Stance.objects.order_by("pk").values_list("position", "terms", "attribution")
    assert list(stances) == [(1, "leaning", "own"), (2, "", "own")]

    ready(page)
    page.keyboard.press("Escape")
    page.keyboard.press("k")
    page.wait_for_url(f"**{address(first)}")
    ready(page)
    page.keyboard.press("j")
    page.wait_for_url(f"**{address(second)}")

    for statement in (second, first):
        page.goto(live_server.url + address(statement))
        page.focus("[name=_submit]")
        page.keyboard.press("Enter")
        page.locator(".messagelist", has_text="1 submitted for review").wait_for()

    page.context.clear_cookies()
    sign_in(page, EditorFactory(), live_server)
    for left in (2, 1):
        page.goto(live_server.url + reverse("admin:index"))
        waiting = page.locator("section[aria-labelledby=queue-waiting] li a")
        assert waiting.count() == left
        waiting.first.focus()
        page.keyboard.press("Enter")
        page.focus("[name=_publish]")
        page.keyboard.press("Enter")
        page.focus("input[value=Publish]")
        page.keyboard.press("Enter")
        page.locator(".messagelist li.success", has_text="1 published").wait_for()
    assert Statement.objects.published().count() == 2
    assert Position.objects.filter(topic__name="Dancing").get().value == 2
    assert complaints == []


def test_words_selected_over_marks_have_the_places_of_the_text(page, live_server, source, complaints):
    StanceFactory(statement=StatementFactory(source=source, quote="open to it"))
    code(page, live_server, source)
    page.evaluate(
        """() => {
          const line = document.querySelectorAll(".article p")[1];
          document.getSelection().setBaseAndExtent(line.firstChild, 4, line.lastChild, 26);
        }"""
    )
    page.click("text=Statement from the selection")
    start, end = (int(page.input_value(f"#id_{name}")) for name in ("start", "end"))
    assert page.input_value("#id_quote") == "are open to it … The"
    assert TEXT[start:end] == "are open to it,” the minister said. “The"
    assert complaints == []


def test_on_the_form_of_a_statement_a_selection_starts_a_new_one(page, live_server, source, complaints):
    coder = CoderFactory()
    coded = StatementFactory(source=source, coder=coder)
    code(page, live_server, source, coder)
    page.goto(live_server.url + address(coded))
    ready(page)
    select(page, "The ships are another matter")
    page.keyboard.press("s")
    page.wait_for_url("**/add/**")
    assert page.input_value("#id_quote") == "The ships are another matter"
    assert page.input_value("#id_form") == "direct"
    assert page.input_value("#id_locator") == "2"
    coded.refresh_from_db()
    assert coded.quote == ""


def test_one_key_gives_every_member_the_stance_of_a_row(page, live_server, source, complaints):
    group = GroupFactory(name="The Pact")
    TopicFactory(name="Singing")
    for name in ("Aland", "Beland", "Celand"):
        AffiliationFactory(actor=GovernmentFactory(name=name), of=group, authority="", title="member")
    code(page, live_server, source)
    assert page.locator(".every-member:visible").count() == 0
    select(page, "took note of it")
    page.keyboard.press("s")
    type_into(page, "speaker", "The Pact")
    page.locator(".every-member:visible").wait_for()
    expect(page.locator("#id_authority")).to_have_value("act")
    tab_to(page, "stances-0-topic")
    type_into(page, "topic", "Singing")
    page.keyboard.press("Escape")
    page.keyboard.press("5")
    page.keyboard.press("m")
    page.fill("#id_said", "2024-02-13")
    page.fill("#id_summary", "They take note with pleasure.")
    expect(page.locator("#id_stances-2-attribution")).to_have_value("own")
    page.keyboard.press("Control+s")
    page.wait_for_url("**/change/**")
    stances = Stance.objects.order_by("actor__name").values_list("actor__name", "position", "attribution")
    assert list(stances) == [(name, 2, "own") for name in ("Aland", "Beland", "Celand")]
    assert Actor.objects.filter(kind="government").count() == 3
    assert complaints == []


def test_a_field_that_the_coder_filled_is_not_suggested_over(page, live_server, source, minister):
    code(page, live_server, source)
    page.select_option("#id_authority", "unnamed")
    page.locator("#id_speaker + .select2 .select2-selection").focus()
    type_into(page, "speaker", "Anna Alto")
    page.locator("output", has_text="Minister for Songs, Ruritania").wait_for()
    assert page.input_value("#id_authority") == "unnamed"


def test_a_suggestion_that_came_while_the_day_was_typed_is_made_good(page, live_server, source, minister):
    code(page, live_server, source)
    day = page.input_value("#id_said")
    page.focus("#id_said")
    page.keyboard.press("Control+a")
    page.keyboard.type(day[:5])
    speaker = minister.actor
    with page.expect_response(lambda answer: "suggest" in answer.url and f"speaker={speaker.pk}" in answer.url):
        page.evaluate(
            "([id, name]) => django.jQuery('#id_speaker').append(new Option(name, id)).val(id).trigger('change')",
            [str(speaker.pk), speaker.name],
        )
    page.keyboard.type(day[5:])
    page.keyboard.press("Tab")
    expect(page.locator("#id_authority")).to_have_value("minister")
    expect(page.locator("#id_stances-0-attribution")).to_have_value("own")


def test_keys_are_letters_while_one_types(page, live_server, source, complaints):
    StatementFactory(source=source)
    code(page, live_server, source)
    page.focus("#id_summary")
    page.keyboard.type("jks am 12345")
    assert page.input_value("#id_summary") == "jks am 12345"
    assert page.locator(".dynamic-stances").count() == 1
    assert ticked(page, "stances-0-position") == ""
    page.keyboard.press("Escape")
    page.keyboard.press("a")
    assert page.locator(".dynamic-stances").count() == 2
    assert complaints == []


def test_the_words_that_anchor_a_side_stand_below_it_and_those_of_its_terms_on_their_tiles(page, live_server, source):
    code(page, live_server, source)
    terms, anchors = page.locator("#stances-0 .terms"), page.locator("#stances-0 .anchor:visible")
    assert (terms.is_visible(), anchors.count()) == (False, 0)
    tick(page, "stances-0-position", "-2")
    assert (terms.is_visible(), "would not accept" in anchors.inner_text()) == (False, True)
    tick(page, "stances-0-position", "-1")
    assert anchors.count() == 0
    assert "not now" in terms.inner_text()
    assert "for, later" not in terms.inner_text()
    tick(page, "stances-0-position", "1")
    assert "“as Pillar II becomes more mature”" in terms.inner_text()
    assert "not now" not in terms.inner_text()


def test_looking_at_a_side_tells_the_words_that_anchor_it(page, live_server, source):
    code(page, live_server, source)
    label = page.locator("#stances-0 .sides label", has_text="for, on terms")
    assert "as Pillar II becomes more mature" in label.get_attribute("title")
    page.focus("#id_summary")
    tab_to(page, "stances-0-position")
    told = page.locator("#stances-0 .anchor:visible")
    assert "would not accept" in told.inner_text()
    assert ticked(page, "stances-0-position") == ""


def test_a_whole_side_has_no_terms_and_a_tile_can_be_left_again(page, live_server, source, complaints):
    code(page, live_server, source)
    tick(page, "stances-0-position", "1")
    page.keyboard.press("7")
    assert ticked(page, "stances-0-terms") == "time"
    page.keyboard.press("ArrowRight")
    assert (ticked(page, "stances-0-position"), ticked(page, "stances-0-terms")) == ("2", "")
    page.keyboard.press("Backspace")
    assert ticked(page, "stances-0-position") == ""
    assert complaints == []


def test_without_script_a_side_shows_its_terms_and_wrong_ones_can_be_taken_back(browser, live_server, source):
    coder = CoderFactory()
    stance = StanceFactory(position=1, terms="time", statement=StatementFactory(source=source, coder=coder))
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    sign_in(page, coder, live_server)
    page.goto(live_server.url + address(stance.statement))
    page.locator("#stances-0 .sides label", has_text="++").click()
    page.click("[name=_continue]")
    assert "the others none" in page.locator("#stances-0 .field-terms .errorlist").inner_text()
    page.locator("#stances-0 .terms label", has_text="no terms").click()
    page.click("[name=_save]")
    context.close()
    stance.refresh_from_db()
    assert (stance.position, stance.terms) == (2, "")


@pytest.mark.parametrize(("width", "is_open"), [(360, False), (1400, True)])
def test_below_the_article_the_way_to_the_form_is_short(page, live_server, source, width, is_open):
    page.set_viewport_size({"width": width, "height": 780})
    code(page, live_server, source)
    folding = page.locator(".listed details, details.keys")
    assert folding.evaluate_all("all => all.map((each) => each.open)") == [is_open, is_open]
    page.locator(".listed summary").click()
    assert page.locator(".listed .no-text").is_visible() != is_open


def test_nothing_that_is_reached_by_the_tabulator_is_covered_by_what_saves(page, live_server, source):
    code(page, live_server, source)
    page.set_viewport_size({"width": 1400, "height": 700})
    page.focus("#id_quote")
    for _ in range(24):
        page.keyboard.press("Tab")
        page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        covered = page.evaluate(
            """() => {
              const at = document.activeElement, foot = document.querySelector(".submit-row").getBoundingClientRect();
              const box = at.getBoundingClientRect();
              return !at.closest(".submit-row") && document.querySelector("form").contains(at) && box.bottom > foot.top;
            }"""
        )
        assert not covered, page.evaluate("document.activeElement.outerHTML")


def test_a_quotation_is_looked_up_in_the_article_as_it_is_typed(page, live_server, source):
    code(page, live_server, source)
    select(page, "The ships are another matter")
    page.keyboard.press("s")
    told = page.locator("output.found")
    assert told.inner_text() == "Found word for word in paragraph 2, characters 42–69."
    page.fill("#id_quote", "The ships were another matter")
    assert told.inner_text() == "Not found word for word in one paragraph of the article."


def barriers_in_own_parts(page) -> list[str]:
    parts = [".beside", "#statement_form", ".object-tools", ".field-no_longer_there"]
    there = [[part] for part in parts if page.locator(part).count()]
    return barriers(page, {"include": there})


def test_the_page_is_accessible_and_as_wide_as_the_screen(page, live_server, source, complaints):
    coded = StanceFactory(statement=StatementFactory(source=source, quote="open to it"), position=-1).statement
    StanceFactory(statement=StatementFactory(source=source, quote="The ships are another matter"), position=0)
    lost = StatementFactory(source=source, quote="Not there")
    StatementFactory(source=source, quote="We are open to it", repeats=coded)
    sign_in(page, EditorFactory(), live_server)
    new = f"{address(Statement, 'add')}?source={source.pk}"
    for url in (new, address(coded), address(lost), address(source)):
        page.goto(live_server.url + url)
        assert complaints == [], url
        assert barriers_in_own_parts(page) == [], url
        complaints.clear()  # the checker's own styles are blocked


def test_what_is_known_of_the_last_statement_and_of_the_speaker_is_not_typed_again(page, live_server, source, minister):
    coder = CoderFactory()
    day = dt.date(2024, 2, 13)
    StatementFactory(source=source, coder=coder, earliest=day, latest=day, occasion="Press conference", locator="3")
    code(page, live_server, source, coder)
    page.click("text=As in the last: 2024-02-13, Press conference")
    assert (page.input_value("#id_said"), page.input_value("#id_occasion")) == ("2024-02-13", "Press conference")
    page.locator("#id_speaker + .select2 .select2-selection").focus()
    type_into(page, "speaker", "Anna Alto")
    expect(page.locator("#id_stances-0-actor")).to_have_value(str(minister.of_id))
    expect(page.locator("#id_stances-0-attribution")).to_have_value("own")


def test_keys_work_from_a_box_of_the_library_and_save_what_is_there(page, live_server, source, minister, complaints):
    code(page, live_server, source)
    select(page, "We are open to it")
    page.keyboard.press("s")
    type_into(page, "speaker", "Anna Alto")
    page.fill("#id_summary", "She is open to it.")
    page.locator("#id_stances-0-topic + .select2 .select2-selection").focus()
    type_into(page, "topic", "Dancing")
    expect(page.locator("#id_stances-0-attribution")).to_have_value("own")
    page.keyboard.press("5")
    assert ticked(page, "stances-0-position") == "2"
    page.locator("#id_stances-0-topic + .select2 .select2-selection").focus()
    page.keyboard.press("Control+Enter")
    page.wait_for_url("**#paragraph-2")
    assert Stance.objects.get().topic.name == "Dancing"
    assert complaints == []


def test_other_words_for_a_statement_that_is_not_saved_are_asked_about(page, live_server, source):
    code(page, live_server, source)
    select(page, "We are open to it")
    page.keyboard.press("s")
    page.fill("#id_summary", "She is open to it.")
    page.once("dialog", lambda dialog: dialog.dismiss())
    select(page, "The ships are another matter")
    page.click("text=Statement from the selection")
    assert page.input_value("#id_quote") == "We are open to it"
    page.once("dialog", lambda dialog: dialog.accept())
    select(page, "The ships are another matter")
    page.click("text=Statement from the selection")
    assert page.input_value("#id_quote") == "The ships are another matter"


def test_a_refused_form_opens_at_what_is_to_be_put_right(page, live_server, source):
    code(page, live_server, source)
    page.fill("#id_summary", "She is open to it.")
    page.fill("#id_said", "soon")
    page.keyboard.press("Control+s")
    page.locator(".errornote").wait_for()
    ready(page)
    expect(page.locator(".field-speaker .select2-selection")).to_be_focused()
