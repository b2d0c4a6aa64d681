"""manifest.jsonl: written line by line, and read whoever wrote it."""

import json
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.builders import a_plan
from tests.mounts import largest_file
from vqd.domain.graph import Target
from vqd.domain.lifecycle import PromptState
from vqd.domain.outcome import OutputFile, ReadFile
from vqd.domain.queue import Prompt, PromptKey
from vqd.spool.manifest import MANIFEST, Line, add_lines, lines_of, opened
from vqd.spool.signs import Signs, mtime

PLAN = a_plan(1)
KEY = "a" * 64


def a_prompt(number: int = 1, **changes: Any) -> Prompt:
    """A prompt that made one picture of one other."""
    values: dict[str, Any] = {
        "key": PromptKey(1, number),
        "state": PromptState.SUCCEEDED,
        "graph_sha256": "b" * 64,
        "edits": {Target("1", "width"): 8},
        "inputs": {"image": "p.png"},
        "params": {"cfg": 1.5},
        "seed": 7,
        "stem": f"a_{number}",
        "attempt": 1,
        "strikes": 0,
        "prompt_id": "x",
        "server": "gpu1",
        "claimed_at": 1_790_000_000.25,
        "ended_at": 1_790_000_001.0,
        "seconds": 0.5,
        "failure_code": None,
        "failure_message": None,
        "outputs": (OutputFile("image", f"outputs/a_{number}.png", "image", "f" * 64, 3, 8, 8),),
        "files": {"image": ReadFile("c" * 64, 5, "2026-01-01T00:00:00.000Z")},
    }
    return Prompt(**{**values, **changes})


def added(folder: Path, *prompts: Prompt, key: str = KEY) -> None:
    for prompt in prompts:
        add_lines(folder, lines_of(prompt, PLAN, key, None))


def entries(folder: Path) -> dict[str, list[list[str]]]:
    """The outputs of each entry, by key."""
    with opened(folder) as manifest:
        return {
            key.hex(): [[line.output for line in manifest.lines(place)] for place in places]
            for key, places in manifest.entries.items()
        }


def test_what_was_added_is_found_by_its_key(tmp_path: Path) -> None:
    added(tmp_path, a_prompt(1), a_prompt(2))
    added(tmp_path, a_prompt(3), key="d" * 64)
    assert entries(tmp_path) == {
        KEY: [["outputs/a_1.png"], ["outputs/a_2.png"]],
        "d" * 64: [["outputs/a_3.png"]],
    }
    with opened(tmp_path) as manifest:
        assert manifest.files["inputs/p.png"].sha256 == "c" * 64
        assert manifest.stems().keys() == {"a_1", "a_2", "a_3"}


def test_a_prompt_with_several_outputs_is_one_entry_and_told_of_twice_the_later_one(
    tmp_path: Path,
) -> None:
    one = a_prompt().outputs[0]
    two = a_prompt(outputs=(one, replace(one, path="outputs/a_1_002.png")))
    added(tmp_path, two, two)
    assert entries(tmp_path) == {KEY: [["outputs/a_1.png", "outputs/a_1_002.png"]]}
    with opened(tmp_path) as manifest:
        (place,) = manifest.entries[bytes.fromhex(KEY)]
    assert place.offset > 0


def test_what_is_no_line_parts_no_prompt_from_its_outputs(tmp_path: Path) -> None:
    one = a_prompt().outputs[0]
    added(tmp_path, a_prompt(outputs=(one, replace(one, path="outputs/a_1_002.png"))))
    first, second = (tmp_path / MANIFEST).read_bytes().splitlines(keepends=True)
    (tmp_path / MANIFEST).write_bytes(first + b"half a li\n" + second)
    assert entries(tmp_path) == {KEY: [["outputs/a_1.png", "outputs/a_1_002.png"]]}


