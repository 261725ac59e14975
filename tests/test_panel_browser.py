import json
import re
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from browser_support import XSS, watched_page
from serve_support import COMPLAINT, Server, eventually, model, start_server

from opportunity.advice.reply import check_reply
from opportunity.journal import Journal
from opportunity.records import Suggestion

pytestmark = pytest.mark.slow

DESK = "http://desk.example"
SCRIPT = resources.files("opportunity.serve").joinpath("static", "opportunity-panel.js").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("panel")


@pytest.fixture(scope="module")
def server(data_dir: Path) -> Iterator[Server]:
    with start_server(data_dir, OPPORTUNITY_FRAME_ANCESTORS=DESK) as server:
        yield server


@pytest.fixture
def page(browser: Any, server: Server) -> Iterator[Any]:
    with watched_page(browser) as page:
        page.goto(f"{server.url}/panel")
        yield page


def read(page: Any, text: str) -> None:
    page.get_by_label("What the customer wrote").fill(text)
    page.get_by_role("button", name="Read it").click()
    page.get_by_role("heading", name="Their words").wait_for()


def test_the_script_makes_no_html_from_strings() -> None:
    assert not re.findall(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|setHTML", SCRIPT
    )


def test_it_shows_both_answers_the_plan_and_the_levels(page: Any) -> None:
    suggestion = model()(COMPLAINT)
    read(page, COMPLAINT)
    for said in (
        suggestion.answers.opportunity,
        suggestion.answers.help,
        suggestion.plan.respond,
        suggestion.levels.amaze,
    ):
        assert page.get_by_text(said, exact=True).first.is_visible()
    assert page.get_by_role("heading", name="What is the real opportunity here?").is_visible()
    assert page.locator("li[aria-current=step]").count() == 1


@pytest.mark.parametrize("before", ["", "😀🎉 “Hello” — ", "e\u0301\u200d ", "<b>\n\n"])
def test_evidence_is_marked_where_the_library_says(page: Any, before: str) -> None:
    text = before + COMPLAINT
    read(page, text)
    assert shown(page) == text
    marked = page.locator("mark").evaluate_all("all => all.map(e => e.firstChild.textContent).join('')")
    assert marked == evidence_of(model()(text), text)


def shown(page: Any) -> str:
    """The customer's words on the page, without what only a screen reader is told."""
    words: str = page.locator(".words").evaluate(
        """e => { const copy = e.cloneNode(true); copy.querySelectorAll('.visually-hidden').forEach(n => n.remove());
        return copy.textContent }"""
    )
    return words


def evidence_of(suggestion: Suggestion, text: str) -> str:
    first = {"opportunity": suggestion.chosen.opportunity[:1], "help": suggestion.chosen.help[:1]}
    spans = [e for e in suggestion.evidence if e.label in first.get(e.head, ())]
    voted = {i for e in spans for i in range(e.start, e.end)}
    legend = "words" * len({e.head for e in spans})
    return "".join(c for i, c in enumerate(text) if i in voted) + legend


def test_a_draft_is_checked_while_it_is_written(page: Any) -> None:
    read(page, COMPLAINT)
    draft = page.get_by_label("Your reply")
    draft.press_sequentially("We are sorry for any inconvenience.", delay=5)
    page.locator(".asked li").nth(11).wait_for()
    first = page.locator(".gauge").text_content()
    draft.fill(
        "I am sorry that the costume for Friday is late and that nobody answered you. I will bring it to your door "
        "myself today by 5 pm, and I will ring you when I leave."
    )
    eventually(lambda: page.locator(".gauge").text_content() != first)
    assert page.get_by_role("img", name=re.compile("out of 10")).is_visible()


def test_a_correction_goes_to_the_journal_in_the_order_it_was_made(page: Any, data_dir: Path) -> None:
    text = f"{COMPLAINT} Reference blue."
    read(page, text)
    page.get_by_role("button", name="Correct").click()
    field = page.get_by_role("group", name="What is the real opportunity here?")
    while (ticked := field.get_by_role("checkbox", checked=True)).count():
        ticked.first.uncheck()
    field.get_by_label("Rebuild trust").check()
    field.get_by_label("Prevent harm").check()
    field.get_by_label("Save the moment").check()
    assert field.get_by_label("Fix the cause").is_disabled()
    page.get_by_role("button", name="Save correction").click()
    page.get_by_text("Your correction is kept").wait_for()
    (row,) = [r for r in rows(data_dir) if "Reference blue" in r["text"]]
    assert row["opportunity"] == ["rebuild_trust", "prevent_harm", "save_the_moment"]


