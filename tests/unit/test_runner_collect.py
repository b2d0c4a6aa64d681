import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from tests.samples import picture
from tests.strange_server import Answer, StrangeServer
from vqd.comfy.faults import Missing
from vqd.comfy.outputs import RemoteFile, RemoteText
from vqd.domain.job import ExpectedOutput
from vqd.domain.outcome import OutputFile
from vqd.runner.acceptance import BadOutput
from vqd.runner.collect import MadeFile, collect, keep_rejected, take_away
from vqd.runner.inputs import InputChecks
from vqd.runner.server import Server, ServerAddress

OUTPUT = ExpectedOutput("picture", "2", "image", "filename_prefix")
CAPTION = ExpectedOutput("caption", "3", "text")


@pytest.fixture
def output_folder(tmp_path: Path) -> Path:
    picture(tmp_path / "output" / "vqd" / "job" / "1-1" / "a_00001_.png")
    return tmp_path / "output"


@pytest.fixture
def strange(tmp_path: Path) -> Iterator[StrangeServer]:
    content = picture(tmp_path / "fetched.png").read_bytes()
    with StrangeServer() as made:
        made.answers("GET /view", Answer(body=content, content_type="image/png"))
        yield made


@pytest.fixture
def server(strange: StrangeServer, output_folder: Path) -> Iterator[Server]:
    address = ServerAddress("gpu1", strange.url, output_folder=output_folder)
    made = Server(address, InputChecks(), on_change=lambda: None)
    yield made
    made.client.close()


def bring(server: Server, folder: Path, remote: RemoteFile) -> Path:
    brought = collected(server, folder, remote)
    take_away(server, [MadeFile(OUTPUT, remote)])
    return brought


def collected(server: Server, folder: Path, remote: RemoteFile) -> Path:
    (folder / "job").mkdir(exist_ok=True)
    (output,) = collect(
        server,
        [MadeFile(OUTPUT, remote)],
        folder / "job",
        stem="a",
        part="1-1",
        values={},
        take_name=lambda _: True,
    )
    assert (folder / "job" / output.path).is_file()
    return folder / "job" / output.path


def test_an_output_is_there_to_be_collected_again_until_it_is_taken_away(
    server: Server, strange: StrangeServer, tmp_path: Path
) -> None:
    remote = RemoteFile("a_00001_.png", "vqd/job/1-1")
    assert collected(server, tmp_path, remote) == collected(server, tmp_path, remote)
    assert not strange.asked


@pytest.mark.parametrize("subfolder", ["vqd/job/1-1", r"vqd\job\1-1"])
def test_an_output_is_taken_from_the_shared_folder_with_the_folders_made_for_it(
    server: Server, strange: StrangeServer, output_folder: Path, tmp_path: Path, subfolder: str
) -> None:
    bring(server, tmp_path, RemoteFile("a_00001_.png", subfolder))
    assert list(output_folder.iterdir()) == [output_folder / "vqd"]
    assert not list((output_folder / "vqd").iterdir())
    assert not strange.asked


def test_folders_of_other_people_stay_although_they_are_empty(
    server: Server, output_folder: Path, tmp_path: Path
) -> None:
    picture(output_folder / "mine" / "deep" / "b.png")
    picture(output_folder / "c.png")
    bring(server, tmp_path, RemoteFile("b.png", "mine/deep"))
    bring(server, tmp_path, RemoteFile("c.png"))
    assert (output_folder / "mine" / "deep").is_dir()


@pytest.mark.parametrize(
    "remote",
    [
        RemoteFile("elsewhere.png", "vqd/job/1-1"),
        RemoteFile("a_00001_.png", "vqd/job/1-1", "temp"),
        RemoteFile("link.png"),
        RemoteFile("secret.png", "../secrets"),
        RemoteFile("a.png", "/etc"),
    ],
)
def test_what_does_not_lie_in_the_shared_folder_is_asked_of_the_server(
    server: Server, strange: StrangeServer, output_folder: Path, tmp_path: Path, remote: RemoteFile
) -> None:
    secret = picture(tmp_path / "secrets" / "secret.png")
    (output_folder / "link.png").symlink_to(secret)
    brought = bring(server, tmp_path, remote)
    assert brought.read_bytes() == (tmp_path / "fetched.png").read_bytes()
    assert len(strange.asked) == 1
    assert secret.exists()


def test_a_shared_folder_that_is_away_is_done_without(
    server: Server, strange: StrangeServer, output_folder: Path, tmp_path: Path
) -> None:
    output_folder.rename(tmp_path / "unmounted")
    bring(server, tmp_path, RemoteFile("a_00001_.png", "vqd/job/1-1"))
    assert len(strange.asked) == 1
    assert not output_folder.exists()


