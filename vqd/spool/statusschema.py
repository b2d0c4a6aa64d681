"""The JSON Schema of STATUS.yaml, for programs that read it."""

from collections.abc import Mapping

from vqd.documents.json_schema import DIALECT, Schema
from vqd.domain.lifecycle import JobState


def status_schema() -> Schema:
    """Give the schema of a STATUS.yaml; every key is always there, in this order."""
    return {
        "$schema": DIALECT,
        "title": "vqd STATUS.yaml",
        "description": "How a job is. Times are ISO 8601, UTC, to the millisecond.",
        **_object(
            {
                "job": _text("The name of the job's folder."),
                "workflow": _text("The workflow that the job names; empty if it names none."),
                "state": {"enum": [str(state) for state in JobState]},
                "reason": _or_null(_text("Why it waits or ended so, in plain words.")),
                "counts": _counts(),
                "percent": _percent("Of its prompts, how many are over."),
                "running": _list("The prompts that are on servers.", _running()),
                "accepted_at": _time("When it was taken."),
                "started_at": _or_null(_time("When its first prompt was given to a server.")),
                "finished_at": _or_null(_time("When it was over.")),
                "elapsed_s": _number("Seconds since it started, or since it was taken."),
                "finish": _or_null(_finish()),
                "problems": _list("What is wrong with the job; then nothing was run.", _problem()),
                "answers": _list("The newest answers to steering files.", _answer()),
                "drift": _list("What is not as it was when a result was made.", _text("")),
                "left_out": _list("Files beside its inputs that no input takes.", _text("")),
                "heartbeat_at": _time("When this was written; every second while it runs."),
            }
        ),
    }


def _counts() -> Schema:
    states = ("total", "pending", "running", "succeeded", "failed", "cancelled")
    counts = {state: _count("") for state in states}
    kept = _count("Of those that succeeded, how many were made before the job came back.")
    return _object({**counts, "kept": kept}, "Its prompts by state.")


def _running() -> Schema:
    return _object(
        {
            "prompt": _count("Its number, from 1."),
            "server": _text("On which server it is."),
            "node": _or_null(_text("The node of the graph that runs.")),
            "step": _or_null(_text("The step this node is at: 12/20; or what it waits for.")),
            "percent": _percent("Of this node's steps."),
        }
    )


def _finish() -> Schema:
    times = {name: _time("") for name in ("early", "expected", "late")}
    return _object(times, "When it will be done, as far as can be told.")


def _problem() -> Schema:
    return _object(
        {
            "code": _text("The kind of fault; it stays the same from version to version."),
            "where": _or_null(_text("The file.")),
            "line": _or_null(_count("The line there, from 1.")),
            "key": _or_null(_text("The key there: params.steps.")),
            "said": _text("What is wrong."),
            "allowed": _or_null(_text("What may stand there.")),
            "hint": _or_null(_text("What to do.")),
        }
    )


def _answer() -> Schema:
    return _object(
        {
            "what": _text("What was asked: PRIORITY 80."),
            "when": _time(""),
            "done": {"type": "boolean"},
            "said": _text("What was answered."),
        }
    )


def _object(properties: Mapping[str, Schema], description: str = "") -> Schema:
    return {
        "type": "object",
        **_described(description),
        "properties": dict(properties),
        "required": [*properties],
        "additionalProperties": False,
    }


def _list(description: str, items: Schema) -> Schema:
    return {"type": "array", "description": description, "items": items}


def _or_null(schema: Schema) -> Schema:
    return {**schema, "type": [schema["type"], "null"]}


def _text(description: str) -> Schema:
    return {"type": "string", **_described(description)}


def _time(description: str) -> Schema:
    return {"type": "string", "format": "date-time", **_described(description)}


def _number(description: str) -> Schema:
    return {"type": "number", "minimum": 0, **_described(description)}


def _count(description: str) -> Schema:
    return {"type": "integer", "minimum": 0, **_described(description)}


def _percent(description: str) -> Schema:
    return {"type": "integer", "minimum": 0, "maximum": 100, **_described(description)}


def _described(description: str) -> Schema:
    return {"description": description} if description else {}
