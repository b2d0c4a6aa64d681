from concurrent.futures import Future

import pytest
from structlog.testing import capture_logs

from vqd.domain.errors import VqdError
from vqd.domain.queue import JobFile
from vqd.service.draft import Draft
from vqd.service.submit import Coming
from vqd.watchers.coming import ComingDrops

DRAFT = Draft("beach", "image-scale", JobFile("job.yaml", ""), "")


def test_a_drop_is_told_of_once_it_is_in_the_queue() -> None:
    drops, coming = ComingDrops(), Coming("20260101-000000-beach", Future())
    with capture_logs() as logs:
        drops.add("beach", DRAFT, coming)
        assert drops.tell() is not None
        assert logs == []
        coming.accepted.set_result(None)
        assert drops.tell() is None
        drops.tell()
    assert [(line["event"], line["job"]) for line in logs] == [("drop.taken", coming.job)]


def test_one_that_cannot_be_accepted_later_is_said() -> None:
    drops, coming = ComingDrops(), Coming("20260101-000000-beach", Future())
    drops.add("beach", DRAFT, coming)
    coming.accepted.set_exception(VqdError("store_disk", "no room", "Make room."))
    with capture_logs() as logs:
        assert drops.tell() is None
    assert [(line["event"], line["drop"]) for line in logs] == [("drop.refused", "beach")]


def test_one_that_cannot_be_accepted_at_once_is_left_to_who_asked() -> None:
    coming = Coming("20260101-000000-beach", Future())
    coming.accepted.set_exception(VqdError("store_disk", "no room", "Make room."))
    with pytest.raises(VqdError, match="no room"):
        ComingDrops().add("beach", DRAFT, coming)
