import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from vqd.comfy.faults import (
    ComfyError,
    Missing,
    NotComfy,
    Oversized,
    Refused,
    Truncated,
    Unreachable,
)
from vqd.comfy.messages import Finished, NodeError, finished_entry
from vqd.comfy.outputs import Remote, RemoteFile, RemoteText
from vqd.comfy.verdict import Made, of_error, of_finished
from vqd.domain.job import ExpectedOutput
from vqd.domain.outcome import Failed, FailureCode

RECORDED = Path(__file__).parent.parent / "recorded" / "comfy"
PROMPT_ID = "0b5f9d3e-5d0c-4f57-9a58-1f9c36c1a6de"
PICTURE = ExpectedOutput(slot="picture", node="2", kind="image")


def recorded(name: str) -> Finished:
    finished = finished_entry(PROMPT_ID, json.loads((RECORDED / name).read_bytes()))
    assert finished is not None
    return finished


def raised(exception_type: str, message: str) -> Finished:
    error = NodeError("5", "KSampler", exception_type, message)
    return Finished("p", "error", False, {}, error)


def made(outputs: dict[str, tuple[Remote, ...]]) -> Finished:
    return Finished("p", "success", True, outputs)


def test_a_success_with_every_expected_file_is_made() -> None:
    verdict = of_finished(recorded("history_success.json"), [PICTURE])
    file = RemoteFile("slow_00019_.png", "job", "output")
    assert verdict == Made((("picture", file),), 1.39, cached=False)


def test_a_prompt_that_wrote_nothing_new_is_made_from_the_cache() -> None:
    verdict = of_finished(recorded("history_cached.json"), [PICTURE])
    assert isinstance(verdict, Made)
    assert verdict.cached


def test_a_prompt_of_which_one_of_two_savers_ran_is_made_from_the_cache_too() -> None:
    files: dict[str, tuple[Remote, ...]] = {
        "2": (RemoteFile("a.png"),),
        "3": (RemoteFile("b.png"),),
    }
    finished = replace(made(files), cached_nodes=frozenset({"1", "3"}))
    verdict = of_finished(finished, [PICTURE, replace(PICTURE, slot="mask", node="3")])
    assert isinstance(verdict, Made)
    assert verdict.cached


def test_a_prompt_whose_saver_ran_is_not_cached() -> None:
    finished = replace(recorded("history_cached.json"), cached_nodes=frozenset({"1"}))
    verdict = of_finished(finished, [PICTURE])
    assert isinstance(verdict, Made)
    assert not verdict.cached


def test_a_success_without_the_expected_file_is_a_bad_output() -> None:
    verdict = of_finished(made({"9": (RemoteFile("a.png"),)}), [PICTURE])
    assert isinstance(verdict, Failed)
    assert verdict.code is FailureCode.BAD_OUTPUT
    assert verdict.message == "Node 2 ended without a file for the output 'picture'."
    assert verdict.node == "2"


def test_an_empty_text_is_told_as_such() -> None:
    verdict = of_finished(made({}), [replace(PICTURE, slot="caption", kind="text")])
    assert isinstance(verdict, Failed)
    assert verdict.message == (
        "Node 2 ended without a file for the output 'caption', and showed no text or an empty one."
    )


def test_a_prompt_of_which_nothing_is_expected_is_made_and_not_cached() -> None:
    assert of_finished(made({}), []) == Made((), 0.0, cached=False)


def test_what_a_preview_wrote_is_left_where_the_server_keeps_something() -> None:
    files = (
        RemoteFile("p.png", type="temp"),
        RemoteFile("o.png"),
        RemoteFile("i.png", "", "input"),
    )
    assert of_finished(made({"2": files}), [PICTURE]) == Made(
        (("picture", RemoteFile("o.png")),), 0.0, cached=False
    )


def test_a_preview_is_taken_where_it_is_asked_for() -> None:
    preview = RemoteFile("p.png", type="temp")
    previews = made({"2": (preview, RemoteFile("i.png", type="input"))})
    assert of_finished(previews, [replace(PICTURE, takes_temp=True)]) == Made(
        (("picture", preview),), 0.0, cached=False
    )
    refused = of_finished(previews, [PICTURE])
    assert isinstance(refused, Failed)
    assert "it only previews. Use one that saves, or add `temp: true`" in refused.message


def test_a_text_is_a_file_of_the_server_or_else_what_the_node_showed() -> None:
    text = ExpectedOutput("caption", "2", "text")
    picture, shown = RemoteFile("a.png"), RemoteText("a fox")
    saved = RemoteFile("a.txt")
    assert _slots([picture, shown, saved], text) == [saved]
    assert _slots([picture, shown], text) == [shown]
    assert _slots([picture, shown], PICTURE) == [picture]


def test_a_text_is_no_picture() -> None:
    refused = of_finished(made({"2": (RemoteText("a fox"),)}), [PICTURE])
    assert isinstance(refused, Failed)
    assert refused.message.endswith("it shows a text, and the output's kind is image.")


def test_a_file_of_any_kind_takes_whatever_is_saved() -> None:
    files = [RemoteFile("a.png"), RemoteFile("a.mp4"), RemoteFile("a.zip")]
    assert _slots(files, ExpectedOutput("all", "2", "file")) == files


