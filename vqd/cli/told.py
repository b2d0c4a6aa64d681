"""What programs are told: the shapes of the service, as JSON."""

import json
from collections.abc import Sequence
from dataclasses import asdict

import click

from vqd.service.shapes.shape import Shape


def print_json(told: Shape | Sequence[Shape], *, in_line: bool = False) -> None:
    """Print what programs are told: indented, or in one line where many follow one another."""
    value = asdict(told) if isinstance(told, Shape) else [asdict(one) for one in told]  # type: ignore[call-overload]
    click.echo(json.dumps(value, indent=None if in_line else 2, ensure_ascii=False))
