"""What programs are told with --json, and what docs/cli.md says of it and of the exit codes."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click
import jsonschema
import pytest
from pydantic import TypeAdapter

from tests.builders import NOW, accept_a_job, write
from tests.house import House
from tests.samples import picture_job
from vqd.cli.app import vqd
from vqd.cli.codes import EXIT_CODES
from vqd.cli.settings import SettingsCheckShape, SettingShape
from vqd.domain.server import ServerRecord
from vqd.service.shapes.answers import (
    ExplainedShape,
    LogLineShape,
    OnePromptShape,
    PausedShape,
    ReportShape,
    SentShape,
    ShownShape,
    SteeredShape,
)
from vqd.service.shapes.check import CheckShape, HotFolderShape
from vqd.service.shapes.farm import ModelsShape, ServersShape
from vqd.service.shapes.jobs import JobShape
from vqd.service.shapes.prompts import JobDetailShape
from vqd.service.shapes.queue import QueueShape
from vqd.service.shapes.upkeep import BackupShape, ReplacedShape
from vqd.service.shapes.workflows import CheckedShape, WorkflowPageShape, WorkflowShape
from vqd.spool.layout import Spool
from vqd.spool.status import write_status

PAGE = (Path(__file__).parents[2] / "docs" / "cli.md").read_text(encoding="utf-8")
JOB = "20260101-000000-beach"

SHAPES: Mapping[str, Any] = {
    "status": QueueShape,
    "status beach": JobDetailShape,
    "list": list[JobShape],
    "show beach": ShownShape,
    "show beach --prompt 1": OnePromptShape,
    "explain beach": ExplainedShape,
    "log beach": LogLineShape,
    "check JOB": CheckShape,
    "check HOT": HotFolderShape,
    "submit JOB": SentShape,
    "priority beach 80": SteeredShape,
    "pause beach": SteeredShape,
    "pause": PausedShape,
    "resume": PausedShape,
    "report beach": ReportShape,
    "backup": BackupShape,
    "db rebuild": ReplacedShape,
    "servers": ServersShape,
    "models all": ModelsShape,
    "workflows list": list[WorkflowShape],
    "workflows show image-scale": WorkflowPageShape,
    "workflows check image-scale": list[CheckedShape],
    "settings show": list[SettingShape],
    "settings check": SettingsCheckShape,
}


@pytest.fixture
def house(tmp_path: Path) -> House:
    """A queue with a job in it, a server, and jobs to check."""
    made = House(tmp_path)
    made.sees("gpu0")
    store = made.store()
    job_key = accept_a_job(store, JOB, total=2)
    up = ServerRecord("gpu0", "http://gpu0:8188", "up", None, "0.4", NOW)
    store.write(lambda session: session.servers.note([up]))
    with store.reading() as session:
        job = session.jobs.get(job_key)
    store.close()
    folder = Spool(tmp_path / "spool").active / JOB
    write(folder / "log.txt", "2026-01-01T00:00:00.000Z accepted: 2 prompts\n")
    write_status(folder, job, now=NOW, durable=False)
    picture_job(tmp_path / "job", pictures=1)
    write(tmp_path / "hot" / "_defaults.yaml", "vqd: 1\nworkflow: image-scale\n")
    return made


@pytest.mark.parametrize("line", SHAPES)
def test_each_verb_tells_programs_the_shape_that_is_documented(house: House, line: str) -> None:
    places = {"JOB": str(house.folder / "job"), "HOT": str(house.folder / "hot")}
    told = json.loads(house.vqd(*(places.get(one, one) for one in line.split()), "--json").stdout)
    adapter = TypeAdapter[Any](SHAPES[line])
    jsonschema.validate(told, adapter.json_schema())
    first = told[0] if isinstance(told, list) else told
    (shape,) = [one for one in (SHAPES[line], *getattr(SHAPES[line], "__args__", ())) if one][-1:]
    assert {*first} == {*shape.__match_args__}
    assert f"`{shape.__name__}`" in PAGE
    missing = [key for key in first if f"`{key}`" not in PAGE and shape is not CheckShape]
    assert missing == []


def test_the_table_of_exit_codes_is_that_of_the_docs() -> None:
    table = PAGE.split("## Exit codes")[1].split("\n\n")[1]
    told = dict(re.findall(r"^\| (\d+) \| (.+) \|$", table, re.MULTILINE))
    assert told == {str(code): said for code, said in EXIT_CODES.items()}


def verbs(group: click.Group, name: str) -> Iterator[tuple[str, click.Command]]:
    """Give each verb by its whole name."""
    with click.Context(group) as ctx:
        for one in group.list_commands(ctx):
            command = group.get_command(ctx, one)
            assert command is not None
            if isinstance(command, click.Group):
                yield from verbs(command, f"{name} {one}")
            else:
                yield f"{name} {one}", command


@pytest.mark.parametrize(("name", "command"), [*verbs(vqd, "vqd")], ids=lambda one: str(one))
def test_each_verb_is_on_the_page_and_helps_with_an_example_of_itself(
    name: str, command: click.Command
) -> None:
    assert command.short_help or command.help
    assert command.epilog is not None
    assert f"\n  {name}" in command.epilog or f"$({name}" in command.epilog
    verb, _, below = name.removeprefix("vqd ").partition(" ")
    assert f"`vqd {verb}" in PAGE
    assert f"`{below}" in PAGE
