"""/view, /upload/image, and how outputs are named."""

import io
import re
import uuid

import numpy as np
import pytest
from PIL import Image

from tests.contract.conversation import Server, pixels, png
from tests.contract.graphs import Graph, empty, fresh, node, saving, tiny_graph

CONTENT = bytes(range(256)) * 40


def numbered(server: Server, graph: Graph) -> list[str]:
    """The names of the files that a graph makes."""
    return [file["filename"] for file in server.files(graph)]


def test_a_file_is_served_whole(server: Server) -> None:
    name = server.put(CONTENT, "bin")
    answer = server.get("/view", filename=name, type="input")
    assert answer.status_code == 200
    assert answer.content == CONTENT
    assert int(answer.headers["Content-Length"]) == len(CONTENT)
    assert {"ETag", "Last-Modified"} <= answer.headers.keys()
    assert answer.headers["Content-Disposition"] == f'filename="{name}"'


def test_a_part_of_a_file_is_served(server: Server) -> None:
    name = server.put(CONTENT, "bin")
    answer = server.session.get(
        f"{server.url}/view",
        params={"filename": name, "type": "input"},
        headers={"Range": "bytes=100-199"},
        timeout=30,
    )
    assert answer.status_code == 206
    assert answer.content == CONTENT[100:200]
    assert answer.headers["Content-Range"] == f"bytes 100-199/{len(CONTENT)}"


def test_a_file_that_is_known_is_not_sent_again(server: Server) -> None:
    query = {"filename": server.put(CONTENT, "bin"), "type": "input"}
    tag = server.get("/view", **query).headers["ETag"]
    answer = server.session.get(
        f"{server.url}/view", params=query, headers={"If-None-Match": tag}, timeout=30
    )
    assert (answer.status_code, answer.content) == (304, b"")


def test_head_tells_the_size(server: Server) -> None:
    query = {"filename": server.put(CONTENT, "bin"), "type": "input"}
    answer = server.session.head(f"{server.url}/view", params=query, timeout=30)
    assert answer.status_code == 200
    assert int(answer.headers["Content-Length"]) == len(CONTENT)
    query["filename"] = "none.bin"
    assert server.session.head(f"{server.url}/view", params=query, timeout=30).status_code == 404


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({}, 404),
        ({"filename": ""}, 400),
        ({"filename": "none.png"}, 404),
        ({"filename": "x" * 300}, 404),
        ({"filename": "x.png", "type": "elsewhere"}, 400),
        ({"filename": "/etc/passwd"}, 400),
        ({"filename": "../x.png"}, 400),
        ({"filename": "v1..2.png"}, 400),
        ({"filename": "passwd", "subfolder": "../../../../etc"}, 403),
        ({"filename": "passwd", "subfolder": "/etc"}, 403),
        ({"filename": "none.png", "subfolder": "no/such/folder"}, 404),
    ],
)
def test_what_is_not_to_be_seen_is_refused(
    server: Server, query: dict[str, str], status: int
) -> None:
    assert server.get("/view", **query).status_code == status


def test_a_subfolder_is_a_parameter_of_its_own(server: Server) -> None:
    (file,) = server.files(tiny_graph())
    assert file["subfolder"] == "vqd-contract"
    assert server.get("/view", **file).status_code == 200
    joined = f"{file['subfolder']}/{file['filename']}"
    assert server.get("/view", filename=joined, type="output").status_code == 404


def test_a_name_may_say_its_folder(server: Server) -> None:
    name = server.put(CONTENT, "bin")
    assert server.get("/view", filename=f"{name} [input]").content == CONTENT


@pytest.mark.parametrize(("asked", "form"), [("webp;50", "WEBP"), ("jpeg", "JPEG")])
def test_a_preview_is_another_form_of_the_picture(server: Server, asked: str, form: str) -> None:
    name = server.put(png(np.full((8, 6, 3), 200)))
    answer = server.get("/view", filename=name, type="input", preview=asked)
    assert answer.headers["Content-Type"] == f"image/{form.lower()}"
    assert answer.headers["Content-Disposition"] == f'filename="{name}"'
    with Image.open(io.BytesIO(answer.content)) as image:
        assert (image.format, image.size, image.mode) == (form, (6, 8), "RGB")


