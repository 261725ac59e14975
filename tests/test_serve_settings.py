import os
from pathlib import Path

import pytest

from opportunity.serve import SettingsError, load_settings, new_key
from opportunity.serve.keys import KeyRing, parse_keys


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("OPPORTUNITY_")]:
        monkeypatch.delenv(name)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "desk.example.com"])
def test_it_refuses_to_be_open_on_a_public_address(host: str) -> None:
    with pytest.raises(SettingsError, match=r"can be reached from outside and no API key is set; set OPPORTUNITY_API"):
        load_settings(host=host)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
def test_on_this_machine_alone_it_needs_no_key(host: str) -> None:
    assert not load_settings(host=host).key_ring()


def test_a_public_address_is_fine_with_a_key() -> None:
    assert load_settings(host="0.0.0.0", api_keys=(new_key("desk")[1],)).key_ring()


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPPORTUNITY_PORT", "9000")
    monkeypatch.setenv("OPPORTUNITY_FRAME_ANCESTORS", "https://desk.example.com/, https://b.example.com")
    monkeypatch.setenv("OPPORTUNITY_WEBHOOKS__DJANGO_HELPDESK__SECRET", "0123456789abcdef")
    settings = load_settings()
    assert settings.port == 9000
    assert settings.frame_ancestors == ("https://desk.example.com", "https://b.example.com")
    assert settings.webhooks["django-helpdesk"].secrets == (b"0123456789abcdef",)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"webhooks": {"nodesk": {"secret": "0123456789abcdef"}}}, "webhooks has 'nodesk'; known are zendesk"),
        ({"webhooks": {"zendesk": {"secret": "short"}}}, "at least 16"),
        ({"api_keys": ("desk=abc",)}, "entry 1 is not name=sha256"),
        ({"frame_ancestors": ("*",)}, "an origin looks like https://desk.example.com"),
        ({"frame_ancestors": ("https://a.example; script-src *",)}, "an origin looks like"),
        ({"port": 70000}, "port"),
    ],
)
def test_a_wrong_setting_is_named(given: dict, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        load_settings(**given)


def test_a_fault_never_shows_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPPORTUNITY_WEBHOOKS__ZENDESK__SECRET", "hush-hush")
    with pytest.raises(SettingsError) as caught:
        load_settings(api_keys=("hush=hush",))
    assert "hush" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_settings_do_not_print_secrets() -> None:
    settings = load_settings(webhooks={"zendesk": {"secret": "0123456789abcdef", "api_token": "tok-en"}})
    assert "0123456789abcdef" not in repr(settings)
    assert "tok-en" not in repr(settings)


def test_a_key_is_kept_only_as_a_hash() -> None:
    key, entry = new_key("desk")
    assert key not in entry
    assert KeyRing([entry]).name_of(key) == "desk"
    assert KeyRing([entry]).name_of(key[:-1]) is None
    assert KeyRing([entry]).name_of("") is None


def test_old_and_new_keys_work_side_by_side_while_one_replaces_the_other() -> None:
    (old, old_entry), (new, new_entry) = new_key("desk-1"), new_key("desk-2")
    ring = KeyRing([old_entry, new_entry])
    assert (ring.name_of(old), ring.name_of(new)) == ("desk-1", "desk-2")


def test_a_changed_key_file_counts_at_once_and_a_broken_one_changes_nothing(tmp_path: Path) -> None:
    (old, old_entry), (new, new_entry) = new_key("old"), new_key("new")
    file = tmp_path / "keys"
    file.write_text(f"# the desk's keys\n\n{old_entry}\n")
    ring = KeyRing(file=file)
    assert ring.name_of(old) == "old"
    file.write_text(f"# rotated\n{new_entry}\n")
    os.utime(file, ns=(1, 1))
    assert (ring.name_of(old), ring.name_of(new)) == (None, "new")
    file.write_text("rubbish")
    assert ring.name_of(new) == "new"
    file.unlink()
    assert ring.name_of(new) == "new"


def test_a_key_name_is_held_to_its_form() -> None:
    with pytest.raises(ValueError, match="name=sha256"):
        new_key("two words")
    with pytest.raises(ValueError, match="entry 2"):
        parse_keys(["# fine", "not fine"])
