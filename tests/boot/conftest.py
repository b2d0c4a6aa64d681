"""A booted machine, and vqd on it as its page says."""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from tests.boot.machine import Machine, why_none_boots
from tests.boot.service import Service
from tests.boot.share import Share

Commands = Mapping[str, Sequence[str]]

_WHY_NOT = why_none_boots()
_PAGE = Path(__file__).resolve().parents[2] / "docs" / "service.md"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what needs a machine where none boots, and say why."""
    for item in items:
        if "machine" in getattr(item, "fixturenames", ()) and _WHY_NOT is not None:
            item.add_marker(pytest.mark.skip(reason=_WHY_NOT))


@pytest.fixture(scope="session")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """A machine with nothing of vqd's but its program."""
    made = Machine(tmp_path_factory.mktemp("machine"))
    yield made
    made.close()


@pytest.fixture(scope="session")
def commands() -> Commands:
    """The commands on the page of the service, by heading."""
    parts = re.split(r"^#+ (.*)\n", _PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    return {
        heading: re.findall(r"```sh[^\n]*\n(.*?)```", text, re.DOTALL)
        for heading, text in zip(parts[::2], parts[1::2], strict=True)
    }


@pytest.fixture(scope="session")
def installed(machine: Machine, commands: Commands) -> Service:
    """The service as the page installs it, with somebody in its group who drops jobs."""
    for block in commands["As a service"]:
        machine.run("sh", "-ec", f"cd /opt/source\n{block}")
    machine.run("systemd-sysusers", "--inline", "u anna -", "m anna vqd")
    return Service(machine)


@pytest.fixture
def service(installed: Service) -> Iterator[Service]:
    """The service, running and idle, on the settings that it was installed with."""
    installed.start()
    yield installed
    installed.tidy()


@pytest.fixture
def share(service: Service) -> Iterator[Share]:
    """A file system to which the spool was moved, not mounted yet; the service is stopped."""
    service.stop()
    made = Share(service.machine, "/srv/vqd")
    yield made
    service.stop()
    made.bring_home()