@pytest.mark.parametrize(("asked", "mode"), [("webp", "RGBA"), ("jpeg", "RGB")])
def test_a_preview_keeps_what_is_transparent_if_its_form_can(
    server: Server, asked: str, mode: str
) -> None:
    name = server.put(png(np.full((8, 6, 4), 100)))
    answer = server.get("/view", filename=name, type="input", preview=asked)
    with Image.open(io.BytesIO(answer.content)) as image:
        assert image.mode == mode


def test_a_preview_of_what_is_no_picture_is_500(server: Server) -> None:
    name = server.put(b"no picture", "txt")
    answer = server.get("/view", filename=name, type="input", preview="webp")
    assert answer.status_code == 500


def test_the_channels_of_a_picture_are_served(server: Server) -> None:
    name = server.put(png(np.full((2, 2, 4), (10, 20, 30, 40))))
    colours = server.get("/view", filename=name, type="input", channel="rgb").content
    alpha = server.get("/view", filename=name, type="input", channel="a").content
    assert (pixels(colours) == (10, 20, 30)).all()
    assert (pixels(alpha)[..., 3] == 40).all()


def test_a_page_is_not_served_as_a_page(server: Server) -> None:
    name = server.put(b"<script>alert(1)</script>", "html")
    answer = server.get("/view", filename=name, type="input")
    assert answer.headers["Content-Type"] == "application/octet-stream"


def test_an_upload_says_where_the_file_is(server: Server) -> None:
    name = f"{uuid.uuid4().hex}.png"
    told = server.upload(name, b"1", subfolder="vqd-contract/é x", type="temp").json()
    assert told == {"name": name, "subfolder": "vqd-contract/é x", "type": "temp"}
    assert server.content({"filename": name, "subfolder": "vqd-contract/é x", "type": "temp"})


def test_other_content_gets_another_name_and_the_same_keeps_it(server: Server) -> None:
    stem = uuid.uuid4().hex
    names = [
        server.upload(f"{stem}.png", content).json()["name"]
        for content in (b"1", b"2", b"3", b"2", b"1")
    ]
    assert names == [f"{stem}{mark}.png" for mark in ("", " (1)", " (2)", " (1)", "")]


@pytest.mark.parametrize(("overwrite", "kept"), [("true", b"2"), ("1", b"2"), ("True", b"1")])
def test_overwriting_must_be_asked_for(server: Server, overwrite: str, kept: bytes) -> None:
    name = f"{uuid.uuid4().hex}.png"
    server.upload(name, b"1")
    server.upload(name, b"2", overwrite=overwrite)
    assert server.content({"filename": name, "type": "input"}) == kept


@pytest.mark.parametrize(
    ("name", "fields", "status"),
    [
        ("x.png", {"type": "elsewhere"}, 500),
        ("a/b.png", {}, 500),
        ("../x.png", {}, 400),
        ("x.png", {"subfolder": "../.."}, 400),
        ("x.png", {"subfolder": "/tmp"}, 400),
        ("..", {}, 400),
        ("x" * 256, {}, 500),
    ],
)
def test_an_upload_to_elsewhere_is_refused(
    server: Server, name: str, fields: dict[str, str], status: int
) -> None:
    assert server.upload(name, b"1", **fields).status_code == status


def test_an_upload_without_a_file_is_400(server: Server) -> None:
    answer = server.session.post(
        f"{server.url}/upload/image", files={"other": ("x.png", b"1")}, timeout=30
    )
    assert answer.status_code == 400
    assert server.post("/upload/image", b"no form").status_code == 400


def test_an_upload_beyond_the_limit_is_413_and_leaves_no_file(server: Server) -> None:
    name = f"{uuid.uuid4().hex}.bin"
    assert server.upload(name, bytes(100 * 1024 * 1024 + 1)).status_code == 413
    assert server.get("/view", filename=name, type="input").status_code == 404


