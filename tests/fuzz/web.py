"""The API, asked over a socket: heads, paths, queries, cursors, forms, job files."""

import json
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote, urlsplit

from structlog.testing import capture_logs

from tests.builders import accept_a_job, write
from tests.fuzz.lines import text_of
from tests.fuzz.mutation import any_bytes, either
from tests.fuzz.surface import Check, Surface
from tests.webhouse import web_house

JOB = "20260101-000000-job"
_LONGEST_S = 60
"""How long an answer may take on a machine that does much else: beyond it, it hangs."""
_ENDLESS = "/api/events"
_PROBLEM = "application/problem+json"
_OF_LENGTHS = (b"content-length", b"transfer-encoding")
_NOT_HTTP = b"Invalid HTTP request received."
"""What uvicorn says by itself."""

_GETS = f"""
/api/jobs?order=turn&limit=2&cursor=WyJ0dXJuIiw1MCwxLDFd /api/jobs?state=done&label=a=b&q=x
/api/jobs/{JOB} /api/jobs/{JOB}/prompts?state=pending&limit=1&cursor=MQ
/api/jobs/{JOB}/prompts/1 /api/jobs/{JOB}/outputs?cursor=YQ /api/jobs/{JOB}/events?cursor=MQ
/api/jobs/{JOB}/files/job.yaml?download=true /api/jobs/{JOB}/log
/api/jobs/{JOB}/prompts/1/inputs/image /api/jobs/{JOB}/report /shared/x/{JOB}/report.html
/api/jobs/{JOB}/thumbnails/outputs/a.png?size=large /api/system/servers/gpu0/preview /healthz
/api/system /api/system/models?folder=loras /api/workflows/image-scale /metrics /readyz /index.html
"""
_POSTS = (
    (f"/api/jobs/{JOB}/cancel", '{"reason": "no"}'),
    (f"/api/jobs/{JOB}/priority", '{"priority": 70}'),
    (f"/api/jobs/{JOB}/place", f'{{"before": "{JOB}"}}'),
    (f"/api/jobs/{JOB}/job-file/check", '{"text": "vqd: 1"}'),
    (f"/api/jobs/{JOB}/job-file/written", '{"keys": {"vqd": 1}}'),
    ("/api/session", '{"token": "a"}'),
    ("/api/check", '{"vqd": 1, "workflow": "image-scale"}'),
    ("/api/check/graph?number=1", '{"vqd": 1, "workflow": "image-scale"}'),
    ("/api/system/resume", ""),
)
_FORM = """\
--b\r
Content-Disposition: form-data; name="job"\r
\r
vqd: 1
workflow: image-scale
\r
--b\r
Content-Disposition: form-data; name="names"\r
\r
["a.png", "sub/b.png"]\r
--b\r
Content-Disposition: form-data; name="file"; filename="c.txt"\r
\r
abc\r
--b--\r
"""
_WORDS = """
GET POST PUT DELETE HEAD OPTIONS %00 %2e%2e/ %ff ..%2f // ? # cursor= limit=0 limit=99999999999
Range: bytes=0-1 bytes=-1 bytes=9-1 bytes=0-,5- If-Range: If-None-Match: * If-Modified-Since:
Mon, 01-Jan-0001 00:00:00 -0000 +9999 Host: Origin: null Sec-Fetch-Site: cross-site Content-Length:
0 4²
Content-Type: multipart/form-data; boundary= boundary=b application/yaml Transfer-Encoding: chunked
Authorization: Bearer Cookie: vqd=%80 filename*=UTF-8''x filename="../x" name="job" --b-- --b
MDAwMDAwMDAwMDAwMDAwMDAwMDA5OTk5OTk5OTk5OTk5OTk5OTk5OTk5 W1tbW1s= bnVsbA== eyJ9
"""
_PHRASES = ("Mon, 01 Jan 0001 00:00:00 -0000", "Mon, 01 Jan 9999 00:00:00 +0000", "W1tb" * 400)


@contextmanager
def _requests(folder: Path) -> Iterator[Check]:
    with web_house(folder) as house:
        accept_a_job(house.store, JOB)
        write(house.spool.active / JOB / "job.yaml", "vqd: 1\nworkflow: image-scale\n")
        parts = urlsplit(house.url)
        address = (parts.hostname, parts.port)

        def check(data: bytes) -> None:
            head, _, body = data.partition(b"\n\n")
            if _is_endless(head):
                return
            with capture_logs() as logs:
                answer = _asked(address, head, body)
            assert not [one for one in logs if "exc_info" in one], logs
            _judged(answer)

        yield check


def _is_endless(head: bytes) -> bool:
    """Tell whether it asks for the events, which have no end."""
    return _ENDLESS in unquote(head.partition(b"\n")[0].decode("latin-1"))


def _asked(address: tuple[str | None, int | None], head: bytes, body: bytes) -> bytes:
    """Send a request and give its whole answer; one that tells of another length than it has is
    broken off."""
    lines = head.replace(b"\r", b"").split(b"\n")
    is_told = any(line.lower().startswith(_OF_LENGTHS) for line in lines)
    lines += [] if is_told else [b"Content-Length: %d" % len(body)]
    sent = b"\r\n".join([*lines, b"Connection: close", b"", b""]) + body
    with socket.create_connection(address, _LONGEST_S) as connected:
        try:
            connected.sendall(sent)
            if is_told:
                connected.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # it was refused before all was sent
        came = bytearray()
        try:
            while part := connected.recv(1 << 16):
                came += part
        except ConnectionError:
            pass  # the rest of what was sent was not read
        return bytes(came)


def _judged(answer: bytes) -> None:
    """Require of an answer that it is no fault of vqd's own, and of a refusal that it says why."""
    head, _, rest = answer.partition(b"\r\n\r\n")
    if not head or rest == _NOT_HTTP:
        return
    first, *lines = head.decode("latin-1").split("\r\n")
    status = int(first.split(" ", 2)[1])
    assert status != 500, answer[:2000]
    headers = dict(line.lower().split(": ", 1) for line in lines if ": " in line)
    body = rest[: int(headers.get("content-length", len(rest)))]  # it may hold another request
    if status >= 400 and body and status != 416:
        assert headers["content-type"] == _PROBLEM, answer[:2000]
        told = json.loads(body)
        assert told["code"]
        assert told["detail"]


def _seeds() -> Sequence[bytes]:
    host = b"Host: 127.0.0.1\n"
    gets = [b"GET %s HTTP/1.1\n" % path.encode() + host + b"\n" for path in _GETS.split()]
    gets.append(gets[7][:-1] + b'Range: bytes=0-3\nIf-Range: "x"\nIf-Modified-Since: x\n\n')
    head = b"POST %s HTTP/1.1\n" + host + b"Content-Type: %s\n\n"
    posts = [head % (path.encode(), b"application/json") + body.encode() for path, body in _POSTS]
    forms = [
        head % (path, b"multipart/form-data; boundary=b") + _FORM.encode()
        for path in (b"/api/check", b"/api/jobs")
    ]
    return [*gets, *posts, *forms]


REQUESTS = Surface(
    "requests", _requests, _seeds, either(text_of(_WORDS, *_PHRASES), any_bytes), examples=80
)
