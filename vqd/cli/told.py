"""What programs are told, as JSON."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import click

from vqd.domain.names import is_text
from vqd.service.shapes.shape import Shape


def print_json(told: Shape | Sequence[Shape], *, in_line: bool = False) -> None:
    """Print shapes of the service: indented, or in one line where many follow one another."""
    value = asdict(told) if isinstance(told, Shape) else [asdict(one) for one in told]  # type: ignore[call-overload]
    click.echo(json_of(value, indent=None if in_line else 2))


def json_of(value: Any, *, indent: int | None = 2) -> str:
    """Give a value as JSON; a path in it that is not UTF-8 as what no terminal is to write."""
    text = json.dumps(value, indent=indent, ensure_ascii=False, default=str)
    return text if is_text(text) else json.dumps(value, indent=indent, default=str)
