"""What docs/shares.md has for smb.conf and fstab is taken by those who read these."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.mounts import needs, tool

PAGE = Path(__file__).resolve().parents[2] / "docs" / "shares.md"
GENERATOR = Path("/usr/lib/systemd/system-generators/systemd-fstab-generator")


def block(holding: str) -> str:
    """Give the block of the page that holds some text."""
    page = PAGE.read_text(encoding="utf-8")
    blocks = re.findall(r"^```[^\n]*\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)
    (found,) = (text for text in blocks if holding in text)
    assert isinstance(found, str)
    return found


@needs("testparm")
def test_samba_takes_the_share(tmp_path: Path) -> None:
    settings = tmp_path / "smb.conf"
    settings.write_text(block("force user"), encoding="utf-8")

    read = subprocess.run(
        [str(tool("testparm")), "-s", settings], capture_output=True, text=True, check=True
    )

    assert "Unknown parameter" not in read.stderr
    assert "force user = vqd" in read.stdout


@pytest.mark.skipif(not GENERATOR.exists(), reason="systemd is not installed")
@pytest.mark.parametrize("line", block("_netdev").splitlines())
def test_systemd_makes_a_mount_of_each_line_of_fstab_that_keeps_no_machine_from_its_start(
    tmp_path: Path, line: str
) -> None:
    fstab = tmp_path / "fstab"
    fstab.write_text(f"{line}\n", encoding="utf-8")
    folders = [tmp_path / name for name in ("normal", "early", "late")]
    for folder in folders:
        folder.mkdir()

    subprocess.run(
        [GENERATOR, *folders], check=True, env={**os.environ, "SYSTEMD_FSTAB": str(fstab)}
    )

    unit = (folders[0] / "srv-vqd.mount").read_text(encoding="utf-8")
    what, where, kind, *_ = line.split()
    assert {f"What={what}", f"Where={where}", f"Type={kind}"} <= {*unit.splitlines()}
    assert (folders[0] / "remote-fs.target.wants" / "srv-vqd.mount").is_symlink()
