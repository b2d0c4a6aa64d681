"""The picture that goes with a notice: what a job made, small, on one sheet.

It is made of thumbnails that were kept when the job's report was written: nothing is decoded, and
no share is asked, which may be away while somebody is to be told of it. Where none are kept, the
notice has none.
"""

from vqd.domain.names import LONGEST_JOB_NAME_BYTES, safe_name
from vqd.domain.notice import JobNews
from vqd.media.apart import Thumbnail
from vqd.media.sheet import MIME, MOST_PICTURES, sheet
from vqd.media.thumbnails import Thumbnails
from vqd.notify.message import Picture
from vqd.store.store import Session


def picture_of(
    session: Session, news: JobNews, kept: Thumbnails, *, most_bytes: int
) -> Picture | None:
    """Give a picture of at most so many bytes; None if nothing was made that can be shown.

    Of many outputs nine are shown, from all over the job.
    """
    if not most_bytes or not news.counts.succeeded:
        return None
    outputs = session.outputs.spread(news.job_key, news.counts.total, most=MOST_PICTURES)
    small = [made for made in (kept.read(output.sha256) for output in outputs) if made]
    if not small:
        return None
    shown = [_fitting(made, is_alone=len(small) == 1) for made in small]
    name = safe_name(news.job, longest_bytes=LONGEST_JOB_NAME_BYTES)
    return Picture(f"{name}.jpg", MIME, sheet(shown, most_bytes=most_bytes))


def _fitting(made: tuple[Thumbnail, ...], *, is_alone: bool) -> Thumbnail:
    wanted = "large" if is_alone else "medium"
    return next((one for one in made if one.size == wanted), made[0])