def rows(data_dir: Path) -> list[dict[str, Any]]:
    with Journal(data_dir / "journal.sqlite3") as journal:
        return list(journal.labelled_rows())


def test_what_is_done_with_one_suggestion_stays_together(page: Any, data_dir: Path) -> None:
    read(page, f"{COMPLAINT} Together.")
    page.get_by_role("button", name="Accept").click()
    page.get_by_text("Noted as right").wait_for()
    page.get_by_role("button", name="Save as story").click()
    page.get_by_label("A name for the story").fill("The costume")
    page.get_by_label("What happened").fill("It was late.")
    page.get_by_label("What you did").fill("We drove it over.")
    page.get_by_role("button", name="Save story").click()
    page.get_by_text("Your story is kept").wait_for()
    with Journal(data_dir / "journal.sqlite3") as journal:
        (handled,) = [h for h in journal.handled() if h.text.endswith("Together.")]
        assert handled.told
        assert [s.suggestion for s in journal.stories()] == [handled.id]


def test_it_can_be_used_without_a_mouse(page: Any) -> None:
    page.keyboard.press("Tab")
    page.keyboard.type(COMPLAINT)
    page.keyboard.press("Control+Enter")
    page.get_by_role("heading", name="Their words").wait_for()
    reached = []
    for _ in range(12):
        page.keyboard.press("Tab")
        focused = "document.querySelector('opportunity-panel').shadowRoot.activeElement"
        reached.append(page.evaluate(f"{focused}?.textContent.slice(0, 30) || {focused}?.id || ''"))
        ring = page.evaluate(f"{focused} ? getComputedStyle({focused}).outlineStyle : 'solid'")
        assert ring != "none"
        if reached[-1] == "Accept":
            page.keyboard.press("Enter")
            page.get_by_text("Noted as right").wait_for()
            return
    raise AssertionError(reached)


def test_a_screen_reader_is_told_what_each_thing_is(page: Any) -> None:
    read(page, COMPLAINT)
    page.get_by_label("Your reply").fill("Sorry.")
    page.locator(".asked").wait_for()
    tree = page.locator("opportunity-panel").aria_snapshot()
    for part in (
        'heading "How can I help?"',
        'textbox "Your reply"',
        'group "The customer\'s message"',
        'region "Suggestion for this complaint"',
        'button "Accept"',
        "status",
    ):
        assert part in tree
    unnamed = page.evaluate(
        """() => [...document.querySelector('opportunity-panel').shadowRoot
        .querySelectorAll('button, textarea, select, input')]
        .filter(e => !(e.textContent.trim() || e.labels?.length || e.getAttribute('aria-label'))).length"""
    )
    assert unnamed == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1100])
def test_it_fits_and_can_be_read_light_and_dark_on_any_width(
    browser: Any, server: Server, scheme: str, width: int
) -> None:
    with watched_page(browser, viewport={"width": width, "height": 800}, color_scheme=scheme) as page:
        page.goto(f"{server.url}/panel")
        read(page, COMPLAINT + " " + "x" * 300)
        page.get_by_label("Your reply").fill("Dear valued customer, I am sorry for any inconvenience.")
        page.locator(".asked").wait_for()
        page.get_by_text("Other readings").click()
        page.get_by_role("button", name="Correct").click()
        page.get_by_role("button", name="Save correction").wait_for()
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.evaluate(CONTRAST) == []


CONTRAST = """() => {
  const light = ([r, g, b]) => [r, g, b].map(v => (v /= 255) <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
  const rgb = css => (css.match(/[\\d.]+/g) || []).map(Number);
  const behind = e => { for (; e; e = e.parentElement || e.getRootNode().host) {
    const found = rgb(getComputedStyle(e).backgroundColor); if (found.length === 3 || found[3] === 1) return found; }
    return [255, 255, 255]; };
  const poor = [];
  for (const e of document.querySelector('opportunity-panel').shadowRoot.querySelectorAll('*')) {
    const own = [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim());
    const left = e.closest('svg, .visually-hidden, :disabled, label:has(:disabled), mark.both');
    if (!own || left || !e.checkVisibility()) continue;
    const [a, b] = [light(rgb(getComputedStyle(e).color)), light(behind(e))].sort((x, y) => y - x);
    if ((a + .05) / (b + .05) < 4.5) poor.push(`${e.className || e.tagName}: ${((a + .05) / (b + .05)).toFixed(2)}`);
  }
  return poor;
}"""


