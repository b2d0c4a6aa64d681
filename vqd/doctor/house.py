"""All that is examined of a set-up, by its settings."""

import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path

from vqd.comfy.examine import examine_server
from vqd.depot.examine import examine_depot
from vqd.doctor.folders import folders_named
from vqd.doctor.machine import examine_machine
from vqd.doctor.rounds import WITHIN_S, Examination, Examined, examined
from vqd.doctor.state import examine_state
from vqd.doctor.units import examine_unit, unit_by
from vqd.documents.credentials import without_credentials
from vqd.domain.catalogue import NodeClass
from vqd.domain.errors import Faults, Problem, VqdError
from vqd.domain.finding import Finding, command, ok, warn, wrong
from vqd.domain.place import Database
from vqd.engine.examine import examine_engine
from vqd.service.examine import (
    ToldCatalogue,
    examine_queue,
    examine_workflows,
    used_workflows,
)
from vqd.settings import standing
from vqd.settings.farm import BUILTIN, ServerKeys
from vqd.settings.files import find_settings_file
from vqd.settings.load import load_settings
from vqd.settings.model import Settings
from vqd.spool.examine import examine_other_spool, examine_room, examine_spool
from vqd.spool.layout import Spool
from vqd.spool.mounts import mount_point_named
from vqd.spool.reserve import Reserve
from vqd.watchers.examine import examine_watching

IsRunning = Callable[[Path], bool | None]
"""Tells of a state_dir whether a daemon runs there; None where nobody knows."""


def examine_house(
    settings_file: Path | None, is_running: IsRunning, *, within_s: float = WITHIN_S
) -> Iterator[Examined]:
    """Examine a set-up, part by part; each takes `within_s` at most, and the whole twice that.

    It writes nothing but what it removes at once: a folder that is moved in the spool, a file
    whose event is waited for, and one in the depot.
    """
    read: list[Settings] = []
    look = partial(_examine_settings, settings_file, read.append)
    yield from examined([Examination("settings", look)], within_s=within_s / 2)
    if read:
        parts = _parts(read[0], settings_file, is_running, within_s)
    else:
        parts = _parts_without_settings(settings_file)
    yield from examined(list(parts), within_s=within_s)


def _examine_settings(named: Path | None, learned: Callable[[Settings], None]) -> Iterator[Finding]:
    try:
        found = find_settings_file(named)
        settings = load_settings(named)
    except Faults as faults:
        yield from (_fault(problem, found) for problem in faults.problems)
        return
    except VqdError as error:
        missing = named or os.environ.get("VQD_SETTINGS", "vqd.yaml")
        mend = command("vqd", "init", "/srv/vqd", "--settings", missing)
        yield wrong(error.code, error.message.removesuffix("."), mend)
        return
    learned(settings)
    yield ok("settings", f"{found or 'the environment'} can be read, and says nothing wrong")
    said = standing.told(settings.state_dir)
    if said is not None:
        again = command("systemctl", "reload", "vqd", why="or restart it, if that says so")
        yield warn("settings_unread", f"the daemon goes by others; it said: {said}", again)


def _fault(problem: Problem, path: Path | None) -> Finding:
    said = str(problem).removesuffix(".")
    if problem.code == "missing_key" and path is None:
        return wrong("settings_missing", said, command("vqd", "init", "/srv/vqd"))
    if problem.where is not None and problem.where.startswith("VQD_"):
        return wrong(problem.code, said, command("unset", problem.where, why="or set it right"))
    if problem.where is not None and os.path.lexists(problem.where):
        path = Path(problem.where)
    if path is not None and not os.access(path, os.R_OK):
        grouped = f'sudo chgrp "$(id -gn)" {command(path)}'
        return wrong(problem.code, said, f"{grouped} && {command('sudo', 'chmod', 'g+r', path)}")
    return wrong(problem.code, said, _edit(path, problem.line))


def _edit(path: Path | None, line: int | None = None) -> str:
    """Give the command that opens the settings, at a line of them."""
    at = f"+{line} " if line else ""
    return f"${{EDITOR:-nano}} {at}{command(path or 'vqd.yaml')}"


def _parts_without_settings(settings_file: Path | None) -> Iterator[Examination]:
    """Give what can be examined though the settings cannot be used: where one of their folders
    does not answer, which one."""
    yield Examination("machine", partial(examine_machine, ()))
    for name, folder in folders_named(settings_file).items():
        yield Examination(name, partial(_examine_answer, folder), _remount(folder))


def _examine_answer(folder: Path) -> Iterator[Finding]:
    yield ok("answers", f"{folder} {'is there' if folder.exists() else 'is not there'}")


