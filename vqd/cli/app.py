"""The command, its verbs, and how every fault ends it."""

import os
import sys
from collections.abc import Callable, Mapping
from functools import wraps
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import ClassVar, ParamSpec, TypeVar

import click

from vqd import __version__
from vqd.cli.codes import EXIT_BY_ERROR, EXIT_FAULTS, EXIT_REFUSED
from vqd.domain.errors import Faults, VqdError
from vqd.domain.names import printable

P = ParamSpec("P")
R = TypeVar("R")

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
    help="Use this spool alone, as on a machine that only mounts it; no settings are read.",
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
            click.echo(f"error: {_printable(str(error))} [{error.code}]", err=True)
            sys.exit(EXIT_BY_ERROR.get(error.code, EXIT_REFUSED))
        except BrokenPipeError:
            raise  # whoever read the output has seen enough; click ends quietly
        except OSError as error:
            place = f"{error.filename}: " if error.filename else ""
            said = _printable(f"{place}{error.strerror or error}")
            click.echo(f"error: {said} [os_error]", err=True)
            sys.exit(EXIT_REFUSED)

    return wrapped


def _printable(text: str) -> str:
    return "\n".join(map(printable, text.split("\n")))


class Verbs(click.Group):
    """Verbs, of which the nearest is named to who mistypes one."""

    also: ClassVar[Mapping[str, str]] = MappingProxyType({})
    """Other names of verbs, which no list has."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Give the verb that is meant.

        Raises:
            click.UsageError: there is none of that name; the nearest is named.
        """
        args = [self.also.get(args[0], args[0]), *args[1:]] if args else args
        known = self.list_commands(ctx)
        if args and args[0] not in known and not args[0].startswith("-"):
            from vqd.domain.nearest import nearest

            said = f"there is no verb {printable(args[0])}. {nearest(args[0], known)}"
            ctx.fail(said)
        return super().resolve_command(ctx, args)


class _LateVerbs(Verbs):
    """Imports a verb's module when it is asked for, so that each starts quickly."""

    also: ClassVar[Mapping[str, str]] = MappingProxyType({"database": "db"})

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(_PLACES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in _PLACES:
            return None
        module, _, name = _PLACES[cmd_name].partition(":")
        command: click.Command = getattr(import_module(f"vqd.cli.{module}"), name)
        return command


_PLACES = {
    "init": "init:init",
    "run": "house:run",
    "demo": "house:demo",
    "engine": "house:engine",
    "check": "checking:check",
    "submit": "submitting:submit",
    "status": "status:status",
    "list": "looking:list_jobs",
    "show": "looking:show",
    "watch": "watch:watch",
    "log": "log:log",
    "explain": "explaining:explain",
    "report": "reporting:report",
    "servers": "farm:servers",
    "models": "farm:models",
    "schema": "schema:schema",
    "settings": "settings:settings",
    "doctor": "doctor:doctor",
    "backup": "backup:backup",
    "restore": "backup:restore",
    "db": "database:db",
    "workflows": "workflows:workflows",
    "cancel": "steering:cancel",
    "retry": "steering:retry",
    "pause": "steering:pause",
    "resume": "steering:resume",
    "approve": "steering:approve",
    "priority": "steering:priority",
    "completion": "completion:completion",
}


@click.group(cls=_LateVerbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="vqd")
def vqd() -> None:
    """A folder that renders: drop jobs into an inbox, ComfyUI runs them, find them in done/."""
    if os.environ.get("NO_COLOR"):
        click.get_current_context().color = False
