import html
import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from typing import Any

import httpx
import pytest
from browser_support import watched_page, words
from helpdesk_support import Desk, new_desk
from serve_support import COMPLAINT, Server, assert_quick, eventually, model

from opportunity.journal import Journal

pytestmark = pytest.mark.slow

OWN_FAULT = "/static/helpdesk/"
"""Scripts of the helpdesk's own, one of which fails on a page without its button."""

ADA = httpx.BasicAuth("ada", "pass")

CREATE = """
import json, logging, time
from django.db import transaction
from helpdesk.forms import PublicTicketForm
from helpdesk.models import FollowUp, Queue, Ticket
from opportunity.integrations.django_helpdesk import notes, reading
from opportunity.integrations.django_helpdesk.models import NotedTicket

def create(text, title="A ticket"):
    form = PublicTicketForm(data={"queue": str(Queue.objects.get().id), "title": title, "body": text, "priority": "3",
                                  "submitter_email": "kim@example.com"})
    assert form.is_valid(), form.errors
    return form.save(None)

def notes_of(ticket):
    return FollowUp.objects.filter(ticket=ticket, public=False)

taken = []
inner = notes._suggest
def timed(ticket):
    started = time.perf_counter()
    try:
        return inner(ticket)
    finally:
        taken.append(time.perf_counter() - started)
notes._suggest = timed
p95 = lambda: sorted(taken)[int(len(taken) * 0.95) - 1]
"""


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    return new_desk(tmp_path_factory.mktemp("desk") / "project")


@pytest.fixture(scope="module")
def server(desk: Desk) -> Iterator[Server]:
    with desk.serve() as server:
        yield server


def rows(desk: Desk, statement: str, *values: Any) -> list[sqlite3.Row]:
    with sqlite3.connect(desk.folder / "db.sqlite3", timeout=10) as database:
        database.row_factory = sqlite3.Row
        found = database.execute(statement, values).fetchall()
    database.close()
    return found


def notes_of(desk: Desk, title: str) -> list[sqlite3.Row]:
    return rows(
        desk,
        "SELECT f.* FROM helpdesk_followup f JOIN helpdesk_ticket t ON t.id = f.ticket_id"
        " WHERE t.title = ? AND NOT f.public",
        title,
    )


def create_by_api(server: Server, title: str, text: str) -> int:
    data = {"queue": 1, "title": title, "description": text, "submitter_email": "kim@example.com", "priority": 3}
    answer = httpx.post(f"{server.url}/api/tickets/", json=data, auth=ADA, timeout=20)
    assert answer.status_code == 201, answer.text
    return int(answer.json()["id"])


# A note on every new ticket -------------------------------------------------------------------------------------------


def test_a_ticket_of_the_api_gets_one_internal_note(desk: Desk, server: Server) -> None:
    create_by_api(server, "by api", COMPLAINT)
    (note,) = eventually(lambda: notes_of(desk, "by api"))
    assert "What is the real opportunity here?" in note["comment"]
    assert "How can I help?" in note["comment"]
    assert unescaped(model()(COMPLAINT).answers.help) in unescaped(note["comment"])


def unescaped(markdown: str) -> str:
    return words(html.unescape(markdown.replace("\\", "")))


def test_a_ticket_of_the_public_form_gets_one_internal_note(desk: Desk, server: Server) -> None:
    with httpx.Client(base_url=server.url, follow_redirects=True, timeout=20) as client:
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', client.get("/tickets/submit/").text)
        assert token
        data = {"csrfmiddlewaretoken": token[1], "queue": 1, "title": "by form", "body": COMPLAINT, "priority": 3}
        shown = client.post("/tickets/submit/", data=data | {"submitter_email": "kim@example.com"})
    assert shown.status_code == 200
    assert len(eventually(lambda: notes_of(desk, "by form"))) == 1
    assert "real opportunity" not in shown.text


def test_a_ticket_that_comes_by_mail_gets_one_internal_note_though_the_process_ends_at_once(desk: Desk) -> None:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"], mail["Message-Id"] = (
        "kim@example.com",
        "care@desk.example",
        "by mail",
        "<1@x>",
    )
    mail.set_content(COMPLAINT)
    (desk.folder / "inbox" / "1.eml").write_bytes(bytes(mail))
    desk.manage("get_email")
    assert len(notes_of(desk, "by mail")) == 1


def test_no_mail_tells_a_customer_of_the_note_and_the_ticket_stays_as_it_was(desk: Desk) -> None:
    said = desk.run(
        CREATE
        + """
from unittest import mock
with mock.patch("requests.post", side_effect=AssertionError("a webhook fired")):
    ticket = create("Our heating is off again and nobody came.", "untouched")
reading.reads.drain()
later = Ticket.objects.get(pk=ticket.pk)
print(notes_of(ticket).count(), later.title, later.modified == ticket.modified, later.status)
"""
    )
    assert said.split() == ["1", "untouched", "True", "1"]
    sent = "".join(f.read_text() for f in (desk.folder / "sent").glob("*")) if (desk.folder / "sent").exists() else ""
    assert "real opportunity" not in sent


