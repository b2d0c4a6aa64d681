"""What servers answer: history, queue, facts, refusals, node classes, messages, HTTP itself."""

import json
import mmap
import socket
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from tests.fuzz.lines import lines_of, text_of
from tests.fuzz.mutation import any_bytes, either
from tests.fuzz.surface import Check, Surface
from tests.fuzz.trees import json_of
from vqd.comfy.download import view_query
from vqd.comfy.events import PromptEvent, Remaining, Step, event_in, preview_in
from vqd.comfy.faults import ComfyError
from vqd.comfy.messages import (
    finished_entry,
    place_in_job,
    place_in_queue,
    server_facts,
)
from vqd.comfy.object_info import ObjectInfo
from vqd.comfy.outputs import RemoteFile
from vqd.comfy.refusals import refusal
from vqd.comfy.reply import BROKEN, Inflow, NoAnswer, Reply
from vqd.comfy.verdict import of_finished
from vqd.comfy.watch import Watch
from vqd.comfy.wire import parsed
from vqd.domain.catalogue import read_node_class
from vqd.domain.job import ExpectedOutput
from vqd.domain.outcome import Failed
from vqd.domain.signature import differences

RECORDED = Path(__file__).parent.parent / "recorded"
_PROMPT_ID = "0b5f9d3e-5d0c-4f57-9a58-1f9c36c1a6de"
_EXPECTED = (
    ExpectedOutput("image", "2", "image", "filename_prefix"),
    ExpectedOutput("text", "12", "text", None, takes_temp=True),
)
_WORDS = """
status status_str completed messages outputs prompt execution_start execution_error timestamp
execution_success execution_interrupted execution_cached nodes meta display_node queue_pending
queue_running system devices vram_total error node_errors errors extra_info input_config
received_value value_not_in_list value_bigger_than_max custom_validation_failed details class_type
input_name traceback message type filename subfolder images gifs audio text string value result
output temp 2 12 data exec_info queue_remaining prompt_id node progress progress_state executing
execution_cached max state running finished display_node_id input required optional input_order
output_name output_node display_name category COMBO options INT FLOAT IMAGE image_upload
"""
_MESSAGES: Sequence[dict[str, Any]] = (
    {"type": "status", "data": {"status": {"exec_info": {"queue_remaining": 3}}, "sid": "x"}},
    {"type": "execution_start", "data": {"prompt_id": "p", "timestamp": 1}},
    {"type": "execution_cached", "data": {"nodes": ["1"], "prompt_id": "p"}},
    {"type": "executing", "data": {"node": "2", "display_node": "2", "prompt_id": "p"}},
    {"type": "progress", "data": {"value": 1, "max": 4, "prompt_id": "p", "node": "5"}},
    {
        "type": "progress_state",
        "data": {
            "prompt_id": "p",
            "nodes": {"5.0": {"value": 5, "max": 20, "state": "running", "display_node_id": "5"}},
        },
    },
)
_LAST_MESSAGES: Sequence[dict[str, Any]] = (
    {
        "type": "executed",
        "data": {
            "prompt_id": "p",
            "node": "2.0",
            "display_node": "2",
            "output": {"images": [{"filename": "a.png", "subfolder": "vqd", "type": "output"}]},
        },
    },
    {
        "type": "executed",
        "data": {"prompt_id": "p", "node": "12", "display_node": "12", "output": {"text": ["a"]}},
    },
    {"type": "execution_success", "data": {"prompt_id": "p", "timestamp": 2}},
    {"type": "executing", "data": {"node": None, "prompt_id": "p"}},
)
_HTTP = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n0\r\nX: y\r\n\r\n",
    b"HTTP/1.0 503 x\r\nRetry-After: 1\r\n\r\nbusy",
    b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 304 x\r\nA: b\r\n c\r\n\r\n",
)


@contextmanager
def _answers(_: Path) -> Iterator[Check]:
    def check(data: bytes) -> None:
        try:
            document = parsed(data)
        except ValueError:
            return
        for prompt_id in (_PROMPT_ID, *_first_keys(document)):
            finished = finished_entry(prompt_id, document)
            if finished is not None:
                json.dumps(finished.seconds, allow_nan=False)
                _judged(of_finished(finished, _EXPECTED))
            place_in_queue(prompt_id, document)
            place_in_job(prompt_id, document)
        server_facts(document)
        refused = refusal(document)
        if refused is not None:
            assert refused.said
            refused.said.encode()

    yield check


