"""The farm as the settings write it: its servers, and the windows in which it may be used."""

import re
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import SplitResult, urlsplit

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    WithJsonSchema,
    model_validator,
)

from vqd.documents.credentials import without_credentials
from vqd.documents.json_schema import Schema, one_of, take_also, text_like
from vqd.documents.schema import Keys, fault, listed, shown_kind
from vqd.documents.secrets import SECRET, secret_in
from vqd.documents.tags import Tags
from vqd.domain.errors import VqdError
from vqd.domain.needs import Capability
from vqd.domain.window import DAYS, Window
from vqd.settings.values import Headers

BUILTIN = "builtin"
_NO_SECRET = "Add `secret_file: …`."

_TIME = r"\s*(([01]?\d|2[0-3]):([0-5]\d)|24:00)\s*"
_DAYS_IN_FULL = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_LONGEST_NAME = 100


def _url(given: Any) -> str:
    allowed = "builtin, or http://host:8188"
    if given == BUILTIN:
        return BUILTIN
    address = _address(given)
    if address is None:
        told = without_credentials(given) if isinstance(given, str) else given
        said = f"{shown_kind(told)} is no server."
        raise fault("wrong_value", said, allowed=allowed)
    if "@" in address.netloc:
        said = "it holds a user name."
        raise fault("wrong_value", said, hint="Put it into `headers`, as Authorization.")
    if address.query or address.fragment:
        said = "it goes on after its path, with ? or #."
        raise fault("wrong_value", said, hint="Put what a gateway wants into `headers`.")
    return str(given)


def _address(given: Any) -> SplitResult | None:
    """Give the parts of a server's URL; None for what is none."""
    if not isinstance(given, str):
        return None
    try:
        address = urlsplit(given)
        _ = address.port  # which is read only now
    except ValueError:
        return None
    return address if address.scheme in ("http", "https") and address.hostname else None


def _server_name(given: Any) -> str:
    if isinstance(given, str) and given.isprintable() and 0 < len(given) <= _LONGEST_NAME:
        return str(given)
    raise fault(
        "bad_name", f"{shown_kind(given)} is no name.", allowed="a short name for the server"
    )


def _minute(given: Any) -> int:
    match = re.fullmatch(_TIME, given) if isinstance(given, str) else None
    if match is None:
        allowed = "00:00 to 24:00"
        raise fault("wrong_type", f"{shown_kind(given)} is no time of day.", allowed=allowed)
    hour, minute = (match[2], match[3]) if match[2] else (24, 0)
    return int(hour) * 60 + int(minute)


def _day(given: Any) -> int:
    day = given.strip().lower() if isinstance(given, str) else ""
    for names in (DAYS, _DAYS_IN_FULL):
        if day in names:
            return names.index(day)
    raise fault("unknown_choice", f"{shown_kind(given)} is no day.", allowed=", ".join(DAYS))


def _days(days: tuple[int, ...]) -> tuple[int, ...]:
    if not days:
        raise fault("wrong_value", "names no day.", allowed=", ".join(DAYS), hint="Leave it out.")
    return days


def _also_bare_url(schema: Schema) -> None:
    take_also(schema, {"type": "string"})


_DAY = {"type": "string"}

Minute = Annotated[
    int, BeforeValidator(_minute), WithJsonSchema(text_like(rf"^{_TIME}$", "a time of day: 22:00"))
]
Days = Annotated[
    tuple[Annotated[int, BeforeValidator(_day)], ...],
    BeforeValidator(listed),
    AfterValidator(_days),
    WithJsonSchema(one_of(_DAY, {"type": "array", "items": _DAY, "minItems": 1})),
]


class ServerKeys(Keys):
    """A server: its URL alone, or what it is and has."""

    model_config = ConfigDict(json_schema_extra=_also_bare_url)

    url: Annotated[str, BeforeValidator(_url)] = Field(
        description="http://host:8188, or builtin for vqd's own engine."
    )
    named: Annotated[str, BeforeValidator(_server_name)] | None = Field(
        default=None, alias="name", description="What it is called; its URL without one."
    )
    tags: Tags = Field(default=(), description="What jobs may ask for.")
    vram_gb: float | None = Field(
        default=None, ge=0, le=10_000, description="Its VRAM in GB; else as it tells of itself."
    )
    headers: Headers = Field(
        default_factory=dict, repr=False, description="Sent with every request, for a gateway."
    )
    secret_file: Path | None = Field(
        default=None, description="A file with what {secret} in the headers stands for."
    )
    ca: Path | None = Field(
        default=None,
        description="A PEM file: the server's certificate must be of one of these authorities.",
    )
    input_folder: Path | None = Field(
        default=None,
        description="Its input folder, where this machine sees it: inputs are then put there.",
    )
    output_folder: Path | None = Field(
        default=None,
        description="Its output folder, where this machine sees it: outputs are taken from there.",
    )

    @model_validator(mode="before")
    @classmethod
    def _from_url(cls, given: Any) -> Any:
        return {"url": given} if isinstance(given, str) else given

    @model_validator(mode="after")
    def _has_use_for_its_keys(self) -> "ServerKeys":
        if self.ca is not None and urlsplit(self.url).scheme != "https":
            said = f"ca is given, and {self.url} is not https."
            raise fault("wrong_value", said, allowed="a URL that begins with https://")
        if self.url == BUILTIN and (self.input_folder or self.output_folder):
            hint = "Leave them out: it has folders of its own, which vqd knows."
            raise fault("wrong_value", "builtin shares no other folders.", hint=hint)
        return self

    @model_validator(mode="after")
    def _keep_secrets(self) -> "ServerKeys":
        is_used = any(SECRET in text for text in self.headers.values())
        if is_used and self.secret_file is None:
            raise fault("missing_key", f"nothing says what {SECRET} is.", hint=_NO_SECRET)
        if not is_used and self.secret_file is not None:
            hint = f"Write {SECRET} into a header."
            raise fault("wrong_value", "its secret_file is used nowhere.", hint=hint)
        return self

    def read_headers(self) -> dict[str, str]:
        """Give the headers with the secret in them, which is read now.

        Raises:
            VqdError: as `secret_in`.
        """
        if self.secret_file is None:
            return self.headers
        secret = secret_in(self.secret_file)
        if not secret.isascii():
            said = f"{self.secret_file}: is no secret for a header, which is ASCII."
            raise VqdError("secret_unfit", said, "Write it without accents and symbols.")
        return {name: text.replace(SECRET, secret) for name, text in self.headers.items()}

    @property
    def name(self) -> str:
        """What it is called."""
        return self.named or without_credentials(self.url)

    @property
    def capability(self) -> Capability:
        """What jobs may find there, as far as the settings say."""
        return Capability(frozenset(self.tags), self.vram_gb)


class WindowKeys(Keys):
    """The hours in which jobs that name the window may start, by the daemon's local time."""

    opens: Minute = Field(alias="from", description="When it opens: 22:00.")
    closes: Minute = Field(alias="to", description="When it closes: 06:00, of the day after.")
    days: Days = Field(
        default=tuple(range(7)), description="The days on which it opens: mon, tue …"
    )

    @property
    def window(self) -> Window:
        """The window as jobs are judged by it."""
        return Window(self.opens, self.closes, frozenset(self.days))
