from concurrent.futures import Future

import pytest
from structlog.testing import capture_logs

from vqd.domain.errors import VqdError
from vqd.domain.queue import JobFile
from vqd.service.draft import Draft
from vqd.service.submit import Coming
from vqd.watchers.coming import tell_of

DRAFT = Draft("beach", "image-scale", JobFile("job.yaml", ""), "")
FULL = VqdError("store_disk", "no room", "Make room.")


@pytest.fixture
def coming() -> Coming:
    return Coming("20260101-000000-beach", Future())


def test_a_drop_is_told_of_once_it_is_in_the_queue(coming: Coming) -> None:
    with capture_logs() as logs:
        tell_of("beach", DRAFT, coming)
        assert logs == []
        coming.accepted.set_result(None)
    assert [(line["event"], line["job"]) for line in logs] == [("drop.taken", coming.job)]


def test_one_that_is_in_the_queue_is_told_of_at_once(coming: Coming) -> None:
    coming.accepted.set_result(None)
    with capture_logs() as logs:
        tell_of("beach", DRAFT, coming)
    assert [line["event"] for line in logs] == ["drop.taken"]


def test_one_that_cannot_be_accepted_later_is_said(coming: Coming) -> None:
    with capture_logs() as logs:
        tell_of("beach", DRAFT, coming)
        coming.accepted.set_exception(FULL)
    assert [(line["event"], line["drop"]) for line in logs] == [("drop.refused", "beach")]


def test_one_that_cannot_be_accepted_at_once_is_left_to_who_asked(coming: Coming) -> None:
    coming.accepted.set_exception(FULL)
    with pytest.raises(VqdError, match="no room"):
        tell_of("beach", DRAFT, coming)
