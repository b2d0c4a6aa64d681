"""Thumbnails are kept by content, whole or not at all, within a bound, and can be made again."""

import hashlib
import os
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from PIL import Image

from tests.samples import picture
from vqd.domain.errors import VqdError
from vqd.media.thumbnails import Thumbnails


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def kept(tmp_path: Path) -> Thumbnails:
    return Thumbnails(tmp_path / "cache")


def a_picture(folder: Path, shade: int = 0) -> Path:
    return picture(folder / f"p{shade}.png", size=(900, 600), shade=shade)


def test_what_was_made_once_is_read_from_then_on(tmp_path: Path, kept: Thumbnails) -> None:
    path = a_picture(tmp_path)
    name = sha256(path)
    assert kept.get(name) is None
    made = kept.make(path, name, below=tmp_path)
    path.unlink()
    assert kept.make(path, name, below=tmp_path) == kept.read(name) == made
    assert [one.size for one in made] == ["large", "medium", "small", "tiny"]
    with Image.open(kept.get(name, "small") or "") as small:
        assert small.size == (208, 139)


def test_one_that_is_small_enough_for_several_sizes_is_kept_once(
    tmp_path: Path, kept: Thumbnails
) -> None:
    path = picture(tmp_path / "tiny.png", size=(64, 48))
    name = sha256(path)
    made = kept.make(path, name, below=tmp_path)
    assert [one.size for one in made] == ["large", "medium", "small", "tiny"]
    assert kept.read(name) == made
    assert kept.get(name, "large") == kept.get(name, "tiny")
    assert kept.get(name, "moving") is None
    assert len([*(tmp_path / "cache").glob("??/*/*")]) == 1


def test_any_of_it_may_be_deleted_at_any_time(tmp_path: Path, kept: Thumbnails) -> None:
    path = a_picture(tmp_path)
    name = sha256(path)
    made = kept.make(path, name, below=tmp_path)
    shutil.rmtree(tmp_path / "cache")
    assert kept.read(name) == ()
    assert kept.make(path, name, below=tmp_path) == made == kept.read(name)


@pytest.mark.parametrize("torn", [b"", b"half"])
def test_what_a_power_cut_left_half_is_made_again(
    tmp_path: Path, kept: Thumbnails, torn: bytes
) -> None:
    path = a_picture(tmp_path)
    name = sha256(path)
    made = kept.make(path, name, below=tmp_path)
    large = kept.get(name, "large")
    assert large is not None
    large.write_bytes(torn)
    assert kept.read(name) == ()
    assert kept.make(path, name, below=tmp_path) == made == kept.read(name)


@pytest.mark.parametrize("name", ["", "..", "../../../etc", "A" * 64, "a" * 63, "a" * 65])
def test_only_a_hash_is_looked_for(tmp_path: Path, kept: Thumbnails, name: str) -> None:
    path = a_picture(tmp_path)
    assert kept.make(path, name, below=tmp_path)
    assert kept.get(name) is None
    assert not (tmp_path / "cache").exists()


def test_what_was_not_used_for_longest_goes_first(tmp_path: Path) -> None:
    names = []
    kept = Thumbnails(tmp_path / "cache", most_bytes=1)
    for shade in range(4):
        path = a_picture(tmp_path, shade)
        names.append(sha256(path))
        kept.make(path, names[-1], below=tmp_path)
        os.utime(tmp_path / "cache" / names[-1][:2] / names[-1], (shade, shade))
    each = sum(len(one.data) for one in kept.read(names[0]))  # which uses it
    Thumbnails(tmp_path / "cache", most_bytes=3 * each).trim()
    assert [kept.get(name) is not None for name in names] == [True, False, False, True]


def test_within_its_bound_nothing_goes(tmp_path: Path, kept: Thumbnails) -> None:
    path = a_picture(tmp_path)
    kept.make(path, sha256(path), below=tmp_path)
    kept.trim()
    assert kept.get(sha256(path)) is not None


def test_a_cache_that_cannot_be_written_keeps_nothing_and_gives_all_the_same(
    tmp_path: Path,
) -> None:
    (tmp_path / "cache").write_text("a file in its place", encoding="utf-8")
    path = a_picture(tmp_path)
    kept = Thumbnails(tmp_path / "cache")
    assert len(kept.make(path, sha256(path), below=tmp_path)) == 4
    assert kept.read(sha256(path)) == ()
    kept.trim()


def test_threads_that_want_the_same_get_the_same(tmp_path: Path, kept: Thumbnails) -> None:
    path = a_picture(tmp_path)
    together = threading.Barrier(4)

    def make(_: int) -> int:
        together.wait()
        return len(kept.make(path, sha256(path), below=tmp_path))

    with ThreadPoolExecutor(4) as threads:
        assert [*threads.map(make, range(4))] == [4, 4, 4, 4]
    assert len([*(tmp_path / "cache").glob("*/*")]) == 1


def test_what_does_not_decode_is_told_each_time(tmp_path: Path, kept: Thumbnails) -> None:
    path = a_picture(tmp_path)
    path.write_bytes(path.read_bytes()[:200])
    for _ in range(2):
        with pytest.raises(VqdError, match="cut off"):
            kept.make(path, sha256(path), below=tmp_path)
