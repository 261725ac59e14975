import pytest

from opportunity.text.privacy import mask


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("write to jo.smith+x@mail.example.co.uk.", "write to emailaddress."),
        ("see https://example.org/a?b=1, or www.example.org!", "see weblink, or weblink!"),
        ("see example.org/help and HTTP://EXAMPLE.ORG", "see weblink and weblink"),
        ("@acme_help where is it @Acme?", "somebody where is it somebody?"),
        ("call +44 20 7946 0958 or (212) 555-0199", "call phonenumber or phonenumber"),
        ("call 1-800-555-0199, 07700 900123, 020 7946 0958", "call phonenumber, phonenumber, phonenumber"),
        ("card 4111 1111 1111 1111 was charged", "card cardnumber was charged"),
        ("card 4111-1111-1111-1111", "card cardnumber"),
        ("not a card 4111 1111 1111 1112", "not a card referencenumber"),
        ("pay to GB29 NWBK 6016 1331 9268 19 or DE89370400440532013000", "pay to iban or iban"),
        ("order 48213977, case INC0091, ref AB-48213, PO-482", "order {0}, case {0}, ref {0}, {0}"),
        ("ticket #4521 and 22-4810 and 7f3e9a21-55c0-4be1", "ticket {0} and {0} and {0}"),
        ("Dear Mr Pellingham,\nmy order", "Dear Mr somebody,\nmy order"),
        ("Hi Sarah, it broke", "Hi somebody, it broke"),
        ("Good morning Élodie Brandt\nit broke", "Good morning somebody\nit broke"),
    ],
)
def test_private_pieces_become_placeholder_words(text, masked):
    assert mask(text) == masked.format("referencenumber")


@pytest.mark.parametrize(
    "text",
    [
        "$1,200.50 and £40 and {$10000.00} and € 15000 and USD 15000 and 15500 rupees and 15500USD",
        "on 2025-03-01, 01/03/2025, 1.3.25, 03-Mar-2025 and XX/XX/2016 at 10:30 or 10am",
        "2 items of 1299, the year 2024, 2023-24, 100-150 people, 1000mg, the 1980s, covid-19, 3x3x3",
        "XXXX charged XXXX1234 on XX/XX/2019",
        "Dear Team, Dear Sir or Madam, Dear Customer Care,\nHello I am not happy\nHi, I'm Sarah",
        "meet @ 5pm, 50% off, 24/7 and and/or, e.g. this",
        "10000 miles",
    ],
)
def test_sums_dates_times_and_short_numbers_stay(text):
    assert mask(text) == text


@pytest.mark.parametrize("text", ["1" * 9000 + "-2", "1-" * 5000, "+" + "1" * 9000, "#" * 9000 + "1" * 9000])
def test_numbers_of_any_length_are_masked_without_error(text):
    assert "111" not in mask(text)