def _parts(
    settings: Settings, settings_file: Path | None, is_running: IsRunning, within_s: float
) -> Iterator[Examination]:
    found = find_settings_file(settings_file)
    spool, reserve = Spool(settings.spool), settings.reserve or Reserve()
    remount = _remount(spool.root)
    told = _Told([server.name for server in settings.servers])
    yield Examination("machine", partial(examine_machine, _extras(settings)))
    yield Examination("daemon", partial(_examine_daemon, settings, found, is_running))
    yield Examination("spool", partial(_examine_spool, spool, settings, reserve), remount)
    yield Examination(
        "state",
        partial(examine_state, settings.state_dir, settings.queue_place, reserve, found),
        (command("findmnt", "-T", settings.state_dir, why="does this disk answer?"),),
    )
    for path in settings.spools:
        other = partial(examine_other_spool, Spool(path), spool)
        yield Examination(f"spool {path}", other, _remount(path))
    yield Examination("queue", partial(examine_queue, settings.queue_place, spool), remount)
    if settings.depot_address is not None:
        yield Examination("depot", partial(examine_depot, settings.depot_address))
    yield Examination("watching", partial(_examine_watching, settings, spool, found), remount)
    for server in settings.servers:
        look = partial(_examine_server, server, _edit(found), told)
        yield Examination(f"server {server.name}", look, _asked_by_hand(server))
    yield Examination("workflows", partial(_examine_workflows, settings, told, within_s / 2))


def _extras(settings: Settings) -> list[str]:
    wants = {
        "web": settings.web,
        "notify": settings.notify,
        "cluster": isinstance(settings.queue_place, Database),
        "depot": settings.depot_address,
    }
    return [extra for extra, wanted in wants.items() if wanted]


def _remount(folder: Path) -> tuple[str, ...]:
    point = mount_point_named(folder)
    again = command("sudo", "umount", "-l", point), command("sudo", "mount", point)
    return (" && ".join(again) + "  # once the share's own server answers again",)


def _asked_by_hand(server: ServerKeys) -> tuple[str, ...]:
    return (
        command(
            "curl", "-sSi", "-m", 60, f"{without_credentials(server.url).rstrip('/')}/object_info"
        ),
    )


def _examine_daemon(
    settings: Settings, settings_file: Path | None, is_running: IsRunning
) -> Iterator[Finding]:
    is_running_now = is_running(settings.state_dir)
    written = list(_written(settings))
    return examine_unit(unit_by(settings_file), written, is_running=is_running_now)


def _written(settings: Settings) -> Iterator[Path]:
    """Give the folders that the daemon writes in."""
    yield settings.spool.absolute()
    yield settings.state_dir.absolute()
    yield from (keys.path for keys in settings.hot_folders.values())
    yield from (path.absolute() for path in settings.spools)
    for server in settings.servers:
        yield from filter(None, (server.input_folder, server.output_folder))


def _examine_spool(spool: Spool, settings: Settings, reserve: Reserve) -> Iterator[Finding]:
    yield from examine_spool(spool, settings.state_dir)
    if spool.is_present():
        yield from examine_room(spool.root, reserve)


def _examine_watching(
    settings: Settings, spool: Spool, settings_file: Path | None
) -> Iterator[Finding]:
    if "VQD_WATCH" in os.environ:
        auto = command("unset", "VQD_WATCH")
    else:
        auto = command("sed", "-i", "/^watch:/d", settings_file or "vqd.yaml")
    folders = [keys.path for keys in settings.hot_folders.values()]
    if spool.is_present():
        folders.insert(0, spool.inbox)
    for folder in folders:
        yield from examine_watching(folder, settings.watch, [auto])


def _examine_server(server: ServerKeys, edit: str, told: "_Told") -> Iterator[Finding]:
    learned = partial(told.learn, server.name)
    try:
        if server.url == BUILTIN:
            yield from examine_engine(learned)
            return
        headers = server.read_headers()
        yield from examine_server(
            server.url, headers=headers, ca_file=server.ca, edit=edit, learned=learned
        )
    except VqdError as error:
        yield wrong(error.code, f"{server.name}: {error.message.removesuffix('.')}", edit)
    finally:
        told.end(server.name)


def _examine_workflows(settings: Settings, told: "_Told", wait_s: float) -> Iterator[Finding]:
    used = used_workflows(settings.queue_place)
    used |= {keys.workflow for keys in settings.hot_folders.values() if keys.workflow}
    yield from examine_workflows(settings.workflows, used, told.catalogue(wait_s))


class _Told:
    """What the servers told, for who waits until each has."""

    def __init__(self, names: Iterable[str]) -> None:
        self._ends = {name: threading.Event() for name in names}
        self._told: dict[str, Mapping[str, NodeClass]] = {}

    def learn(self, name: str, classes: Mapping[str, NodeClass]) -> None:
        """Take what a server told."""
        self._told[name] = classes

    def end(self, name: str) -> None:
        """Take it that a server tells no more."""
        self._ends[name].set()

    def catalogue(self, wait_s: float) -> ToldCatalogue:
        """Wait for the servers, so long at most, and give what they told."""
        until = time.monotonic() + wait_s
        for end in self._ends.values():
            end.wait(max(0.0, until - time.monotonic()))
        return ToldCatalogue(dict(self._told))