def _slots(came: Sequence[Remote], expected: ExpectedOutput) -> list[Remote]:
    verdict = of_finished(made({"2": tuple(came)}), [expected])
    assert isinstance(verdict, Made)
    return [one for _, one in verdict.files]


def test_an_interrupt_is_said() -> None:
    verdict = of_finished(recorded("history_interrupted.json"), [PICTURE])
    assert isinstance(verdict, Failed)
    assert verdict.code is FailureCode.INTERRUPTED
    assert verdict.seconds == 0.7


def test_a_node_error_names_the_node_as_people_do() -> None:
    assert of_finished(recorded("history_error.json"), [PICTURE]) == Failed(
        FailureCode.DISK_FULL,
        'EmptyImage "Grey card" (node 1) raised OSError: [Errno 28] No space left on device.',
        "1",
        0.25,
    )


def test_what_a_node_says_in_many_lines_or_at_great_length_is_told_in_one() -> None:
    def told(message: str) -> str:
        verdict = of_finished(raised("torch.OutOfMemoryError", message), [PICTURE])
        assert isinstance(verdict, Failed)
        return verdict.message.removeprefix("KSampler (node 5) raised torch.OutOfMemoryError")

    tips = "This error means you ran out of memory on your GPU.\n\nTIPS: If the workflow worked …"
    assert told(f"CUDA out of memory.\nTried 20 GiB.\n{tips}") == (
        ": CUDA out of memory. Tried 20 GiB."
    )
    assert told(tips) == "."
    assert told("x" * 100_000) == f": {'x' * 2000} …."


def test_running_out_of_memory_is_told_from_other_errors() -> None:
    verdict = of_finished(recorded("history_out_of_memory.json"), [PICTURE])
    assert isinstance(verdict, Failed)
    assert verdict.code is FailureCode.OUT_OF_MEMORY


@pytest.mark.parametrize(
    ("exception_type", "message"),
    [
        ("torch.OutOfMemoryError", ""),
        ("torch.cuda.OutOfMemoryError", "x"),
        ("MemoryError", ""),
        ("RuntimeError", "CUDA error: out of memory"),
        ("RuntimeError", "Allocation on device 0 would exceed allowed memory"),
        ("RuntimeError", "DefaultCPUAllocator: can't allocate memory: you tried 9 bytes"),
    ],
)
def test_memory_errors_of_every_kind_are_known(exception_type: str, message: str) -> None:
    verdict = of_finished(raised(exception_type, message), [PICTURE])
    assert isinstance(verdict, Failed)
    assert verdict.code is FailureCode.OUT_OF_MEMORY


@pytest.mark.parametrize(
    "message",
    [
        "[Errno 28] No space left on device: 'output/a.png'",
        "[Errno 122] Disk quota exceeded",
        "[WinError 112] There is not enough space on the disk",
    ],
)
def test_a_server_whose_own_disk_is_full_fails_no_prompt(message: str) -> None:
    verdict = of_finished(raised("OSError", message), [PICTURE])
    assert isinstance(verdict, Failed)
    assert (verdict.code, verdict.node is None) == (FailureCode.DISK_FULL, False)


def test_an_error_that_only_speaks_of_memory_is_a_node_error() -> None:
    verdict = of_finished(raised("ValueError", "memory_format is not known"), [PICTURE])
    assert isinstance(verdict, Failed)
    assert verdict.code is FailureCode.NODE_ERROR


def test_an_error_without_a_reason_is_a_node_error() -> None:
    verdict = of_finished(Finished("p", "error", False, {}), [PICTURE])
    assert isinstance(verdict, Failed)
    assert verdict.code is FailureCode.NODE_ERROR


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (Unreachable("m"), FailureCode.UNREACHABLE),
        (NotComfy("m"), FailureCode.UNREACHABLE),
        (Refused("m", 400, "3"), FailureCode.REFUSED),
        (Refused("m", 400, "3", is_unavailable=True), FailureCode.UNAVAILABLE),
        (Missing("m"), FailureCode.BAD_OUTPUT),
        (Truncated("m"), FailureCode.BAD_OUTPUT),
        (Oversized("m"), FailureCode.BAD_OUTPUT),
    ],
)
def test_every_failed_request_has_its_code(error: ComfyError, code: FailureCode) -> None:
    failed = of_error(error)
    assert (failed.code, failed.message) == (code, "m")
    assert failed.node == ("3" if isinstance(error, Refused) else None)


def test_no_kind_of_failed_request_is_forgotten() -> None:
    for kind in ComfyError.__subclasses__():
        error = kind("m", 400) if kind is Refused else kind("m")  # type: ignore[call-arg]
        assert of_error(error).message == "m"


def test_what_goes_by_the_name_of_another_kind_is_left_where_there_is_some_of_this() -> None:
    clip = ExpectedOutput(slot="clip", node="2", kind="video")
    files = (RemoteFile("first.png"), RemoteFile("a.mp4"), RemoteFile("b.unheard-of"))
    assert _slots(files, clip) == [*files[1:]]
    assert _slots(files[:1], clip) == [files[0]]
