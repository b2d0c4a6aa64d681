"""The servers of the contract suite: the built-in engine always, and a real ComfyUI if
VQD_COMFY_URL names one."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.conversation import Server, real_url
from vqd.engine.child import EngineProcess


@pytest.fixture(scope="session")
def engine_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the built-in engine keeps its files."""
    return tmp_path_factory.mktemp("engine")


@pytest.fixture(scope="session")
def engine(engine_folder: Path) -> Iterator[Server]:
    """The built-in engine."""
    process = EngineProcess(engine_folder)
    process.start()
    server = Server(process.url)
    yield server
    server.session.close()
    process.stop()


@pytest.fixture(params=["built-in", *(["real"] if real_url() else [])])
def server(request: pytest.FixtureRequest) -> Server:
    """Each server in turn."""
    if request.param == "real":
        return Server(real_url())
    built_in: Server = request.getfixturevalue("engine")
    return built_in


@pytest.fixture
def recorded() -> Path:
    """Where recordings of a real server lie."""
    return Path(__file__).parents[1] / "recorded" / "engine"
