"""A set-up of vqd: proposed by what this machine has, and laid out.

The settings are written last, so that whatever was in the way, it can be asked for again. What is
there already is kept as it is.
"""

import os
import pwd
import stat
from collections.abc import Iterable, Sequence
from pathlib import Path

from vqd.comfy.client import Client
from vqd.documents.reader import parse
from vqd.documents.writer import written
from vqd.domain.errors import Faults, Problem, VqdError
from vqd.domain.frozen import frozen
from vqd.service.welcome import Welcome
from vqd.settings.farm import BUILTIN
from vqd.settings.load import load_settings, made_of
from vqd.settings.model import Settings
from vqd.spool.kept import KeptFolder
from vqd.spool.layout import OWN_FOLDER, Spool

SERVICE_USER = "vqd"
"""Whom the service runs as (systemd/sysusers.d/vqd.conf)."""
SERVICE_SETTINGS = Path("/etc/vqd/vqd.yaml")
COMFYUI_HERE = "http://127.0.0.1:8188"
"""Where ComfyUI listens if nobody says otherwise (its comfy/cli_args.py)."""

_ASKED_S = 3.0
_SHARED = 0o2775
"""Its group may write in it, and what comes into it is that group's, too (inode(7))."""
_STATE = 0o750
_READ = 0o644
_PACKAGE = Path(__file__).parent
_EXAMPLES = (_PACKAGE / "shipped" / "vqd.yaml", _PACKAGE.parent / "config" / "vqd.yaml")
"""Where all that can be set is explained: in an installed package, and in a checkout."""


@frozen
class SetUp:
    """What a set-up is made of; the folders are absolute.

    `owner` is the user whom root gives the folders to, None where they stay whose they are.
    """

    spool: Path
    state_dir: Path
    servers: tuple[str, ...]
    settings_file: Path
    owner: str | None = None


def proposed() -> SetUp:
    """Give what suits this machine: the service's places for root, where there is the service's
    user, and else those of whoever asks. Of servers it names none but the built-in engine."""
    if os.geteuid() == 0 and _is_user(SERVICE_USER):
        places = Path("/srv/vqd"), Path("/var/lib/vqd")
        return SetUp(*places, (BUILTIN,), SERVICE_SETTINGS, SERVICE_USER)
    home = Path.home()
    return SetUp(home / "vqd", home / ".local" / "state" / "vqd", (BUILTIN,), Path("vqd.yaml"))


def as_it_is(settings_file: Path, owner: str | None) -> SetUp:
    """Give the set-up that settings name which are there already.

    Raises:
        Faults: everything wrong with them.
    """
    settings = load_settings(settings_file)
    servers = tuple(server.url for server in settings.servers)
    return SetUp(settings.spool, settings.state_dir, servers, settings_file, owner)


def comfyui_at(url: str) -> str | None:
    """Give the version of the ComfyUI that answers there, None if none does."""
    client = Client(url, timeout_s=_ASKED_S)
    try:
        return client.facts().version or "of an unknown version"
    except VqdError:
        return None
    finally:
        client.close()


def check(setup: SetUp) -> None:
    """Do nothing if the settings of a set-up are in order.

    Raises:
        Faults: everything wrong with them.
    """
    made_of(_values(setup), parse("{}", "the command line"))
    for key, place in (("spool", setup.spool), ("state_dir", setup.state_dir)):
        if not _is_utf8(place):
            said, hint = f"{place}: is not UTF-8, as settings are.", "Name another folder."
            raise Faults([Problem("not_utf8", said, "the command line", key=key, hint=hint)])
    if setup.settings_file.is_symlink() and not setup.settings_file.exists():
        said = f"{setup.settings_file} is a link to what is not there."
        hint = "Make that, or remove the link."
        raise Faults([Problem("missing_file", said, "the command line", key="settings", hint=hint)])


def lay_out(setup: SetUp) -> Sequence[Path]:
    """Make what is missing of a set-up; gives the spool, the state folder and the settings file,
    those of them that were made.

    Raises:
        VqdError: `not_given`, `spool_unwritable`, `spool_split`.
        OSError: something of it cannot be made.
    """
    spool = Spool(setup.spool)
    is_new = {spool.root: not spool.is_present(), setup.state_dir: not setup.state_dir.is_dir()}
    Spool.create(spool.root)
    spool.check()
    own = spool.inbox / OWN_FOLDER
    KeptFolder(own).keep(Welcome(None, ()).files())
    setup.state_dir.mkdir(parents=True, exist_ok=True)
    if setup.owner is not None:
        _give((spool.root, *spool.folders, own), setup.owner, _SHARED)
        _give((spool.marker.path, *own.iterdir()), setup.owner, _READ)
        _give((setup.state_dir,), setup.owner, _STATE)
    is_new[setup.settings_file] = _write(setup)
    return [place for place, was_missing in is_new.items() if was_missing]


def _give(paths: Iterable[Path], owner: str, mode: int) -> None:
    """Give a user those of the paths that are root's."""
    user = pwd.getpwnam(owner)
    for path in paths:
        facts = path.lstat()
        if facts.st_uid != 0 or stat.S_ISLNK(facts.st_mode):
            continue
        try:
            path.chmod(mode)
            os.chown(path, user.pw_uid, user.pw_gid, follow_symlinks=False)
        except OSError as error:
            said = f"{path} cannot be given to the user {owner} ({error.strerror})."
            hint = "On a share, its server's rights or the mount's options say who may write there."
            raise VqdError("not_given", said, hint) from error


def _write(setup: SetUp) -> bool:
    """Write the settings, if they are not there; tell whether they were not."""
    if setup.settings_file.exists():
        return False
    setup.settings_file.parent.mkdir(parents=True, exist_ok=True)
    with setup.settings_file.open("x", encoding="utf-8") as file:
        file.write(_text(setup))
    if setup.owner is not None:
        setup.settings_file.chmod(_READ)
    return True


def _is_utf8(path: Path) -> bool:
    try:
        str(path).encode()
    except UnicodeEncodeError:
        return False
    return True


def _is_user(name: str) -> bool:
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True


def _values(setup: SetUp) -> dict[str, object]:
    return {
        "spool": str(setup.spool),
        "state_dir": str(setup.state_dir),
        "servers": list(setup.servers),
    }


def _text(setup: SetUp) -> str:
    """Give the settings as they are written, each with what it means."""
    example = next((path for path in _EXAMPLES if path.is_file()), _EXAMPLES[0])
    parts = [f"# Everything else that can be set, and what it means: {example}\n"]
    for key, value in _values(setup).items():
        meaning = Settings.model_fields[key].description
        parts.append(f"\n# {meaning}\n{written({key: value}).decode()}")
    return "".join(parts)
