"""Faults as application/problem+json (RFC 9457), with vqd's codes and every fault at once."""

import errno
from collections.abc import Mapping, Sequence
from dataclasses import asdict, field
from http import HTTPStatus
from types import MappingProxyType
from typing import Any

from fastapi.exceptions import RequestValidationError
from pydantic import TypeAdapter
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Match, Route

from vqd.domain.errors import Faults, VqdError
from vqd.domain.frozen import frozen
from vqd.domain.names import printable
from vqd.service.shapes.shape import ProblemShape, Shape, problem_shape

MEDIA_TYPE = "application/problem+json"

_STATUSES: Mapping[str, HTTPStatus] = MappingProxyType(
    {
        "at_home_elsewhere": HTTPStatus.NOT_FOUND,
        "bad_cursor": HTTPStatus.BAD_REQUEST,
        "no_thumbnail": HTTPStatus.NOT_FOUND,
        "no_space": HTTPStatus.INSUFFICIENT_STORAGE,
        "too_large": HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        "report_busy": HTTPStatus.SERVICE_UNAVAILABLE,
        "spool_away": HTTPStatus.SERVICE_UNAVAILABLE,
    }
)
_SCHEMAS = "#/components/schemas/{model}"
_UNKNOWN, _STORE = "unknown_", "store_"


@frozen
class ProblemDetail(Shape):
    """Why a request was not done."""

    type: str
    """about:blank; `code` tells which it is."""
    title: str
    status: int
    detail: str
    code: str
    """Names the fault for programs, and stays the same."""
    hint: str | None = None
    problems: list[ProblemShape] = field(default_factory=list)
    """Every fault of a job, each with its place."""


class Refusal(HTTPException):
    """A request that is not done, by the door itself: its status, and the fault as vqd names it."""

    def __init__(
        self,
        status: HTTPStatus,
        code: str,
        said: str,
        hint: str | None = None,
        *,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(status, said, headers)
        self.code = code
        self.said = said
        self.hint = hint

    def response(self) -> JSONResponse:
        """Give what is answered."""
        return _response(self.status_code, self.code, self.said, self.hint, headers=self.headers)


def of_error(_: Request, error: Exception) -> JSONResponse:
    """Give what is answered where vqd says why it cannot be done."""
    if isinstance(error, Faults):
        problems = [problem_shape(problem) for problem in error.problems]
        status = _status_of(error.code, HTTPStatus.UNPROCESSABLE_ENTITY)
        return _response(status, error.code, error.problems[0].said, None, problems)
    assert isinstance(error, VqdError)
    status = _status_of(error.code, HTTPStatus.CONFLICT)
    return _response(status, error.code, error.message, error.hint)


def of_http(request: Request, error: Exception) -> JSONResponse:
    """Give what is answered where there is no such route, or the door refuses."""
    if isinstance(error, Refusal):
        return error.response()
    assert isinstance(error, HTTPException)
    is_elsewhere = error.status_code in (HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED)
    if is_elsewhere and (allowed := _allowed(request)):  # there is a route, for other methods
        error = HTTPException(HTTPStatus.METHOD_NOT_ALLOWED, headers={"Allow": allowed})
    code = HTTPStatus(error.status_code).name.lower()
    hint = "GET /api/openapi.json lists what there is."
    return _response(error.status_code, code, error.detail, hint, headers=error.headers)


def of_invalid(_: Request, error: Exception) -> JSONResponse:
    """Give what is answered where a parameter or a body is none that the route takes."""
    assert isinstance(error, RequestValidationError)
    problems = [
        ProblemShape(
            code="wrong_value",
            said=printable(str(one["msg"])),
            where=str(one["loc"][0]),
            key=".".join(map(str, one["loc"][1:])) or None,
        )
        for one in error.errors()
    ]
    said = "; ".join(f"{one.key or one.where}: {one.said}" for one in problems[:3])
    return _response(HTTPStatus.UNPROCESSABLE_ENTITY, "wrong_value", said, None, problems)


def of_os_error(_: Request, error: Exception) -> JSONResponse:
    """Give what is answered where a disk does not do what it should."""
    assert isinstance(error, OSError)
    said = f"A file cannot be read or written: {error.strerror or 'the disk does not say why'}."
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return _response(HTTPStatus.INSUFFICIENT_STORAGE, "no_space", said, "Make room there.")
    return _response(HTTPStatus.SERVICE_UNAVAILABLE, "os_error", said, "Try it again.")


def unforeseen() -> JSONResponse:
    """Give what is answered where vqd itself is at fault."""
    said = "vqd itself failed at this; its log says how."
    return _response(HTTPStatus.INTERNAL_SERVER_ERROR, "internal", said, None)


def _allowed(request: Request) -> str:
    """Give the methods that there are for a path, over all routes."""
    routes: Sequence[Route] = request.app.state.routes
    fitting = [one for one in routes if one.matches(request.scope)[0] is not Match.NONE]
    methods = {method for one in fitting for method in one.methods or ()}
    return ", ".join(sorted(methods | ({"HEAD"} if "GET" in methods else set())))


def _status_of(code: str, otherwise: HTTPStatus) -> HTTPStatus:
    if code.startswith(_UNKNOWN) and otherwise is HTTPStatus.CONFLICT:
        return HTTPStatus.NOT_FOUND
    if code.startswith(_STORE):
        return HTTPStatus.SERVICE_UNAVAILABLE
    return _STATUSES.get(code, otherwise)


def _response(
    status: int,
    code: str,
    said: str,
    hint: str | None,
    problems: Sequence[ProblemShape] = (),
    *,
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    title = HTTPStatus(status).phrase
    told = ProblemDetail("about:blank", title, int(status), said, code, hint, [*problems])
    return JSONResponse(asdict(told), status, headers, MEDIA_TYPE)


def responses(*statuses: HTTPStatus) -> dict[int | str, dict[str, Any]]:
    """Give for the description of a route with which problems it may answer."""
    content = {MEDIA_TYPE: {"schema": {"$ref": _SCHEMAS.format(model=ProblemDetail.__name__)}}}
    return {int(status): {"description": status.phrase, "content": content} for status in statuses}


def described() -> dict[str, Any]:
    """Give the schema of a problem, by its name."""
    schema = TypeAdapter(ProblemDetail).json_schema(ref_template=_SCHEMAS)
    return {**schema.pop("$defs"), ProblemDetail.__name__: schema}