def test_no_script_runs_whatever_a_customer_or_an_agent_writes(browser: Any, server: Server, nasty: list[str]) -> None:
    with watched_page(browser, only=server.url) as page:
        page.goto(f"{server.url}/panel")
        for number, part in enumerate(batched(nasty, 5000)):
            text = f"{COMPLAINT} {part}"
            page.evaluate(
                "given => { document.querySelector('opportunity-panel').show(given) }", {"id": number, "text": text}
            )
            eventually(lambda text=text: page.locator(".words").count() and shown(page) == text)
            with page.expect_response("**/v1/check"):
                page.get_by_label("Your reply").fill(text)
            page.get_by_role("button", name="Correct").click()
            page.get_by_role("button", name="Save correction").click()
            page.get_by_text("Your correction is kept").wait_for()
            page.get_by_role("button", name="Save as story").click()
            for name in ("A name for the story", "What happened", "What you did", "The one thing more"):
                page.get_by_label(name).fill(text[-500:])
            page.get_by_role("button", name="Save story").click()
            page.get_by_text("Your story is kept").wait_for()
            assert planted(page) == 0


def batched(texts: list[str], characters: int) -> Iterator[str]:
    """The texts, some to a message."""
    batch = ""
    for text in texts:
        if batch and len(batch) + len(text) > characters:
            yield batch
            batch = ""
        batch += text + "\n"
    yield batch


def test_no_script_runs_whatever_the_service_answers(browser: Any, server: Server) -> None:
    payload = " ".join(XSS)

    def poisoned(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: poisoned(v) for key, v in value.items()}
        if isinstance(value, list):
            return [poisoned(v) for v in value]
        return f"{value} {payload}" if isinstance(value, str) else value

    review = check_reply(COMPLAINT, "Sorry.").to_dict()

    def poison(route: Any) -> None:
        answer = review if route.request.url.endswith("/check") else route.fetch().json()
        route.fulfill(json=poisoned(answer))

    with watched_page(browser) as page:
        page.route("**/v1/*", poison)
        page.goto(f"{server.url}/panel")
        read(page, COMPLAINT)
        page.get_by_role("button", name="Correct").click()
        page.get_by_role("button", name="Save correction").wait_for()
        page.get_by_label("Your reply").fill("Sorry.")
        page.locator(".asked").wait_for()
        assert planted(page) == 0


def planted(page: Any) -> int:
    count: int = page.evaluate(
        "document.querySelector('opportunity-panel').shadowRoot"
        ".querySelectorAll('script, img, iframe, a, link, math, template').length"
    )
    return count


def test_a_service_that_is_gone_is_said_and_the_text_stays(browser: Any, server: Server) -> None:
    with watched_page(browser) as page:
        page.goto(f"{server.url}/panel")
        page.route("**/v1/*", lambda route: route.abort())
        page.get_by_label("What the customer wrote").fill(COMPLAINT)
        page.get_by_role("button", name="Read it").click()
        page.get_by_text("The service cannot be reached. Your text is still here.").wait_for()
        assert page.get_by_label("What the customer wrote").input_value() == COMPLAINT