def test_a_ticket_never_gets_a_second_note_however_often_it_is_announced(desk: Desk) -> None:
    said = desk.run(
        CREATE
        + """
from concurrent.futures import ThreadPoolExecutor
from django.db import connections
from helpdesk.signals import new_ticket_done
ticket = create("I was charged twice.", "again and again")
def announce(_):
    new_ticket_done.send(sender="test", ticket=ticket)
    connections.close_all()
with ThreadPoolExecutor(4) as pool:
    list(pool.map(announce, range(40)))
reading.reads.drain()
print(notes_of(ticket).count())
"""
    )
    assert said.strip() == "1"


def test_a_note_of_a_ticket_that_is_rolled_back_is_never_written(desk: Desk) -> None:
    said = desk.run(
        CREATE
        + """
for deadline in (0, 5):
    from django.conf import settings
    settings.OPPORTUNITY = {**settings.OPPORTUNITY, "DEADLINE": deadline}
    try:
        with transaction.atomic():
            create("I was charged twice.", "rolled back")
            raise KeyError
    except KeyError:
        pass
    with transaction.atomic():
        ticket = create("I was charged twice.", "kept")
    reading.reads.drain()
    print(notes_of(ticket).count())
print(Ticket.objects.filter(title="rolled back").count())
print(NotedTicket.objects.filter(ticket__title="rolled back").count())
"""
    )
    assert said.split() == ["1", "1", "0", "0"]


# Whatever happens, the ticket is created ------------------------------------------------------------------------------

FAULTS = {
    "model missing": 'from django.conf import settings; settings.OPPORTUNITY = {"MODEL": "/nowhere/at/all"}',
    "model broken": 'reading.desk.triage = lambda complaint: 1 / len("")',
    "model hung": "import time; reading.desk.triage = lambda complaint: time.sleep(3600)",
    "model slow": """
inner_model = reading.desk.triage
def slow(complaint):
    time.sleep(0.1)
    return inner_model(complaint)
reading.desk.triage = slow
""",
    "model gives rubbish": "reading.desk.triage = lambda complaint: 7",
    "table missing": """
from django.db import connection
connection.cursor().execute("ALTER TABLE opportunity_helpdesk_notedticket RENAME TO gone")
""",
    "the default model": "from django.conf import settings; settings.OPPORTUNITY = {}",
    "nothing wrong": "",
}


HUNDRED = ("model missing", "model broken", "model hung", "nothing wrong")
READ = ("model slow", "the default model", "nothing wrong")


@pytest.mark.parametrize("fault", FAULTS)
def test_a_hundred_tickets_are_created_whatever_happens_and_none_waits(desk: Desk, fault: str) -> None:
    wanted = 100 if fault in HUNDRED else 25
    marker = f"SECRETWORDS {fault}"
    said = desk.run(CREATE + FAULTS[fault] + f"""
for i in range({wanted}):
    create({marker!r} + " I was charged twice and want my money back.", {fault!r})
print(json.dumps([Ticket.objects.filter(title={fault!r}).count(), p95()]))
if {fault!r} in {READ!r}:
    reading.reads.drain(60)
from django.db import connection
if "gone" in connection.introspection.table_names():
    connection.cursor().execute("ALTER TABLE gone RENAME TO opportunity_helpdesk_notedticket")
""")  # fmt: skip
    created, p95 = json.loads(said)
    assert created == wanted
    if fault != "table missing":  # its notes are written late, where the table comes back in time
        assert len(notes_of(desk, fault)) == (wanted if fault in READ else 0)
    assert "SECRETWORDS" not in desk.log
    assert_quick(lambda: p95, 0.05)


# The panel's operations -----------------------------------------------------------------------------------------------


@pytest.fixture
def ada(server: Server) -> Iterator[httpx.Client]:
    with logged_in(server, "ada") as client:
        yield client


@contextmanager
def logged_in(server: Server, name: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url, follow_redirects=True, timeout=20) as client:
        client.get("/login/")
        token = client.cookies["csrftoken"]
        client.post("/login/", data={"username": name, "password": "pass", "csrfmiddlewaretoken": token})
        client.headers["x-csrftoken"] = client.cookies["csrftoken"]
        yield client


def test_the_operations_answer_like_the_service(ada: httpx.Client) -> None:
    answer = ada.post("/opportunity/v1/suggest", json={"text": COMPLAINT, "id": "3"})
    assert answer.status_code == 200
    assert answer.json()["answers"] == model()(COMPLAINT).to_dict()["answers"]
    assert len(ada.get("/opportunity/v1/taxonomy").json()) == 7
    assert len(ada.post("/opportunity/v1/check", json={"complaint": "a", "reply": "b"}).json()["answers"]) == 12


