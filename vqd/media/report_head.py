"""The head of the report: what the job was, how it went, and what was wrong with it."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from vqd.domain.errors import Problem
from vqd.media.report_alike import Alike, Failure
from vqd.media.report_job import ReportJob
from vqd.media.report_text import cut, duration, moment, shown, text

ICONS: Final = """\
<svg hidden><defs>
<symbol id="i-done" viewBox="0 0 16 16"><path d="M3 8.5l3.3 3.3L13 5"/></symbol>
<symbol id="i-failed" viewBox="0 0 16 16"><path d="M4 4l8 8M12 4l-8 8"/></symbol>
<symbol id="i-cancelled" viewBox="0 0 16 16"><path d="M4 8h8"/></symbol>
<symbol id="i-other" viewBox="0 0 16 16"><path d="M8 4v4.5l3 2"/></symbol>
</defs></svg>
"""
_STAMP: Final = re.compile(r"^\d{8}-\d{6}-(?=.)")
_LONG: Final = 60  # characters of a value that has a line of its own
_LONGEST_FAILURE: Final = 500
_COUNTED: Final = ("succeeded", "failed", "cancelled")


def head(job: ReportJob, same: Alike) -> str:
    """Give everything above the pictures, as markup."""
    return "".join(_parts(job, same))


def _parts(job: ReportJob, same: Alike) -> Iterator[str]:
    yield '<header class="head">\n<div class="title"><div>'
    yield f'<p class="workflow">{_workflow(job)}</p>\n<h1>{text(_STAMP.sub("", job.job))}</h1>'
    yield f'<p class="stamp">{text(job.job)}</p></div>'
    yield _badge(job.state)
    yield "</div>\n"
    if job.comment:
        yield f'<p class="comment">{text(job.comment)}</p>\n'
    if job.labels:
        yield _labels(job.labels)
    if job.problems:
        yield _problems(job.problems)
    elif job.reason:
        yield f'<p class="reason">{text(job.reason)}</p>\n'
    if same.failures:
        yield _failures(same.failures, same.failed_otherwise)
    if job.drift:
        yield _drift(job.drift)
    if job.counts.get("total"):
        yield _bar(job.counts)
    yield _times(job)
    yield "</header>\n"
    yield from _same(job, same)


def _workflow(job: ReportJob) -> str:
    version = "" if job.workflow_version is None else f" · version {job.workflow_version}"
    return text(f"{job.workflow}{version}")


def _badge(state: str) -> str:
    icon = state if state in ("done", "failed", "cancelled") else "other"
    return (
        f'<p class="state {text(state)}"><svg aria-hidden="true"><use href="#i-{icon}"/></svg>'
        f"{text(state)}</p>"
    )


def _labels(labels: Mapping[str, str]) -> str:
    chips = "".join(
        f'<li title="{text(label)}"><span>{text(name)}</span> {text(label)}</li>'
        for name, label in labels.items()
    )
    return f'<ul class="chips labels" aria-label="Labels">{chips}</ul>\n'


def _problems(problems: tuple[Problem, ...]) -> str:
    count = "What is wrong" if len(problems) == 1 else f"{len(problems)} things are wrong"
    listed = "".join(map(_problem, problems))
    return (
        f'<section class="problems" aria-labelledby="wrong"><h2 id="wrong">{count}</h2>'
        f"<ol>{listed}</ol></section>\n"
    )


def _failures(failures: Sequence[Failure], otherwise: int) -> str:
    listed = "".join(map(_failure, failures))
    if otherwise:
        prompts = "1 prompt" if otherwise == 1 else f"{otherwise:,} prompts"
        listed += f"<li><p>… and {prompts} more, of other reasons.</p></li>"
    return (
        '<section class="problems" aria-labelledby="failed">'
        f'<h2 id="failed">What failed</h2><ol>{listed}</ol></section>\n'
    )


def _failure(failure: Failure) -> str:
    links = " ".join(f'<a href="#p{number}">#{number}</a>' for number in failure.first)
    left = failure.prompts - len(failure.first)
    where = f"{links} and {left:,} more" if left else links
    said = text(cut(failure.said, _LONGEST_FAILURE))
    return f'<li><p>{said}</p><p class="where">{where}</p></li>'


def _drift(drift: tuple[str, ...]) -> str:
    listed = "".join(f"<li><p>{text(said)}</p></li>" for said in drift)
    return (
        '<section class="problems drift" aria-labelledby="drift">'
        f'<h2 id="drift">Not as recorded</h2><ol>{listed}</ol></section>\n'
    )


def _problem(problem: Problem) -> str:
    place = ":".join(str(part) for part in (problem.where, problem.line) if part is not None)
    where = " ".join(f"<code>{text(part)}</code>" for part in (place, problem.key) if part)
    allowed = f'<p class="allowed">Allowed: {text(problem.allowed)}</p>' if problem.allowed else ""
    hint = f'<p class="hint">{text(problem.hint)}</p>' if problem.hint else ""
    return f'<li><p class="where">{where}</p><p>{text(problem.said)}</p>{allowed}{hint}</li>'


def _bar(counts: Mapping[str, int]) -> str:
    total = counts["total"]
    parts, legend, left = [], [], 0.0
    for state in _COUNTED:
        if not (count := counts.get(state, 0)):
            continue
        width = 1000 * count / total
        parts.append(f'<rect class="{state}" x="{left:.2f}" width="{width:.2f}" height="10"/>')
        kept = counts.get("kept") if state == "succeeded" else 0
        more = f", {kept:,} of them kept" if kept else ""
        legend.append(f'<li class="{state}"><b>{count:,}</b> {state}{more}</li>')
        left += width
    said = f"{total:,} prompt" + ("" if total == 1 else "s")
    return (
        '<div class="counts"><svg class="bar" viewBox="0 0 1000 10" preserveAspectRatio="none"'
        f' aria-hidden="true">{"".join(parts)}</svg>'
        f"<ul><li><b>{said}</b></li>{''.join(legend)}</ul></div>\n"
    )


def _times(job: ReportJob) -> str:
    rows = [("Accepted", moment(job.accepted_at))]
    if job.started_at is not None:
        rows.append(("Started", moment(job.started_at)))
    if job.finished_at is not None:
        rows.append(("Finished", moment(job.finished_at)))
    if job.started_at is not None and job.finished_at is not None:
        rows.append(("Took", text(duration(job.finished_at - job.started_at))))
    listed = "".join(f"<div><dt>{name}</dt><dd>{told}</dd></div>" for name, told in rows)
    return f'<dl class="times">{listed}</dl>\n'


def _same(job: ReportJob, same: Alike) -> Iterator[str]:
    """Give what no cell tells, since it is the same in each."""
    told = [(name, shown(value)) for name, value in {**job.params, **same.params}.items()]
    if same.seed is not None and not any("seed" in name.lower() for name, _ in told):
        told.append(("seed", str(same.seed)))
    if same.server is not None:
        told.append(("server", same.server))
    if not told:
        return
    listed = "".join(
        f"<div{_is_long(value)}><dt>{text(name)}</dt><dd>{text(value)}</dd></div>"
        for name, value in told
    )
    title = "Same for all" if job.counts.get("total", 0) > 1 else "Made with"
    yield (
        f'<section class="fixed" aria-labelledby="fixed"><h2 id="fixed">{title}</h2>'
        f"<dl>{listed}</dl></section>\n"
    )


def _is_long(value: str) -> str:
    return ' class="long"' if len(value) > _LONG else ""
