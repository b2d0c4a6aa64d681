"""Where the web door listens, as the settings write it."""

import ipaddress
import re
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from vqd.documents.json_schema import text_like
from vqd.documents.schema import Keys, fault
from vqd.settings.values import Size

_ADDRESS = re.compile(r"(\[[0-9a-fA-F:.]+\]|[^\s:/\[\]]+):(\d{1,5})")
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")
_LOCAL = "localhost"


def _listen(given: Any) -> str:
    match = _ADDRESS.fullmatch(given.strip()) if isinstance(given, str) else None
    if match is None or int(match[2]) > 65535:
        allowed = "an address and a port: 127.0.0.1:8640"
        raise fault("wrong_value", "this is no address to listen on.", allowed=allowed)
    return str(given).strip()


def _host(given: Any) -> str:
    if not isinstance(given, str) or not _HOST.fullmatch(given):
        allowed = "a name as browsers are given it, without a port: vqd.example.org"
        raise fault("wrong_value", "this is no name of a host.", allowed=allowed)
    return str(given).lower()


class WebKeys(Keys):
    """The API and the page."""

    listen: Annotated[
        str,
        BeforeValidator(_listen),
        WithJsonSchema(text_like(r"^\S+:\d{1,5}$", "an address and a port")),
    ] = Field(default="127.0.0.1:8640", description="The address and port; 0 takes a free one.")
    token_file: Path | None = Field(
        default=None,
        description="A file with the one line that clients must send as their token; needed beyond "
        "this machine.",
    )
    allowed_hosts: tuple[Annotated[str, BeforeValidator(_host)], ...] = Field(
        default=(),
        description="The names by which browsers reach it, beside its addresses and this machine's "
        "own name.",
        examples=[["vqd.example.org"]],
    )
    upload_limit: Size = Field(
        default=100 << 30, description="How large a job may be that is sent: 100G."
    )

    @model_validator(mode="after")
    def _is_guarded(self) -> Self:
        if self.token_file is None and not self.is_loopback:
            said = f"{self.listen} can be reached from other machines, and there is no token."
            hint = "Add `token_file: …`, or listen on 127.0.0.1."
            raise fault("token_needed", said, hint=hint)
        return self

    @property
    def host(self) -> str:
        """The address alone."""
        return self.listen.rpartition(":")[0].strip("[]")

    @property
    def port(self) -> int:
        """The port alone."""
        return int(self.listen.rpartition(":")[2])

    @property
    def is_loopback(self) -> bool:
        """Tell whether only this machine can reach it."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host.lower() == _LOCAL