def desk_page(server: Server, path: str, *messages: Any) -> str:
    """A helpdesk's page that embeds the panel and sends it messages once it asks or is there."""
    sends = "".join(f"frame.contentWindow.postMessage({json.dumps(m)}, '*');" for m in messages)
    return f"""<!doctype html><title>desk</title><iframe id=f src="{server.url}{path}" width=400 height=600></iframe>
    <script>const frame = document.getElementById('f'); window.asked = [];
    addEventListener('message', e => window.asked.push(e.data));
    frame.onload = () => {{ {sends} }};</script>"""


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/panel", {"type": "opportunity:complaint", "id": "9", "text": COMPLAINT}),
        (
            "/panel/chatwoot",
            json.dumps(
                {
                    "event": "appContext",
                    "data": {
                        "conversation": {
                            "id": 9,
                            "messages": [
                                {"message_type": 0, "content": "Hello"},
                                {"message_type": 0, "content": COMPLAINT},
                                {"message_type": 1, "content": "An agent's words"},
                                {"message_type": 0, "content": "a note", "private": True},
                            ],
                        }
                    },
                }
            ),
        ),
    ],
)
def test_an_allowed_helpdesk_may_embed_it_and_send_a_complaint(
    browser: Any, server: Server, path: str, message: Any
) -> None:
    with watched_page(browser) as page:
        page.route(
            f"{DESK}/**", lambda route: route.fulfill(body=desk_page(server, path, message), content_type="text/html")
        )
        page.goto(f"{DESK}/ticket")
        panel = page.frame_locator("#f")
        panel.get_by_role("heading", name="Their words").wait_for()
        assert shown(panel) == COMPLAINT
        if "chatwoot" in path:
            assert page.evaluate("window.asked") == ["chatwoot-dashboard-app:fetch-info"]


@pytest.mark.parametrize(("origin", "expected"), [(DESK, "Their words"), ("http://evil.example", "cannot be reached")])
def test_any_page_may_show_it_and_an_allowed_one_may_call_the_service(
    browser: Any, server: Server, origin: str, expected: str
) -> None:
    body = f"""<!doctype html><title>desk</title>
    <script type=module src="{server.url}/panel/opportunity-panel.js"></script>
    <script id=given type=application/json>{json.dumps({"id": "7", "text": COMPLAINT})}</script>
    <opportunity-panel api="{server.url}/v1" api-key="anything" source=given></opportunity-panel>"""
    with watched_page(browser) as page:
        page.route(f"{origin}/**", lambda route: route.fulfill(body=body, content_type="text/html"))
        page.goto(f"{origin}/")
        page.get_by_text(expected).wait_for()


def test_a_page_that_is_not_allowed_cannot_embed_it(browser: Any, server: Server) -> None:
    message = {"type": "opportunity:complaint", "text": COMPLAINT}
    with watched_page(browser) as page:
        body = desk_page(server, "/panel", message)
        page.route("http://evil.example/**", lambda route: route.fulfill(body=body, content_type="text/html"))
        page.goto("http://evil.example/")
        page.wait_for_timeout(500)
        assert page.frames[1].url.startswith("chrome-error:")


def test_messages_from_elsewhere_are_not_heard(page: Any) -> None:
    page.evaluate(
        """text => { const event = {data: {type: 'opportunity:complaint', text}};
        for (const origin of ['http://evil.example', 'null', '', 'http://desk.example.evil.example'])
            dispatchEvent(new MessageEvent('message', {...event, origin, source: window}));
        dispatchEvent(new MessageEvent('message', {...event, origin: 'http://desk.example', source: null})); }""",
        COMPLAINT,
    )
    page.wait_for_timeout(400)
    assert not page.get_by_role("heading", name="Their words").is_visible()


ZAF = """window.ZAFClient = {init: () => ({
  get: async () => ({"ticket.id": 42, "ticket.description": %s, "comment.text": ""}),
  on: (name, heard) => { window.heard = {[name]: heard}; },
  invoke: () => {},
  request: async (given) => { (window.requests ||= []).push(given);
    const headers = {"content-type": given.contentType};
    return (await fetch(given.url, {method: given.type, body: given.data, headers})).json(); },
})};"""


def test_in_zendesk_it_reads_the_ticket_and_leaves_the_key_there(browser: Any, server: Server) -> None:
    ticket = f"<p>{COMPLAINT}</p><img src=x onerror='window.xss=1'>"
    with watched_page(browser) as page:
        sdk = ZAF % json.dumps(ticket)
        page.route("https://static.zdassets.com/**", lambda r: r.fulfill(body=sdk, content_type="text/javascript"))
        page.goto(f"{server.url}/panel/zendesk")
        page.get_by_role("heading", name="Their words").wait_for()
        assert shown(page) == COMPLAINT
        page.evaluate("window.heard['comment.text.changed']('<p>I bring it <b>today</b>.</p>')")
        page.locator(".asked").wait_for()
        assert page.get_by_label("Your reply").input_value() == "I bring it today."
        requests = page.evaluate("window.requests")
        assert all(r["secure"] and r["headers"]["Authorization"] == "Bearer {{setting.api_key}}" for r in requests)
