"""What the service is told by its environment, checked before it starts."""

import ipaddress
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from opportunity.errors import OpportunityError
from opportunity.serve.keys import KeyRing, parse_keys
from opportunity.serve.vendors import VENDORS

__all__ = ["Settings", "SettingsError", "VendorSettings", "load_settings"]


class SettingsError(OpportunityError):
    """The service cannot start with these settings."""


def _split(value: Any) -> Any:
    """Read ``a, b`` as two entries; anything but a string is left to the type."""
    return tuple(filter(None, (part.strip() for part in value.split(",")))) if isinstance(value, str) else value


Listed = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)]


class VendorSettings(BaseModel):
    """One helpdesk that may send webhooks, and how notes are written back to it.

    Attributes
    ----------
    secret : SecretStr
        What the vendor signs with, or the token that it sends.
    previous_secret : SecretStr or None
        Still accepted while the secret is being changed.
    api_url : str or None
        The vendor's API, such as ``https://acme.zendesk.com``; without it nothing is written back.
    api_user : str
        The user or account part of the vendor's credentials, where it has one.
    api_token : SecretStr
        The secret part of the vendor's credentials.
    account : str
        Chatwoot's account id or Intercom's admin id.
    """

    secret: SecretStr = Field(min_length=16)
    previous_secret: SecretStr | None = Field(default=None, min_length=16)
    api_url: str | None = Field(default=None, pattern=r"^https?://[^\s?#]+$")
    api_user: str = ""
    api_token: SecretStr = SecretStr("")
    account: str = ""

    @property
    def secrets(self) -> tuple[bytes, ...]:
        """The secrets that are accepted now."""
        known = (self.secret, self.previous_secret)
        return tuple(s.get_secret_value().encode() for s in known if s is not None)


class Settings(BaseSettings):
    """The service's settings, each read from ``OPPORTUNITY_`` and its name in capitals.

    Attributes
    ----------
    host, port
        Where to listen.
    model : str or None
        What ``opportunity.load`` is given; None for the shipped model.
    playbook : Path or None
        A playbook that extends the shipped one.
    data_dir : Path
        Where the journal and the webhook deliveries are kept.
    api_keys : tuple of str
        ``name=hash`` entries, separated by commas; see `opportunity.serve.new_key`.
    api_keys_file : Path or None
        The same entries, one a line; read again whenever the file changes.
    requests_per_minute : int
        How much one caller may ask; also the size of a burst.
    max_body_bytes : int
        Larger requests are refused before they are read.
    request_timeout : float
        Seconds after which a request is given up.
    threads : int
        How many requests are worked on at once.
    public_url : str or None
        The address the outside uses, where a proxy stands before the service; HubSpot signs it.
    frame_ancestors : tuple of str
        Origins whose pages may embed the panel, send it messages and call the operations. An entry with a wildcard,
        such as ``https://*.zendesk.com``, may embed alone.
    webhooks : dict of str to VendorSettings
        By vendor: ``OPPORTUNITY_WEBHOOKS__ZENDESK__SECRET=...``.
    """

    model_config = SettingsConfigDict(
        env_prefix="OPPORTUNITY_",
        env_nested_delimiter="__",
        hide_input_in_errors=True,
        frozen=True,
        extra="ignore",
    )

    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    model: str | None = None
    playbook: Path | None = None
    data_dir: Path = Path("opportunity-data")
    api_keys: Listed = ()
    api_keys_file: Path | None = None
    requests_per_minute: int = Field(default=1200, ge=1)
    max_body_bytes: int = Field(default=2 * 2**20, ge=1024)
    request_timeout: float = Field(default=10.0, gt=0)
    threads: int = Field(default=4, ge=1, le=64)
    public_url: str | None = Field(default=None, pattern=r"^https?://[^\s?#]+$")
    frame_ancestors: Listed = ()
    webhooks: dict[str, VendorSettings] = Field(default_factory=dict)

    @field_validator("api_keys")
    @classmethod
    def _keys_are_readable(cls, entries: tuple[str, ...]) -> tuple[str, ...]:
        parse_keys(entries)
        return entries

    @field_validator("frame_ancestors")
    @classmethod
    def _origins_are_plain(cls, origins: tuple[str, ...]) -> tuple[str, ...]:
        for origin in origins:
            if not origin.startswith(("https://", "http://")) or not set(" ;'\"\r\n").isdisjoint(origin):
                raise ValueError(f"frame_ancestors has {origin!r}; an origin looks like https://desk.example.com")
        return tuple(origin.rstrip("/") for origin in origins)

    @field_validator("webhooks", mode="before")
    @classmethod
    def _vendors_are_known(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        named = {str(name).lower().replace("_", "-"): given for name, given in value.items()}
        if unknown := sorted(named.keys() - VENDORS.keys()):
            raise ValueError(f"webhooks has {unknown[0]!r}; known are {', '.join(VENDORS)}")
        return named

    @model_validator(mode="after")
    def _is_not_open_to_the_world(self) -> Self:
        if not (_is_loopback(self.host) or self.api_keys or self.api_keys_file):
            raise ValueError(
                f"host {self.host} can be reached from outside and no API key is set; "
                "set OPPORTUNITY_API_KEYS or listen on 127.0.0.1"
            )
        return self

    @property
    def exact_origins(self) -> tuple[str, ...]:
        """The origins that stand for one site each."""
        return tuple(origin for origin in self.frame_ancestors if "*" not in origin)

    def key_ring(self) -> KeyRing:
        """The API keys that may call."""
        return KeyRing(self.api_keys, self.api_keys_file)


def load_settings(**given: Any) -> Settings:
    """Read the settings from the environment.

    Parameters
    ----------
    **given
        Settings that take precedence over the environment.

    Returns
    -------
    Settings

    Raises
    ------
    SettingsError
        With every fault, and never a value that may be secret.

    Examples
    --------
    >>> from opportunity.serve import load_settings
    >>> load_settings(host="127.0.0.1").port
    8000
    """
    try:
        return Settings(**given)
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(map(str, e['loc'])) or 'settings'}: {e['msg'].removeprefix('Value error, ')}"
            for e in error.errors(include_url=False, include_input=False, include_context=False)
        )
        raise SettingsError(f"The service cannot start: {faults}") from None


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
