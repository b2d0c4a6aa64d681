"""systemd/: what is shipped there holds together. On a booted machine tests/boot proves it."""

from itertools import pairwise
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
SYSTEMD = TOP / "systemd"


def _lines(name: str) -> list[str]:
    return (SYSTEMD / name).read_text(encoding="utf-8").splitlines()


def _directives(name: str) -> list[str]:
    return [line for line in _lines(name) if line and not line.startswith("#")]


def test_every_directive_of_the_unit_has_a_sentence_above_it_that_says_why() -> None:
    lines = _lines("vqd.service")
    bare = [
        line
        for before, line in pairwise(lines)
        if "=" in line and not line.startswith("#") and not before.startswith("# ")
    ]

    assert bare == ["Description=vqd, a folder that renders", "WantedBy=multi-user.target"]


def test_an_instance_is_the_unit_on_folders_and_settings_of_its_own() -> None:
    own = [
        line.replace("/etc/vqd/%i.yaml", "/etc/vqd/vqd.yaml")
        .replace("vqd-%i", "vqd")
        .replace(" (%i)", "")
        for line in _directives("vqd@.service")
    ]

    assert own == _directives("vqd.service")


def test_the_user_of_the_unit_is_made() -> None:
    assert {"User=vqd", "Group=vqd"} <= {*_directives("vqd.service")}
    (made,) = _directives("sysusers.d/vqd.conf")
    assert made.startswith("u vqd ")


def test_the_folder_of_secrets_is_made_for_root_alone() -> None:
    assert "LoadCredential=vqd:/etc/vqd/secrets" in _directives("vqd.service")
    assert "d /etc/vqd/secrets 0700 root root -" in _directives("tmpfiles.d/vqd.conf")