def test_the_operations_are_for_staff_alone(server: Server) -> None:
    with httpx.Client(base_url=server.url) as nobody, logged_in(server, "guest") as guest:
        assert nobody.get("/opportunity/v1/taxonomy").status_code == 403
        assert guest.get("/opportunity/v1/taxonomy").status_code == 403
        assert guest.post("/opportunity/v1/suggest", json={"text": "a"}).status_code == 403


def test_the_operations_need_djangos_token_against_forged_requests(ada: httpx.Client) -> None:
    del ada.headers["x-csrftoken"]
    assert ada.post("/opportunity/v1/suggest", json={"text": "a"}).status_code == 403


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 422),
        (b"[" * 100_000, 422),
        (b'{"body": "SECRETWORDS"}', 422),
        (b'{"text": "' + b"a" * 3_000_000 + b'"}', 413),
    ],
)
def test_a_wrong_request_is_refused_without_its_words(ada: httpx.Client, body: bytes, status: int) -> None:
    answer = ada.post("/opportunity/v1/suggest", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == status
    assert "SECRETWORDS" not in answer.text
    assert ada.get("/opportunity/v1/suggest").status_code == 405


# In the browser -------------------------------------------------------------------------------------------------------


def open_ticket(page: Any, server: Server, number: int) -> None:
    page.goto(f"{server.url}/login/")
    page.get_by_label("Username").fill("ada")
    page.get_by_label("Password").fill("pass")
    page.get_by_role("button", name=re.compile("log ?in", re.IGNORECASE)).click()
    page.goto(f"{server.url}/tickets/{number}/")
    page.get_by_role("heading", name="Their words").wait_for()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_from_a_new_complaint_to_a_correction_in_the_journal(
    desk: Desk, server: Server, browser: Any, scheme: str
) -> None:
    text = f"{COMPLAINT} Colour {scheme}."
    number = create_by_api(server, f"journey {scheme}", text)
    eventually(lambda: notes_of(desk, f"journey {scheme}"))
    with watched_page(browser, OWN_FAULT, viewport={"width": 1280, "height": 900}, color_scheme=scheme) as page:
        open_ticket(page, server, number)
        assert page.locator("opportunity-panel .answer p").first.text_content() == model()(text).answers.opportunity
        assert page.locator("opportunity-panel mark").count() > 0
        assert page.locator("#followup-list").get_by_text("What is the real opportunity here?").is_visible()
        page.get_by_role("tab", name="Respond").click()
        page.locator("#commentBox").press_sequentially("I am sorry. I will come today at 5 pm myself.", delay=3)
        page.locator("opportunity-panel .asked").wait_for()
        page.get_by_role("button", name="Correct").click()
        page.get_by_label("How it is said").select_option("calm")
        page.get_by_role("button", name="Save correction").click()
        page.get_by_text("Your correction is kept").wait_for()
    with Journal(desk.folder / "opportunity-journal.sqlite3") as journal:
        (kept,) = [row for row in journal.labelled_rows() if row["text"].endswith(f"Colour {scheme}.")]
        (handled,) = [h for h in journal.handled() if h.complaint == str(number)]
    assert kept["heat"] == "calm"
    assert handled.text == kept["text"]


POISONED = """
from dataclasses import replace
from opportunity.records import Complaint, Evidence
ticket = Ticket.objects.get(pk={number})
NotedTicket.objects.filter(ticket=ticket).delete()
notes_of(ticket).delete()
words = json.loads({words})
third = len(words) // 3 + 1
quotes = [" ".join(words[i : i + third]) for i in range(0, len(words), third)]
evidence = tuple(Evidence("help", "explain", quote, 0, 1) for quote in quotes)
notes.write_note(ticket.pk, replace(reading.desk.triage(Complaint(ticket.description)), evidence=evidence))
"""


def test_no_script_of_a_ticket_runs_in_its_note_or_its_panel(
    desk: Desk, server: Server, browser: Any, nasty: list[str]
) -> None:
    """The note is made to quote all of it, whatever the model would take for evidence."""
    title = f"{len(nasty)} {nasty[0]}"[:100]
    text = f"{COMPLAINT} {' '.join(nasty)} The end."
    number = create_by_api(server, title, text)
    eventually(lambda: notes_of(desk, title))
    desk.run(CREATE + POISONED.format(number=number, words=repr(json.dumps(nasty))))
    with watched_page(browser, OWN_FAULT, only=server.url) as page:
        open_ticket(page, server, number)
        page.wait_for_timeout(300)
        note = page.locator("#followup-list li", has_text="real opportunity")
        assert note.locator("script, img, iframe, svg, math, style, link, form, a[href*='script:']").count() == 0
        said = words(note.text_content())
        literal = [given for given in nasty if not re.search(r"#\d", given)]  # the helpdesk links #7 to ticket 7
        assert [missing for missing in literal if words(missing) not in said] == []
        panel = page.locator("opportunity-panel .words")
        seen = panel.evaluate(
            "e => [...e.querySelectorAll('.visually-hidden')].forEach(n => n.remove()) || e.textContent"
        )
        assert words(seen) == words(text)
