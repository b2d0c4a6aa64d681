"""Whom the settings allow jobs to tell: targets by name, so that no job holds a URL or a secret;
and what the house itself tells."""

import re
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, model_validator

from vqd.documents.durations import Duration
from vqd.documents.schema import Keys, fault, listed
from vqd.documents.secrets import SECRET
from vqd.domain.notice import HouseEvent, HouseWishes
from vqd.intake.notifying import TargetName, event_among, events_schema, no_url
from vqd.notify.target import Target
from vqd.settings.values import Headers

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://\S+")
_TOKEN = re.compile(r"\{[^{}]*\}")
_LINK_TOKENS = ("{folder}", "{job}")
_HOUSE_EVENTS = [str(event) for event in HouseEvent]


def _url(given: Any) -> str:
    allowed = "https://…, or a URL that apprise knows: ntfy://host/topic, mailto://…"
    if not isinstance(given, str) or not _URL.fullmatch(given) or not given.isprintable():
        raise fault("wrong_value", "this is no URL.", allowed=allowed)
    return str(given)


def _link(given: Any) -> str:
    tokens = _TOKEN.findall(given) if isinstance(given, str) else []
    if not isinstance(given, str) or not given.isprintable():
        raise fault("wrong_value", "this is no link.", allowed="https://nas/vqd/{folder}")
    for token in tokens:
        if token not in _LINK_TOKENS:
            allowed = ", ".join(_LINK_TOKENS)
            raise fault("unknown_token", f"{token} stands for nothing.", allowed=allowed)
    return str(given)


class TargetKeys(Keys):
    """A target: where notices go."""

    url: Annotated[str, BeforeValidator(_url)] = Field(
        repr=False,
        description="https://… is sent JSON; ntfy://…, mailto://… and the like go through apprise.",
    )
    secret_file: Path | None = Field(
        default=None, description="A file with what {secret} in the URL and the headers stands for."
    )
    headers: Headers = Field(default_factory=dict, repr=False, description="Sent with the JSON.")
    link: Annotated[str, BeforeValidator(_link)] | None = Field(
        default=None,
        description="Where a browser finds a job's folder: {folder} is done/JOB, {job} is JOB.",
        examples=["https://nas/vqd/{folder}"],
    )
    picture: bool = Field(
        default=True, description="Whether it is sent a small picture of what a job made."
    )

    @model_validator(mode="after")
    def _keep_secrets(self) -> Self:
        is_used = any(SECRET in text for text in (self.url, *self.headers.values()))
        if is_used and self.secret_file is None:
            hint = "Add `secret_file: …`."
            raise fault("missing_key", f"nothing says what {SECRET} is.", hint=hint)
        if not is_used and self.secret_file is not None:
            hint = f"Write {SECRET} into `url`, or into a header."
            raise fault("wrong_value", "its secret_file is used nowhere.", hint=hint)
        return self

    def target(self, name: str) -> Target:
        """Give the target that jobs know by this name."""
        return Target(name, self.url, self.secret_file, self.headers, self.picture)


class HouseKeys(Keys):
    """What the house tells of itself, and to whom."""

    _is_no_url = model_validator(mode="before")(no_url)

    events: Annotated[
        tuple[Annotated[str, BeforeValidator(event_among(_HOUSE_EVENTS, "the house"))], ...],
        BeforeValidator(listed),
        events_schema(_HOUSE_EVENTS),
    ] = Field(
        default=tuple(_HOUSE_EVENTS),
        description="What is told: " + ", ".join(_HOUSE_EVENTS) + ".",
    )
    to: TargetName = Field(description="The name of a target.")
    after: Duration = Field(
        default=60.0, description="How long it has been so before it is told: 60s."
    )

    @property
    def wishes(self) -> HouseWishes:
        """What is told to whom, and when."""
        return HouseWishes(frozenset(map(HouseEvent, self.events)), str(self.to), self.after)
