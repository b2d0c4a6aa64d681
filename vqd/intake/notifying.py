"""The keys of `notify`: what a job, or every job that says nothing else, tells, and to whom."""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field, WithJsonSchema

from vqd.documents.json_schema import one_of
from vqd.documents.schema import Keys, fault, shown_kind
from vqd.documents.tree import Sequence
from vqd.domain.job import Notify
from vqd.domain.nearest import nearest
from vqd.domain.notice import NoticeEvent

_EVENTS = [str(event) for event in NoticeEvent]


def _event(given: Any) -> str:
    event = given.strip().lower() if isinstance(given, str) else ""
    if event not in _EVENTS:
        said = f"{shown_kind(given)} is nothing that a job tells."
        hint = nearest(event, _EVENTS) or ""
        raise fault("unknown_choice", said, allowed=", ".join(_EVENTS), hint=hint)
    return event


def _listed(given: Any) -> Any:
    """Give a list, also where one value stands alone."""
    return given if isinstance(given, Sequence | list | tuple) else [given]


def _target(given: Any) -> Any:
    if isinstance(given, str) and given:
        return given
    allowed = "the name of a target of the settings"
    raise fault("wrong_type", f"{shown_kind(given)} names no target.", allowed=allowed)


_ONE = {"enum": _EVENTS}

Events = Annotated[
    tuple[Annotated[str, BeforeValidator(_event)], ...],
    BeforeValidator(_listed),
    WithJsonSchema(one_of(_ONE, {"type": "array", "items": _ONE})),
]
TargetName = Annotated[
    Any, BeforeValidator(_target), WithJsonSchema({"type": ["string", "number", "boolean"]})
]


class NotifyKeys(Keys):
    """Whom to tell what becomes of the job."""

    events: Events = Field(
        default=(str(NoticeEvent.DONE), str(NoticeEvent.FAILED)),
        description="What is told: " + ", ".join(_EVENTS) + ".",
    )
    to: TargetName = Field(description="The name of a target of the settings; never a URL.")

    @property
    def notify(self) -> Notify:
        """What is told to whom, as the queue keeps it."""
        return Notify(self.events, str(self.to))
