"""doctor: what is wrong with a set-up, and the commands that mend it."""

from pathlib import Path

import click

from vqd.cli.app import ends_in_words, json_option, settings_option
from vqd.cli.findings import end_with
from vqd.cli.helping import examples
from vqd.cli.presence import is_daemon_running
from vqd.doctor.apart import examined_apart
from vqd.doctor.house import examine_house


@click.command(epilog=examples("vqd doctor", "vqd doctor --json"))
@settings_option
@json_option
@ends_in_words
def doctor(settings_file: Path | None, *, as_json: bool) -> None:
    """Examine the whole set-up, and say what is wrong and the command that mends it.

    It examines the settings, this machine, the daemon, the spool, the state, how drops are seen,
    the servers and the workflows, whether the daemon runs or not, and changes nothing. Ask it as
    the user that the daemon runs as. It ends with 0 if all is well, 6 if something could be better,
    and 7 if something is wrong.
    """
    examined = examined_apart(lambda: examine_house(settings_file, is_daemon_running))
    end_with(examined, settings_file, as_json=as_json)
