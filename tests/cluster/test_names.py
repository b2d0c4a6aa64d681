"""Who gives a file its name may have been taken for gone: it must have been heard of lately."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.builders import accept_a_job
from vqd.domain.queue import PromptKey
from vqd.runner.names import OutputNames
from vqd.store.store import Session, Store


class Told(Store):
    """A queue that tells when it is read, which may take minutes where the network is cut."""

    def __init__(self, path: Path, said: list[str]) -> None:
        super().__init__(path)
        self._said = said

    @contextmanager
    def reading(self) -> Iterator[Session]:
        self._said.append("read")
        with super().reading() as session:
            yield session


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def told(tmp_path: Path, said: list[str]) -> Iterator[Told]:
    opened = Told(tmp_path / "queue.db", said)
    yield opened
    opened.close()


def test_a_daemon_must_be_heard_after_it_asked_whose_a_name_is_and_before_it_gives_it(
    told: Told, said: list[str]
) -> None:
    key = PromptKey(accept_a_job(told), 1)
    names = OutputNames(told, stand=lambda: said.append("stood"))

    assert names.take(key, "outputs/a.png")

    assert said[-2:] == ["read", "stood"]
