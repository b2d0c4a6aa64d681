"""The keys of `notify`: what a job, or every job that says nothing else, tells, and to whom."""

from collections.abc import Callable, Collection
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from vqd.documents.json_schema import one_of
from vqd.documents.schema import Keys, fault, listed, shown_kind
from vqd.domain.job import Notify
from vqd.domain.nearest import nearest
from vqd.domain.notice import NoticeEvent

_EVENTS = [str(event) for event in NoticeEvent]


def event_among(known: Collection[str], teller: str) -> Callable[[Any], str]:
    """Give what reads one event of those known, of which `teller` tells."""

    def event_of(given: Any) -> str:
        event = given.strip().lower() if isinstance(given, str) else ""
        if event not in known:
            said = f"{shown_kind(given)} is nothing that {teller} tells."
            hint = nearest(event, known) or ""
            raise fault("unknown_choice", said, allowed=", ".join(known), hint=hint)
        return event

    return event_of


def events_schema(known: Collection[str]) -> WithJsonSchema:
    """Give what an editor is told of one event or a list of them."""
    one = {"enum": [*known]}
    return WithJsonSchema(one_of(one, {"type": "array", "items": one}))


def no_url(given: Any) -> Any:
    """Refuse a URL where a target is to be named: most of those have a token in them."""
    if isinstance(given, str) and "://" in given:
        hint = "Name a target of the settings, where its URL stands."
        raise fault("wrong_value", "a URL is no target.", hint=hint, is_secret=True)
    return given


def _target(given: Any) -> Any:
    if isinstance(no_url(given), str) and given:
        return given
    allowed = "the name of a target of the settings"
    raise fault("wrong_type", f"{shown_kind(given)} names no target.", allowed=allowed)


Events = Annotated[
    tuple[Annotated[str, BeforeValidator(event_among(_EVENTS, "a job"))], ...],
    BeforeValidator(listed),
    events_schema(_EVENTS),
]
TargetName = Annotated[
    Any, BeforeValidator(_target), WithJsonSchema({"type": ["string", "number", "boolean"]})
]


class NotifyKeys(Keys):
    """Whom to tell what becomes of the job."""

    _is_no_url = model_validator(mode="before")(no_url)

    events: Events = Field(
        default=(str(NoticeEvent.DONE), str(NoticeEvent.FAILED)),
        description="What is told: " + ", ".join(_EVENTS) + ".",
    )
    to: TargetName = Field(description="The name of a target of the settings; never a URL.")

    @property
    def notify(self) -> Notify:
        """What is told to whom, as the queue keeps it."""
        return Notify(self.events, str(self.to))
