"""init: makes a set-up, by what it is told or what is answered to its questions."""

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import click

from vqd.cli.app import ends_in_words, json_option
from vqd.cli.helping import examples
from vqd.cli.told import print_json
from vqd.domain.errors import Faults, VqdError
from vqd.domain.finding import command
from vqd.domain.frozen import frozen
from vqd.domain.names import printable
from vqd.service.shapes.shape import Shape
from vqd.settings.farm import BUILTIN
from vqd.settings.files import find_settings_file
from vqd.setup import (
    COMFYUI_HERE,
    SERVICE_SETTINGS,
    SetUp,
    as_it_is,
    check,
    comfyui_at,
    lay_out,
    proposed,
)

_UNITS = (Path("/etc/systemd/system/vqd.service"), Path("/usr/lib/systemd/system/vqd.service"))


@frozen
class SetUpShape(Shape):
    """A set-up, and what of it was made."""

    spool: str
    state_dir: str
    settings: str
    """The settings file."""
    servers: list[str]
    made: list[str]
    """Those of these that were not there; what was is as before."""
    next: str
    """The command that starts the daemon on it."""


@click.command(
    epilog=examples(
        "vqd init",
        "vqd init /srv/spool --server builtin --server http://gpu0:8188",
        "vqd init spool --state ~/.vqd",
    )
)
@click.argument("spool", type=click.Path(path_type=Path, file_okay=False), required=False)
@click.option(
    "--state",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where the queue's database goes: a local disk. [default: ~/.local/state/vqd]",
)
@click.option(
    "--server", "servers", multiple=True, metavar="builtin|URL", help="May be given again."
)
@click.option(
    "--settings",
    "settings_file",
    type=click.Path(path_type=Path, dir_okay=False),
    envvar="VQD_SETTINGS",
    help="The settings file to write. [default: vqd.yaml]",
)
@click.option("--yes", "-y", is_flag=True, help="Ask nothing, and take what is proposed.")
@json_option
@ends_in_words
def init(
    spool: Path | None,
    state: Path | None,
    servers: tuple[str, ...],
    settings_file: Path | None,
    *,
    yes: bool,
    as_json: bool,
) -> None:
    """Make a spool, the state folder and a settings file.

    Without SPOOL it asks, and proposes what suits this machine. A ComfyUI that answers on this
    machine is used, with the built-in engine for graphs that need no model.

    What is there already is kept as it is: of settings that are there, what they name and is
    missing is made. For root, on a machine with the service's user vqd, the places are those of the
    service, /srv/vqd, /var/lib/vqd and /etc/vqd/vqd.yaml, and the folders are given to that user.
    """
    setup = proposed()
    written = settings_file or (find_settings_file(None) if spool is None else setup.settings_file)
    if written is not None and written.exists():
        setup = as_it_is(written, setup.owner)
        _require_same(setup, spool, state, servers)
    else:
        given = replace(
            setup,
            spool=(spool or setup.spool).absolute(),
            state_dir=(state or setup.state_dir).absolute(),
            settings_file=settings_file or setup.settings_file,
        )
        if spool is None and not yes:
            setup = _asked(given, servers, is_person=sys.stdin.isatty() and not as_json)
        else:
            setup = replace(given, servers=servers or _servers_here())
        check(setup)
    made = lay_out(setup)
    if as_json:
        print_json(_shape(setup, made))
    else:
        _tell(setup, made)


def _require_same(
    kept: SetUp, spool: Path | None, state: Path | None, servers: tuple[str, ...]
) -> None:
    """Do nothing if what is asked for is what the settings say that are there already.

    Raises:
        VqdError: `settings_differ`.
    """
    places = {"spool": (spool, kept.spool), "state_dir": (state, kept.state_dir)}
    named = [
        f"{key} {said}"
        for key, (asked, said) in places.items()
        if asked is not None and asked.resolve() != said.resolve()
    ]
    if servers and servers != kept.servers:
        named.append(f"servers {', '.join(kept.servers)}")
    if named:
        raise VqdError(
            "settings_differ",
            f"{kept.settings_file} is there already, and says {'; '.join(named)}."
            " Nothing was changed.",
            "Edit it, or name another with --settings.",
        )


