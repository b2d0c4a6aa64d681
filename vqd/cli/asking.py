"""How a verb comes to its queue: by the settings, by a spool alone, or by the API of another
machine."""

from collections.abc import Callable
from contextlib import closing
from functools import wraps
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from vqd.cli.app import settings_option, spool_option
from vqd.cli.way import Way

_ALONE = "--url, --spool and --settings name a queue each: give one."

url_option = click.option(
    "--url",
    envvar="VQD_URL",
    show_envvar=True,
    metavar="URL",
    help="Ask the API of a daemon, here or on another machine: http://gpu-box:8640.",
)
token_option = click.option(
    "--token-file",
    envvar="VQD_TOKEN_FILE",
    show_envvar=True,
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="With --url: a file with the token that the API wants.",
)


def asks_queue(command: Callable[..., Any]) -> Callable[..., Any]:
    """Let a verb be given the way to its queue as `way`, with the options that name the queue."""

    @wraps(command)
    def wrapped(
        *args: Any,
        url: str | None,
        token_file: Path | None,
        spool_dir: Path | None,
        settings_file: Path | None,
        **kwargs: Any,
    ) -> Any:
        with closing(_way(url, token_file, spool_dir, settings_file)) as way:
            return command(way, *args, **kwargs)

    for option in (settings_option, spool_option, token_option, url_option):
        wrapped = option(wrapped)
    return wrapped


def _way(
    url: str | None, token_file: Path | None, spool_dir: Path | None, settings_file: Path | None
) -> Way:
    given = [one for one in ("url", "spool_dir", "settings_file") if _is_given(one)]
    if len(given) > 1:
        raise click.UsageError(_ALONE)
    if url and given in ([], ["url"]):
        from vqd.cli.client import client_of
        from vqd.cli.remote import Remote

        return Remote(client_of(url, token_file))
    from vqd.cli.beside import Beside

    if spool_dir is not None:
        return Beside.on_share(spool_dir)
    return Beside.by_settings(settings_file)


def _is_given(name: str) -> bool:
    """Tell whether an option stands on the command line, where it counts for more than what the
    environment says."""
    source = click.get_current_context().get_parameter_source(name)
    return source is ParameterSource.COMMANDLINE
