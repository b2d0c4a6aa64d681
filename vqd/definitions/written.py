"""A sketch as the text of a definition, laid out as a person would, and a graph as JSON."""

import json
import re
import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from vqd.definitions.sketch import Entry, Plain, Sketch
from vqd.domain.graph import Graph

WIDTH = 100
_INDENT = "  "
_PLAIN = re.compile(r"[A-Za-z0-9_./\\+-](?:[\w ./\\+()*-]*[\w./\\+()*-])?", re.ASCII)
_UNPRINTABLE = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
_TYPES: Any = yaml.SafeLoader("")


def written(sketch: Sketch) -> str:
    """Give the text of a definition; its graph is named `NAME.json`."""
    head: Entry = {"vqd_workflow": 1, "name": sketch.name, "version": 1}
    told = {"label": sketch.label, "group": sketch.group, "help": sketch.help}
    head |= {key: text for key, text in told.items() if text}
    lines = [*_remark(sketch, "", ""), *_block(head | {"graph": f"{sketch.name}.json"}, "")]
    for section in ("inputs", "params", "outputs"):
        entries: Mapping[str, Entry] = getattr(sketch, section)
        is_left = section == "params" and sketch.left
        if entries or is_left:
            lines.append(f"{section}:" if entries else f"# {section}:")
        for name, entry in entries.items():
            lines += _remark(sketch, f"{section}.{name}", _INDENT)
            lines += _entry(name, entry, _INDENT)
        if is_left:
            lines += _left(sketch)
    lines += _remark(sketch, "requires", "")
    if sketch.requires:
        lines += _entry("requires", sketch.requires, "")
    return "\n".join(lines) + "\n"


def written_graph(graph: Graph) -> str:
    """Give a graph as JSON in which what fits into a line is not spread over several."""
    return f"{_json(graph, '', 0)}\n"


def _left(sketch: Sketch) -> list[str]:
    said = "What else the graph lets you set; take in what should vary:"
    lines = [line for name, entry in sketch.left.items() for line in _entry(name, entry, "")]
    return [f"{_INDENT}# {line}" for line in (said, *lines)]


def _remark(sketch: Sketch, path: str, indent: str) -> list[str]:
    text = sketch.remarks.get(path, "")
    width = WIDTH - len(indent) - 2
    paragraphs = (textwrap.wrap(line, width) for line in text.splitlines())
    return [f"{indent}# {line}" for lines in paragraphs for line in lines]


def _entry(name: str, entry: Entry, indent: str) -> list[str]:
    flow = f"{indent}{name}: {_flow(entry)}"
    if len(flow) <= WIDTH and not any(_is_long(value) for value in entry.values()):
        return [flow]
    return [f"{indent}{name}:", *_block(entry, indent + _INDENT)]


def _block(entry: Mapping[str, Plain], indent: str) -> list[str]:
    lines: list[str] = []
    for key, value in entry.items():
        line = f"{indent}{_flow(key)}: {_flow(value)}"
        if isinstance(value, str):
            lines += _text(line, value, f"{indent}{_flow(key)}:", indent + _INDENT)
        elif len(line) <= WIDTH or not value or not isinstance(value, dict | list):
            lines.append(line)
        else:
            lines.append(f"{indent}{_flow(key)}:")
            lines += _spread(value, indent + _INDENT)
    return lines


def _spread(value: dict[str, Plain] | list[Plain], indent: str) -> list[str]:
    if isinstance(value, dict):
        return _block(value, indent)
    parts = [_flow(one) for one in value]
    if max(map(len, parts)) > WIDTH // 2:
        return [f"{indent}- {part}" for part in parts]
    rows = [f"{indent}["]
    for part in parts:
        if len(rows[-1]) + len(part) >= WIDTH:
            rows.append(f"{indent} ")
        rows[-1] += f"{part}, "
    return [*(row.rstrip() for row in rows[:-1]), f"{rows[-1][:-2]}]"]


def _text(line: str, text: str, key: str, indent: str) -> list[str]:
    if "\n" not in text and len(line) <= WIDTH:
        return [line]
    if "\n" in text and _fits_a_block(text):
        sign = "|" if text.endswith("\n") else "|-"
        rows = text.removesuffix("\n").split("\n")
        return [f"{key} {sign}", *(f"{indent}{row}" if row else "" for row in rows)]
    if "\n" not in text and text == " ".join(text.split()) and _fits_a_block(text):
        rows = textwrap.wrap(
            text, WIDTH - len(indent), break_long_words=False, break_on_hyphens=False
        )
        return [f"{key} >-", *(f"{indent}{row}" for row in rows)]
    return [line]


def _fits_a_block(text: str) -> bool:
    is_printable = all(char.isprintable() or char == "\n" for char in text)
    return is_printable and text[0] not in " \n" and not text.endswith("\n\n")


def _is_long(value: Plain) -> bool:
    return isinstance(value, str) and ("\n" in value or len(value) > WIDTH - 20)


def _flow(value: Plain) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_flow(key)}: {_flow(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_flow, value)) + "]"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    return value if _stays_text(value) else _quoted(value)


def _stays_text(text: str) -> bool:
    """Tell whether any reader of YAML takes the bare text for this text."""
    if not _PLAIN.fullmatch(text) or text.startswith("- "):
        return False
    found: str = _TYPES.resolve(yaml.ScalarNode, text, (True, False))
    return found == "tag:yaml.org,2002:str"


def _quoted(text: str) -> str:
    whole = text.encode("utf-8", "replace").decode()
    quoted = json.dumps(whole, ensure_ascii=False)
    return _UNPRINTABLE.sub(lambda char: f"\\u{ord(char[0]):04x}", quoted)


def _json(value: Any, indent: str, used: int) -> str:
    line = json.dumps(value, ensure_ascii=False)
    is_node = isinstance(value, dict) and "class_type" in value
    if not isinstance(value, dict | list) or not value:
        return line
    if len(indent) + used + len(line) < WIDTH and not is_node:
        return line
    inner = f"{indent}{_INDENT}"
    parts = ",\n".join(f"{inner}{part}" for part in _parts(value, inner))
    return f"{{\n{parts}\n{indent}}}" if isinstance(value, dict) else f"[\n{parts}\n{indent}]"


def _parts(value: dict[str, Any] | list[Any], indent: str) -> Iterator[str]:
    if isinstance(value, list):
        yield from (_json(one, indent, 1) for one in value)
        return
    for key, one in value.items():
        name = f"{json.dumps(key, ensure_ascii=False)}: "
        yield name + _json(one, indent, len(name) + 1)
