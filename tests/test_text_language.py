import subprocess
import sys

import pytest

from opportunity.text.language import supported


@pytest.mark.parametrize(
    ("text", "share"),
    [
        ("The parcel never came.", 1.0),
        ("", None),
        ("😡😡😡", None),
        ("12345 !!!", 0.0),
        ("ok thx", 0.0),
        ("wtf plz fix yr app its brokn agn n noone answrs", 0.45),
    ],
)
def test_english_short_and_wordless_texts_are_supported(text, share):
    assert supported(text, share)


@pytest.mark.parametrize(
    ("text", "share"),
    [
        ("Посылка так и не пришла", 0.0),
        ("荷物が届きません", None),
        ("الطرد لم يصل أبدا", 0.0),
        ("Mein Paket ist seit drei Wochen nicht angekommen, und niemand antwortet.", 0.0),
        ("Ma commande n'est jamais arrivée et personne ne me répond.", 0.2),
        ("Mi pedido no ha llegado y nadie me responde desde hace dos semanas.", 0.3),
    ],
)
def test_other_languages_are_not_supported(text, share):
    assert not supported(text, share)


def test_clear_cases_do_not_load_the_language_identifier():
    code = (
        "import sys; from opportunity.text.language import supported;"
        "supported('The parcel never came and nobody answers.', 0.9);"
        "supported('Посылка так и не пришла', 0.0); supported('Mein Paket ist nicht gekommen, leider', 0.0);"
        "sys.exit('py3langid' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