def _first_keys(document: Any) -> list[str]:
    return [*document][:2] if isinstance(document, dict) else []


def _judged(verdict: Any) -> None:
    """Require of a verdict that it can be stored, and its files asked for."""
    if isinstance(verdict, Failed):
        assert verdict.message
        verdict.message.encode()
        return
    for _, one in verdict.files:
        if isinstance(one, RemoteFile):
            str(one).encode()
            "".join(view_query(one).values()).encode()


@contextmanager
def _messages(_: Path) -> Iterator[Check]:
    def check(data: bytes) -> None:
        event = event_in(data)
        preview_in(data)
        if isinstance(event, Step):
            assert 0 <= event.fraction <= 1
            (event.prompt_id + (event.node or "")).encode()
        if isinstance(event, Remaining):
            assert event.prompts >= 0

    yield check


@contextmanager
def _heard_prompts(_: Path) -> Iterator[Check]:
    """What a connection tells of one prompt, message by message, is judged as its history is."""

    def check(data: bytes) -> None:
        watch = Watch("p", lambda _: None)
        for message in data.split(b"\n"):
            event = event_in(message)
            if isinstance(event, PromptEvent) and event.prompt_id == watch.prompt_id:
                watch.hear(event)
        if watch.finished is not None:
            json.dumps(watch.finished.seconds, allow_nan=False)
            _judged(of_finished(watch.finished, _EXPECTED))

    yield check


@contextmanager
def _node_classes(folder: Path) -> Iterator[Check]:
    def check(data: bytes) -> None:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(data or b" ")
            file.flush()
            text = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
            with text, suppress(ComfyError):
                for name, entry in ObjectInfo(text, "", "GET /object_info").entries():
                    differences(name, None, read_node_class(name, entry))

    yield check


@contextmanager
def _http(_: Path) -> Iterator[Check]:
    def check(data: bytes) -> None:
        ours, theirs = socket.socketpair()
        with ours, theirs:
            theirs.setblocking(False)
            with suppress(BlockingIOError):
                theirs.send(data)
            theirs.close()
            try:
                with suppress(NoAnswer):
                    reply = Reply("GET", Inflow(ours), lambda _: None)
                    for _chunk in reply.chunks():
                        pass
                    assert isinstance(reply.is_over, bool)
            except BROKEN:
                pass  # as the head may

    yield check


def _answer_seeds() -> Sequence[bytes]:
    return [path.read_bytes() for path in sorted((RECORDED / "comfy").glob("*.json"))]


def _class_seeds() -> Sequence[bytes]:
    told = json.loads((RECORDED / "engine" / "object_info.json").read_bytes())
    names = [*told]
    return [
        json.dumps({name: told[name] for name in names[at : at + 3]}).encode()
        for at in range(0, 30, 3)
    ]


ANSWERS = Surface("server-answers", _answers, _answer_seeds, json_of(_WORDS))
MESSAGES = Surface(
    "websocket-messages",
    _messages,
    lambda: [
        *(json.dumps(one).encode() for one in _MESSAGES),
        b"\0\0\0\1\0\0\0\1\xff\xd8",
        b"\0\0\0\4\0\0\0\2{}x",
    ],
    json_of(_WORDS),
)
HEARD = Surface(
    "heard-prompts",
    _heard_prompts,
    lambda: [b"\n".join(json.dumps(one).encode() for one in (*_MESSAGES, *_LAST_MESSAGES))],
    lines_of(json_of(_WORDS)),
)
NODE_CLASSES = Surface("node-classes", _node_classes, _class_seeds, json_of(_WORDS))
HTTP = Surface(
    "http-answers",
    _http,
    lambda: _HTTP,
    either(
        text_of("HTTP/1.1 200 0 ffffffff chunked Content-Length: Transfer-Encoding:"), any_bytes
    ),
)
