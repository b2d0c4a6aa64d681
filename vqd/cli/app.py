"""The command, its verbs, and how every fault ends it.

Exit codes: 0 it is so; 1 a job failed or was cancelled, or vqd itself failed; 2 the command line is
wrong; 3 the job file, a workflow or the settings are at fault; 4 there is no such job; 5 refused,
with the reason; 6 `doctor` found something that could be better, 7 something wrong; 130 `submit
--wait` was interrupted, and the job goes on.
"""

import os
import sys
from collections.abc import Callable
from functools import wraps
from importlib import import_module
from pathlib import Path
from typing import ParamSpec, TypeVar

import click

from vqd import __version__
from vqd.domain.errors import Faults, VqdError

P = ParamSpec("P")
R = TypeVar("R")

EXIT_FAILED = 1
EXIT_FAULTS = 3
EXIT_UNKNOWN_JOB = 4
EXIT_REFUSED = 5
EXIT_WARNED = 6
EXIT_WRONG = 7
EXIT_INTERRUPTED = 130

_UNKNOWN = frozenset({"unknown_job", "ambiguous_job"})

settings_option = click.option(
    "--settings",
    "settings_file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The settings file; else $VQD_SETTINGS, ./vqd.yaml or /etc/vqd/vqd.yaml.",
)
spool_option = click.option(
    "--spool",
    "spool_dir",
    type=click.Path(path_type=Path, file_okay=False),
    help="Look into this spool alone, as on a machine that only mounts it; no settings are read.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")


def ends_in_words(command: Callable[P, R]) -> Callable[P, R]:
    """Let a fault end the command with its message and its exit code, not with a traceback."""

    @wraps(command)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except Faults as faults:
            for problem in faults.problems:
                click.echo(f"error: {problem.in_full} [{problem.code}]", err=True)
            sys.exit(EXIT_FAULTS)
        except VqdError as error:
            click.echo(f"error: {error} [{error.code}]", err=True)
            sys.exit(EXIT_UNKNOWN_JOB if error.code in _UNKNOWN else EXIT_REFUSED)
        except BrokenPipeError:
            raise  # whoever read the output has seen enough; click ends quietly
        except OSError as error:
            place = f"{error.filename}: " if error.filename else ""
            click.echo(f"error: {place}{error.strerror or error} [os_error]", err=True)
            sys.exit(EXIT_REFUSED)

    return wrapped


class _Verbs(click.Group):
    """Imports a verb's module when it is asked for, so that each starts quickly."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(_PLACES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in _PLACES:
            return None
        module, _, name = _PLACES[cmd_name].partition(":")
        command: click.Command = getattr(import_module(f"vqd.cli.{module}"), name)
        return command


_PLACES = {
    "init": "house:init",
    "run": "house:run",
    "demo": "house:demo",
    "engine": "house:engine",
    "check": "checking:check",
    "submit": "submitting:submit",
    "status": "looking:status",
    "list": "looking:list_jobs",
    "show": "looking:show",
    "log": "log:log",
    "explain": "explaining:explain",
    "report": "reporting:report",
    "servers": "farm:servers",
    "models": "farm:models",
    "schema": "schema:schema",
    "doctor": "doctor:doctor",
    "workflows": "workflows:workflows",
    "cancel": "steering:cancel",
    "retry": "steering:retry",
    "pause": "steering:pause",
    "resume": "steering:resume",
    "approve": "steering:approve",
    "priority": "steering:priority",
}


@click.group(cls=_Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="vqd")
def vqd() -> None:
    """A folder that renders: drop jobs into an inbox, ComfyUI runs them, find them in done/."""
    if os.environ.get("NO_COLOR"):
        click.get_current_context().color = False
