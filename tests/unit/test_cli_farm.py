"""`vqd servers` and `vqd models`, while no daemon runs."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.builders import accept_a_job
from tests.graphs import TOLD
from tests.house import House
from vqd.domain.outcome import Failed, FailureCode
from vqd.domain.server import ServerRecord


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def sees_server(house: House, name: str, state: str, said: str | None = None, **has: Any) -> None:
    store = house.store()
    record = ServerRecord(name, f"http://{name}:8188", state, said, "0.3.64", 1_000.0, **has)
    store.write(lambda session: session.servers.note([record]))
    store.close()


def a_loader(input_name: str, *names: str) -> dict[str, Any]:
    return {"input": {"required": {input_name: [[*names]]}}, "output": ["MODEL"]}


def test_each_server_is_a_row_and_what_does_not_fit_stands_below(house: House) -> None:
    sees_server(house, "gpu0", "up", vram_gb=24.0, tags=("flux", "wan"))
    sees_server(house, "gpu1", "down", "not connected, and tried again and again: refused.")
    store = house.store()
    accept_a_job(store)
    store.write(lambda session: session.prompts.claim("gpu0", "p", now=1_000.0))
    failed = Failed(FailureCode.NODE_ERROR, "it raised")
    for _ in range(3):
        store.write(lambda session: session.servers.tally("gpu1", failed, now=1_000.0))
    store.close()
    told = house.vqd("servers").output.splitlines()
    assert told[0].startswith("the daemon is not running: vqd run; below is how it left things ")
    assert told[1].split() == [
        "NAME",
        "STATE",
        "SINCE",
        "VERSION",
        "VRAM",
        "ON",
        "IT",
        "TODAY",
        "TAGS",
    ]
    assert [line.split()[:2] for line in told[2:5]] == [
        ["gpu0", "up"],
        ["gpu1", "down"],
        ["builtin", "unseen"],
    ]
    assert told[2].split()[4:] == ["0.3.64", "24", "GB", "1", "0", "flux,", "wan"]
    assert told[-4:] == [
        "gpu0  http://gpu0:8188",
        "gpu1  http://gpu1:8188",
        "gpu1  down: not connected, and tried again and again: refused.",
        "gpu1  the last 3 attempts on it failed",
    ]


def test_servers_are_told_to_programs(house: House) -> None:
    sees_server(house, "gpu0", "up", vram_gb=24.0, tags=("wan",))
    told = json.loads(house.vqd("servers", "--json").output)
    assert (told["daemon"], told["written_at"]) == (False, "1970-01-01T00:16:40.000Z")
    assert told["servers"][0] == {
        "name": "gpu0",
        "url": "http://gpu0:8188",
        "state": "up",
        "said": None,
        "since_at": "1970-01-01T00:16:40.000Z",
        "seen_at": "1970-01-01T00:16:40.000Z",
        "version": "0.3.64",
        "vram_gb": 24.0,
        "tags": ["wan"],
        "prompts": 0,
        "succeeded_today": 0,
        "failed_in_row": 0,
        "drifted": [],
        "host": None,
    }
    assert told["hosts"] == []
    unseen = told["servers"][1]
    assert (unseen["name"], unseen["url"], unseen["state"]) == ("builtin", "builtin", "unseen")


def test_a_workflow_that_is_not_as_it_was_on_a_server_is_told_there(house: House) -> None:
    sees_server(house, "gpu0", "up")
    scale = {"image": ["IMAGE"], "upscale_method": [["area", "bicubic", "lanczos"]]}
    more = {"width": ["INT", {"min": 0, "max": 64}], "crop": [["disabled", "center"]]}
    told = {"ImageScale": {"input": {"required": {**scale, **more}}, "output": ["IMAGE"]}}
    house.tells("gpu0", told)
    changed = json.loads(json.dumps(told))
    changed["ImageScale"]["input"]["required"]["width"][1]["max"] = 32
    house.tells("gpu0", changed)
    line = house.vqd("servers").output.splitlines()[-1]
    assert line.startswith("gpu0  not as it was for contact-sheet, image-scale, ")
    checked = house.vqd("workflows", "check", "image-scale").output
    assert "was INT, required, min 0, max 64, and is INT, required, min 0, max 32." in checked


def test_models_are_listed_once_however_servers_spell_them(house: House) -> None:
    wan, film = "wan/High.safetensors", "film.safetensors"
    house.tells("linux", {"LoraLoader": a_loader("lora_name", "None", film, wan)})
    house.tells("windows", {"LoraLoader": a_loader("lora_name", "wan\\high.safetensors")})
    told = house.vqd("models", "loras").output.splitlines()
    assert [line.split() for line in told] == [["NAME", "ON"], [film, "linux"], [wan, "all"]]
    assert house.vqd("models", "lora").output.splitlines() == told
    only = house.vqd("models", "loras", "--server", "windows").output
    assert (film in only, wan in only) == (False, True)
    assert film in house.vqd("models", "all", "FILM").output
    assert wan in house.vqd("models", "all", "WAN\\").output
    assert house.vqd("models", "all", "dog").output == "no server has such a model\n"


def test_folders_are_called_as_comfyui_calls_them_and_others_by_their_input(house: House) -> None:
    house.tells(
        "gpu0",
        {
            "CLIPVisionLoader": a_loader("clip_name", "vision.safetensors"),
            "DualCLIPLoader": a_loader("clip_name2", "t5.safetensors"),
            "IPAdapterModelLoader": a_loader("ipadapter_file", "ip.bin"),
            "KSampler": a_loader("sampler_name", "euler", "dpm.pt"),
            **{name: TOLD[name] for name in ("CheckpointLoaderSimple", "LoadImage")},
        },
    )
    told = house.vqd("models").output.splitlines()
    assert [line.split() for line in told[1:-2]] == [
        ["1", "checkpoints"],
        ["1", "clip_vision"],
        ["1", "ipadapter_file"],
        ["1", "text_encoders"],
    ]
    listed = json.loads(house.vqd("models", "all", "--json").output)
    assert listed["servers"] == ["gpu0"]
    assert listed["models"][1] == {
        "folder": "clip_vision",
        "name": "vision.safetensors",
        "servers": ["gpu0"],
    }


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["lorsa"], "error: No server lists models in a folder lorsa. Did you mean loras?"),
        (["--server", "gpu9"], "error: No server gpu9 has told what it has. Did you mean gpu0?"),
    ],
)
def test_what_is_not_there_is_told_with_what_is_near(
    house: House, words: list[str], said: str
) -> None:
    house.tells("gpu0", {"LoraLoader": a_loader("lora_name", "a.safetensors")})
    result = house.vqd("models", *words)
    assert result.exit_code == 5
    assert result.stderr.startswith(said)


def test_before_any_server_was_seen_that_is_said(house: House) -> None:
    assert house.vqd("models").exit_code == 5
    house.store().close()
    assert house.vqd("models").output == "no server has told yet what it has\n"