def test_outputs_are_counted_from_one(server: Server) -> None:
    prefix = fresh()
    base = prefix.rpartition("/")[2]
    first = numbered(server, saving({"made": empty(color=1, count=3)}, prefix))
    second = numbered(server, saving({"made": empty(color=2)}, prefix))
    assert first == [f"{base}_{number:05}_.png" for number in (1, 2, 3)]
    assert second == [f"{base}_00004_.png"]


def test_other_files_with_the_prefix_count_too(server: Server) -> None:
    prefix = fresh()
    folder, _, base = prefix.rpartition("/")
    for name in (
        f"{base}_00041_.mp4",
        f"{base}_7_copy.txt",
        f"{base}x_00099_.png",
        f"{base}_a.png",
    ):
        server.upload(name, b"1", type="output", subfolder=folder)
    assert numbered(server, tiny_graph(prefix=prefix)) == [f"{base}_00042_.png"]


def test_after_99999_there_are_six_digits(server: Server) -> None:
    prefix = fresh()
    folder, _, base = prefix.rpartition("/")
    server.upload(f"{base}_99999_.png", b"1", type="output", subfolder=folder)
    assert numbered(server, tiny_graph(prefix=prefix)) == [f"{base}_100000_.png"]


@pytest.mark.parametrize(
    ("prefix", "subfolder", "pattern"),
    [
        ("{}/%width%x%height%", "{}", r"16x8_\d{5}_\.png"),
        ("{}/%year%-%month%-%day%", "{}", r"\d{4}-\d\d-\d\d_\d{5}_\.png"),
        ("{}/%date:yyyy%", "{}", r"%date:yyyy%_\d{5}_\.png"),
        ("{}/a/../y", "{}", r"y_\d{5}_\.png"),
        ("{}/deep/er/é :*?", "{}/deep/er", r"é :\*\?_\d{5}_\.png"),
        ("{}/a.png", "{}", r"a\.png_\d{5}_\.png"),
    ],
)
def test_a_prefix_is_expanded(server: Server, prefix: str, subfolder: str, pattern: str) -> None:
    folder = fresh()
    (file,) = server.files(tiny_graph(prefix=prefix.format(folder)))
    assert file["subfolder"] == subfolder.format(folder)
    assert re.fullmatch(pattern, file["filename"])
    assert pixels(server.content(file)).shape == (8, 16, 3)


@pytest.mark.parametrize("prefix", ["../x", "/abs/x", "a/../../x", ".."])
def test_a_prefix_that_leaves_the_folder_fails_the_node(engine: Server, prefix: str) -> None:
    entry = engine.carry_out(tiny_graph(prefix=prefix))
    kind, told = entry["status"]["messages"][-1]
    assert (kind, told["node_id"]) == ("execution_error", "out")


def test_the_number_in_the_batch_is_part_of_the_name(server: Server) -> None:
    folder = fresh()
    names = numbered(server, saving({"made": empty(count=2)}, f"{folder}/n%batch_num%"))
    assert names == ["n0_00001_.png", "n1_00002_.png"]


def test_previews_go_to_the_temporary_folder(server: Server) -> None:
    graph = {"made": empty(), "out": node("PreviewImage", images=["made", 0])}
    graph["made"]["inputs"]["color"] = uuid.uuid4().int & 0xFFFFFF
    (file,) = server.files(graph)
    assert (file["type"], file["subfolder"]) == ("temp", "")
    assert re.fullmatch(r"ComfyUI_temp_[a-z]{5}_00001_\.png", file["filename"])


def test_a_saver_that_wrote_over_nothing_leaves_no_half_file(engine: Server) -> None:
    folder = fresh()
    server_files = engine.files(saving({"made": empty(count=4)}, f"{folder}/x"))
    assert [file["filename"] for file in server_files] == [f"x_{n:05}_.png" for n in (1, 2, 3, 4)]
    hidden = engine.get("/view", filename=".x_00001_.png", subfolder=folder, type="output")
    assert hidden.status_code == 404