def _servers_here() -> tuple[str, ...]:
    return (BUILTIN,) if comfyui_at(COMFYUI_HERE) is None else (BUILTIN, COMFYUI_HERE)


def _asked(proposal: SetUp, servers: tuple[str, ...], *, is_person: bool) -> SetUp:
    """Ask for what a set-up is made of.

    Raises:
        click.UsageError: nobody is there who could answer.
    """
    if not is_person:
        said = "Missing argument 'SPOOL'. Name it, or take what is proposed with --yes."
        raise click.UsageError(said)
    setup = replace(proposal, spool=_spool(proposal))
    setup = replace(setup, state_dir=_state_dir(setup))
    return replace(setup, servers=servers or _asked_servers(setup))


def _spool(proposal: SetUp) -> Path:
    def read(answer: str) -> Path:
        return _in_order(replace(proposal, spool=_folder(answer))).spool

    question = "Where shall jobs be dropped, and come back?"
    given: Path = click.prompt(question, default=str(proposal.spool), value_proc=read)
    return given


def _state_dir(proposal: SetUp) -> Path:
    def read(answer: str) -> Path:
        return _in_order(replace(proposal, state_dir=_folder(answer))).state_dir

    question = "Where shall the queue lie, on a local disk?"
    given: Path = click.prompt(question, default=str(proposal.state_dir), value_proc=read)
    return given


def _folder(answer: str) -> Path:
    try:
        path = Path(answer).expanduser().absolute()
    except RuntimeError as error:
        raise click.UsageError(f"{answer}: there is no user of that name.") from error
    if path.exists() and not path.is_dir():
        raise click.UsageError(f"{path} is no folder.")
    return path


def _in_order(setup: SetUp) -> SetUp:
    """Give a set-up back whose settings are in order.

    Raises:
        click.UsageError: they are not; whoever answered is asked again.
    """
    try:
        check(setup)
    except Faults as faults:
        raise click.UsageError(" ".join(map(str, faults.problems))) from faults
    return setup


def _asked_servers(proposal: SetUp) -> tuple[str, ...]:
    def read(answer: str) -> tuple[str, ...]:
        urls = tuple(dict.fromkeys(answer.replace(",", " ").split()))
        return _in_order(replace(proposal, servers=urls)).servers

    version = comfyui_at(COMFYUI_HERE)
    if version is None:
        click.echo(f"No ComfyUI answers at {COMFYUI_HERE}.")
    else:
        click.echo(f"ComfyUI {version} answers at {COMFYUI_HERE}.")
    click.echo(f"`{BUILTIN}` is vqd's own engine, for graphs that need no model.")
    known = (BUILTIN,) if version is None else (BUILTIN, COMFYUI_HERE)
    given: tuple[str, ...] = click.prompt(
        "Which servers shall prompts run on? (builtin, URLs)",
        default=" ".join(known),
        value_proc=read,
    )
    return given


def _shape(setup: SetUp, made: Sequence[Path]) -> SetUpShape:
    return SetUpShape(
        str(setup.spool),
        str(setup.state_dir),
        str(setup.settings_file),
        [*setup.servers],
        [str(place) for place in made],
        _next_command(setup),
    )


def _tell(setup: SetUp, made: Sequence[Path]) -> None:
    places = {"spool": setup.spool, "state": setup.state_dir, "settings": setup.settings_file}
    for name, place in places.items():
        kept = "" if place in made else "  (was there)"
        click.echo(printable(f"{name:<10}{place}{kept}"))
    click.echo(f"{'servers':<10}{', '.join(setup.servers)}")
    click.echo(f"\nNow: {_next_command(setup)}\nThen drop jobs into {setup.spool / 'inbox'}")


def _next_command(setup: SetUp) -> str:
    """Give the command that starts the daemon on a set-up."""
    if setup.settings_file == SERVICE_SETTINGS:
        is_unit = any(path.exists() for path in _UNITS)
        return command("systemctl", "enable", "--now", "vqd") if is_unit else "vqd run"
    return command("vqd", "run", "--settings", setup.settings_file)
