"""The files that settings are read from: one, and the drop-ins beside it.

Of `NAME.yaml` they lie in the folder `NAME.d`, and are laid over it in the order of their names.
"""

import os
from pathlib import Path

from vqd.documents.reader import read
from vqd.documents.tree import Document, Mapping
from vqd.domain.errors import Faults, Problem, VqdError
from vqd.domain.frozen import frozen
from vqd.settings.layers import Layers
from vqd.settings.places import place, unwritten

SEARCHED = (Path("vqd.yaml"), Path("/etc/vqd/vqd.yaml"))
_ENDINGS = (".yaml", ".yml")


@frozen
class Found:
    """The files of some settings, in the order in which they are laid over one another.

    `main` is the file that was named or found, which need not be there beside drop-ins.
    """

    main: Path | None
    files: tuple[Path, ...] = ()
    problems: tuple[Problem, ...] = ()


def find_settings_file(named: Path | None) -> Path | None:
    """Give the settings file: the one named, else $VQD_SETTINGS, else ./vqd.yaml, else /etc.

    Raises:
        VqdError: `settings_missing`, one that was named is not there.
    """
    in_environment = os.environ.get("VQD_SETTINGS")
    asked = named or (Path(in_environment) if in_environment else None)
    if asked is None:
        return next((path for path in SEARCHED if _is_there(path)), None)
    if not _is_there(asked):
        raise VqdError(
            "settings_missing", f"{asked}: no such settings file.", "vqd init SPOOL makes one."
        )
    return asked


def find_files(named: Path | None) -> Found:
    """Give the settings file with its drop-ins.

    Raises:
        VqdError: `settings_missing`.
    """
    main = find_settings_file(named)
    if main is None:
        return Found(None)
    own = (main,) if os.path.lexists(main) else ()
    folder = drop_in_folder(main)
    try:
        names = sorted(path.name for path in folder.iterdir())
    except FileNotFoundError:
        return Found(main, own)
    except OSError as error:
        said = f"cannot be read ({error.strerror}), and holds settings."
        hint = "Let the daemon's user read this folder, or take it away."
        return Found(main, own, (Problem("unreadable", said, str(folder), hint=hint),))
    return Found(main, (*own, *(folder / name for name in names if _is_drop_in(name))))


def drop_in_folder(main: Path) -> Path:
    """Give the folder in which the drop-ins of a settings file lie."""
    return main.with_suffix(".d")


def lay_files(layers: Layers, found: Found) -> list[Problem]:
    """Lay every file over the ones before it, its paths led from its own folder; gives what is
    wrong with the form of any."""
    problems = [*found.problems]
    for path in found.files:
        try:
            document = _document(path)
        except Faults as faults:
            problems += faults.problems
            continue
        problems += unwritten(document.root, document.where)
        place(document.root, path.absolute().parent)
        layers.lay(document)
    return problems


def _is_there(main: Path) -> bool:
    """Tell whether there is a settings file, or what is laid over it."""
    return os.path.lexists(main) or drop_in_folder(main).is_dir()


def _is_drop_in(name: str) -> bool:
    return name.endswith(_ENDINGS) and not name.startswith(".")


def _document(path: Path) -> Document:
    """Read one file, whatever links lead to it; an empty one says nothing.

    Raises:
        Faults: every fault of its form.
    """
    where = str(path)
    try:
        return read(Path(os.path.realpath(path)), where=where)
    except FileNotFoundError as error:
        said = "is a link to nothing."
        raise Faults([Problem("missing_file", said, where, hint="Take it away.")]) from error
    except Faults as faults:
        if all(one.code == "no_mapping" and one.found == "nothing" for one in faults.problems):
            return Document(where, Mapping())
        raise
