"""What tests of faults may ask for."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ports import lasting_port
from vqd.engine.child import EngineProcess


@pytest.fixture
def mortal(tmp_path: Path) -> Iterator[EngineProcess]:
    """A server of the test's own, which comes back on its port when it is asked to."""
    process = EngineProcess(tmp_path / "mortal", port=lasting_port())
    process.start()
    yield process
    process.stop()