def test_what_may_only_be_read_there_stays(
    server: Server, output_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read_only(*_: object, **__: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    remote = RemoteFile("a_00001_.png", "vqd/job/1-1")
    with monkeypatch.context() as patched:
        patched.setattr(os, "unlink", read_only)
        bring(server, tmp_path, remote)
    assert (output_folder / "vqd" / "job" / "1-1" / "a_00001_.png").exists()


def test_a_file_is_named_by_what_it_is(
    server: Server, strange: StrangeServer, tmp_path: Path
) -> None:
    Image.open(tmp_path / "fetched.png").save(tmp_path / "a.webp")
    webp = (tmp_path / "a.webp").read_bytes()
    strange.answers("GET /view", Answer(body=webp, content_type="image/png"))
    assert collected(server, tmp_path, RemoteFile("a.png", type="temp")).name == "a.webp"
    assert collected(server, tmp_path, RemoteFile("a", type="temp")).name == "a.webp"


@pytest.mark.parametrize(
    "filename",
    [
        "a",
        "a.",
        "a.p ng",
        "a.%2e%2e%2fb",
        "x" * 200 + ".png",
        "a.png\0",
        ".png",
        r"b\a.exe",
        "a.é",
    ],
)
def test_no_name_of_a_servers_is_more_than_an_extension_here(
    server: Server, tmp_path: Path, filename: str
) -> None:
    assert collected(server, tmp_path, RemoteFile(filename, type="temp")).name == "a.png"
    assert [path.name for path in (tmp_path / "job" / "outputs").iterdir()] == ["a.png"]


def test_texts_that_a_node_showed_become_files(server: Server, tmp_path: Path) -> None:
    outputs = brought(
        server,
        tmp_path,
        [MadeFile(CAPTION, RemoteText("a föx\n")), MadeFile(CAPTION, RemoteText("half \ud83e"))],
    )
    assert [(one.path, one.kind, one.chars) for one in outputs] == [
        ("outputs/a.txt", "text", 6),
        ("outputs/a_002.txt", "text", 6),
    ]
    assert (tmp_path / "outputs" / "a.txt").read_bytes() == "a föx\n".encode()
    assert (tmp_path / "outputs" / "a_002.txt").read_bytes() == b"half ?"


def test_each_of_many_files_has_a_name_that_no_other_prompt_has(
    server: Server, tmp_path: Path
) -> None:
    asked: list[str] = []

    def take_name(path: str) -> bool:
        asked.append(path)
        return path != "outputs/a_002.txt"

    texts = [MadeFile(CAPTION, RemoteText(f"fox {number}")) for number in range(20)]
    outputs = collect(server, texts, tmp_path, stem="a", part="1-1", values={}, take_name=take_name)
    names = [one.path for one in outputs]
    assert names[:3] == ["outputs/a.txt", "outputs/a_003.txt", "outputs/a_004.txt"]
    assert len({*names}) == 20
    assert len(asked) == 21


def test_outputs_of_several_kinds_are_named_after_their_slots(
    server: Server, tmp_path: Path
) -> None:
    outputs = brought(
        server,
        tmp_path,
        [MadeFile(OUTPUT, RemoteFile("x.png")), MadeFile(CAPTION, RemoteText("a fox"))],
    )
    assert [one.path for one in outputs] == ["outputs/a_picture.png", "outputs/a_caption.txt"]
    assert {one.path for one in outputs} == {
        str(path.relative_to(tmp_path)) for path in (tmp_path / "outputs").iterdir()
    }


def test_what_comes_of_a_file_of_any_kind_is_told_as_what_it_is(
    server: Server, strange: StrangeServer, tmp_path: Path
) -> None:
    anything = replace(OUTPUT, kind="file")
    (output,) = brought(server, tmp_path, [MadeFile(anything, RemoteFile("x.dat"))])
    assert (output.path, output.kind, output.width) == ("outputs/a.png", "image", 32)
    strange.answers("GET /view", Answer(body=b"whatever", content_type="text/plain"))
    (output,) = brought(server, tmp_path, [MadeFile(anything, RemoteFile("x.lora"))])
    assert (output.path, output.kind, output.bytes) == ("outputs/a.lora", "file", 8)


def test_of_several_files_none_is_named_if_one_is_not_accepted(
    server: Server, tmp_path: Path
) -> None:
    made = [MadeFile(OUTPUT, RemoteFile("x.png")), MadeFile(CAPTION, RemoteText("a\0fox"))]
    with pytest.raises(BadOutput, match="The output caption cannot be used: it is no text"):
        brought(server, tmp_path, made)
    assert not (tmp_path / "outputs").exists()


def brought(server: Server, folder: Path, files: list[MadeFile]) -> tuple[OutputFile, ...]:
    return collect(server, files, folder, stem="a", part="1-1", values={}, take_name=lambda _: True)


def test_an_output_that_is_neither_there_nor_on_the_server_is_missing(
    server: Server, strange: StrangeServer, tmp_path: Path
) -> None:
    strange.answers("GET /view", Answer(404))
    with pytest.raises(Missing, match=r"gone\.png is not there any more"):
        bring(server, tmp_path, RemoteFile("gone.png"))


def test_what_was_not_accepted_is_kept_of_twenty_prompts(tmp_path: Path) -> None:
    kept = [
        keep_rejected(picture(tmp_path / ".part" / f"{number}.png"), tmp_path, f"{number}-3_a.png")
        for number in range(22)
    ]
    assert kept == [True] * 20 + [False] * 2
    assert len(list((tmp_path / "rejected-outputs").glob("*.png"))) == 20
