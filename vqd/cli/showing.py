"""What a job's folder tells of it by itself, on a machine that only mounts the share."""

import json
from collections.abc import Iterator, Mapping
from itertools import groupby, islice
from operator import itemgetter
from pathlib import Path
from typing import Any

import click

from vqd.cli.jobtable import print_prompts
from vqd.cli.statusfile import read_status
from vqd.cli.table import STATE_COLOURS
from vqd.cli.told import json_of
from vqd.documents.opening import opened
from vqd.domain.errors import VqdError
from vqd.domain.names import printable
from vqd.spool.failures import FAILURES
from vqd.spool.manifest import MANIFEST
from vqd.spool.statusschema import status_schema

_TOLD_OF_PROBLEMS = ("where", "line", "key", "said", "hint")
_LINE_KEYS = ("params", "inputs", "seed", "server", "attempt", "seconds", "kept")


def show_folder(folder: Path, *, prompts: int, as_json: bool) -> None:
    """Show the job in a folder by its STATUS.yaml, and its prompts as its manifest tells.

    Raises:
        VqdError: `no_status`, there is none of vqd's (yet).
    """
    status = read_status(folder)
    if status is None or not _is_whole(status):
        said = f"{folder}: there is no STATUS.yaml of vqd's."
        raise VqdError("no_status", said, "It comes when the daemon has taken the job in.")
    shown = list(islice(_told(folder), prompts))
    if as_json:
        told = {**status, "folder": str(folder), "prompts": shown}
        click.echo(json_of(told))
        return
    _print(folder, status)
    print_prompts(
        (one["prompt"], one["state"], one["params"], one["outputs"] or [one["message"] or ""])
        for one in shown
    )
    hidden = status["counts"]["total"] - len(shown)
    if hidden > 0:
        click.echo(f"       … and {hidden} more")


def _is_whole(status: Mapping[str, Any]) -> bool:
    """Tell whether every key is there: anybody may write into the folder."""
    schema = status_schema()
    counts, problems = status["counts"], status.get("problems")
    return (
        {*schema["required"]} <= status.keys()
        and isinstance(counts, dict)
        and all(
            isinstance(counts.get(name), int) for name in schema["properties"]["counts"]["required"]
        )
        and isinstance(problems, list)
        and all(isinstance(one, dict) and {*_TOLD_OF_PROBLEMS} <= one.keys() for one in problems)
    )


def _print(folder: Path, status: dict[str, Any]) -> None:
    counts, state = status["counts"], str(status["state"])
    over = counts["succeeded"] + counts["failed"] + counts["cancelled"]
    told = [f"{counts[name]} {name}" for name in ("failed", "kept") if counts[name]]
    about = "  ".join([*told, printable(str(status["reason"] or ""))])
    shown = click.style(printable(state), fg=STATE_COLOURS.get(state))
    job = printable(str(status["job"]))
    click.echo(f"{job}  {shown}  {over}/{counts['total']}  {about}".rstrip())
    click.echo(printable(f"folder  {folder}"))
    click.echo(printable(f"as of   {status['heartbeat_at']}"))
    for problem in status["problems"]:
        place = ":".join(str(part) for part in (problem["where"], problem["line"]) if part)
        parts = (place, problem["key"], problem["said"])
        said = ": ".join(str(part) for part in parts if part)
        click.echo(printable(f"error: {said} {problem['hint'] or ''}".rstrip()))


def _told(folder: Path) -> Iterator[dict[str, Any]]:
    """Give each prompt that is told of as succeeded, failed or cancelled, by number."""
    lines = [*_lines(folder / MANIFEST), *_lines(folder / FAILURES)]
    lines.sort(key=itemgetter("prompt"))
    for number, of_prompt in groupby(lines, itemgetter("prompt")):
        first, *more = of_prompt
        outputs = dict.fromkeys(line["output"] for line in (first, *more) if "output" in line)
        yield {
            "prompt": number,
            "state": first.get("state", "succeeded"),
            **{key: first.get(key) for key in _LINE_KEYS},
            "failure": first.get("code"),
            "message": first.get("said"),
            "outputs": [*outputs],
        }


def _lines(path: Path) -> list[Any]:
    try:
        with opened(path) as file:
            lines = [json.loads(line) for line in file if line.endswith(b"\n")]
    except FileNotFoundError:
        return []  # there is nothing to tell (yet)
    except (ValueError, RecursionError) as error:
        raise _not_as_written(path, str(error)) from error
    if not all(map(_is_of_a_prompt, lines)):
        raise _not_as_written(path, "a line tells of no prompt")
    return lines


def _is_of_a_prompt(line: Any) -> bool:
    match line:
        case {"prompt": int(), "params": dict(params)}:
            texts = (line.get("output", ""), line.get("said") or "", line.get("state", ""))
            return all(isinstance(text, str) for text in texts) and all(
                isinstance(value, str | int | float) for value in params.values()
            )
    return False


def _not_as_written(path: Path, why: str) -> VqdError:
    said = f"{path}: it is not as vqd wrote it ({why})."
    return VqdError("not_a_manifest", said, "vqd makes it anew when the job closes.")