def test_prompts_that_succeed_at_the_same_time_lose_no_line(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda number: added(tmp_path, a_prompt(number)), range(1, 41)))
    assert len(entries(tmp_path)[KEY]) == 40
    assert [path.name for path in tmp_path.iterdir()] == [MANIFEST]


def test_a_line_that_has_no_room_is_not_there_by_half_and_can_be_added_again(
    tmp_path: Path,
) -> None:
    added(tmp_path, a_prompt(1))
    before = (tmp_path / MANIFEST).read_bytes()
    with largest_file(len(before) + 100), pytest.raises(OSError, match="too large"):
        added(tmp_path, a_prompt(2))
    assert (tmp_path / MANIFEST).read_bytes() == before
    added(tmp_path, a_prompt(2))
    assert len((tmp_path / MANIFEST).read_bytes().splitlines()) == 2


def test_a_line_that_a_crash_cut_off_spoils_no_other(tmp_path: Path) -> None:
    added(tmp_path, a_prompt(1))
    with (tmp_path / MANIFEST).open("ab") as file:
        file.write(b'{"output": "outputs/half')
    added(tmp_path, a_prompt(2))
    assert entries(tmp_path) == {KEY: [["outputs/a_1.png"], ["outputs/a_2.png"]]}


@pytest.mark.parametrize(
    "odd",
    [
        {"key": "x"},
        {"key": "a" * 63},
        {"prompt": "one"},
        {"prompt": -1},
        {"bytes": 1 << 70},
        {"started_at": "yesterday"},
        {"started_at": "9999-99-99T00:00:00Z"},
        {"seconds": "soon"},
        {"files": {"other": {"sha256": "", "bytes": 1, "sign": None}}},
        {"inputs": ["a"]},
    ],
)
def test_an_odd_line_is_passed_over(tmp_path: Path, odd: dict[str, Any]) -> None:
    added(tmp_path, a_prompt(1))
    told = json.loads((tmp_path / MANIFEST).read_bytes())
    with (tmp_path / MANIFEST).open("ab") as file:
        file.write(json.dumps({**told, "output": "outputs/odd.png", **odd}).encode() + b"\n")
        file.write(b"[]\n\xff\xfe\nnull\n" + b"x" * 3_000_000 + b"\n")
    added(tmp_path, a_prompt(2))
    assert entries(tmp_path) == {KEY: [["outputs/a_1.png"], ["outputs/a_2.png"]]}


def test_what_is_no_file_is_no_manifest(tmp_path: Path) -> None:
    assert entries(tmp_path) == {}
    (tmp_path / MANIFEST).symlink_to("/etc/passwd")
    assert entries(tmp_path) == {}
    (tmp_path / MANIFEST).unlink()
    os.mkfifo(tmp_path / MANIFEST)
    assert entries(tmp_path) == {}


def test_a_file_is_signed_while_it_is_what_was_read(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(b"abc")
    facts = path.stat()
    assert Signs(tmp_path).of("a.png", 3, mtime(facts)) is not None
    assert Signs(tmp_path).of("a.png", 4, mtime(facts)) is None
    assert Signs(tmp_path).of("gone.png", 3, mtime(facts)) is None
    before = Signs(tmp_path).of("a.png", 3, mtime(facts))
    path.write_bytes(b"xyz")
    os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns))
    assert Signs(tmp_path).of("a.png", 3, mtime(facts)) != before


def test_a_prompt_that_climbed_tells_what_was_asked_for_and_what_was_used(tmp_path: Path) -> None:
    prompt = a_prompt(params={"cfg": 1.0}, asked={"cfg": 1.5}, mark="degraded", is_kept=True)
    (line,) = lines_of(prompt, PLAN, KEY, None)
    assert isinstance(line, Line)
    assert (line.params, line.asked) == ({"steps": 4, "cfg": 1.0}, {"cfg": 1.5})
    assert (line.mark, line.kept, line.inputs) == ("degraded", True, {"image": "inputs/p.png"})
