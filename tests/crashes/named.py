"""Calls by name that a job's life consists of, which no change of the code may hide from the tests
that kill there."""

NAMED = (
    "listen: GET /ws answered",
    "watch: rename to active/JOB",
    "watch: sync spool/active",
    "watch: sync spool/inbox",
    "store-writer: commit job.accepted",
    "store-writer: commit prompt.claimed",
    "attempt: POST /upload/image sent",
    "attempt: POST /upload/image answered",
    "attempt: POST /prompt sent",
    "attempt: POST /prompt answered",
    "attempt: GET /view answered",
    "attempt: sync .part/1-1-0.png",
    "attempt: replace to outputs/p1.png",
    "attempt: sync JOB/outputs",
    "attempt: sync JOB/manifest.jsonl",
    "store-writer: commit prompt.succeeded",
    "publisher: mkdir JOB/.dropped",
    "store-writer: commit job.publishing",
    "publisher: rename to JOB/inputs",
    "publisher: replace to JOB/manifest.jsonl",
    "publisher: replace to JOB/log.txt",
    "publisher: replace to JOB/report.html",
    "publisher: replace to JOB/STATUS.yaml",
    "publisher: rename to done/JOB",
    "publisher: sync spool/done",
    "store-writer: commit job.done",
)
"""Of every folder with one picture."""

NAMED_OF = {
    "job file": (
        "claim: create active/..JOB.claim.part",
        "claim: replace to active/.JOB.claim",
        "claim: mkdir active/.JOB.part",
        "claim: rename to .JOB.part/p1.png",
        "claim: rename to .JOB.part/one.yaml",
        "claim: rename to active/JOB",
        "claim: unlink active/.JOB.claim",
    ),
    "two prompts": (
        "attempt: POST /upload/image answered #2",
        "attempt: POST /prompt sent #2",
        "attempt: POST /prompt answered #2",
        "attempt: replace to outputs/p2.png",
        "attempt: sync JOB/manifest.jsonl #2",
    ),
    "a failure and a retry": (
        "store-writer: commit prompt.requeued",
        "store-writer: commit prompt.claimed #2",
        "attempt: POST /prompt sent #3",
        "attempt: replace to rejected-outputs/1-2_bad.png",
        "store-writer: commit prompt.failed",
        "publisher: replace to JOB/failures.jsonl",
        "publisher: replace to JOB/WHY.txt",
        "publisher: rename to failed/JOB",
        "store-writer: commit job.failed",
    ),
    "cancelled": (
        "store-writer: commit job.cancel_requested",
        "watch: rename to JOB/CANCEL.done-TIME",
        "cancel: POST /api/jobs/ID/cancel answered",
        "store-writer: commit prompt.cancelled",
        "publisher: rename to failed/JOB",
        "store-writer: commit job.cancelled",
    ),
    "quoted, with a proof": (
        "store-writer: commit job.quoted",
        "returns: replace to JOB/STATUS.yaml",
        "store-writer: commit job.approved",
        "watch: rename to JOB/APPROVE.done-TIME",
        "store-writer: commit job.released",
        "store-writer: commit job.held",
        "status: replace to JOB/proof.html",
        "store-writer: commit job.approved #2",
        "watch: rename to JOB/APPROVE.done-TIME #2",
        "publisher: unlink JOB/proof.html",
    ),
    "files of a hot folder": (
        "watch: replace to active/.JOB.claim",
        "watch: rename to .JOB.part/p2.png",
        "watch: replace to .JOB.part/job.yaml",
        "watch: rename to active/JOB",
        "watch: unlink active/.JOB.claim",
    ),
    "comes back": (
        "returns: sync JOB/.STATUS.yaml.part",
        "returns: replace to JOB/STATUS.yaml",
        "returns: mkdir JOB/previous",
        "returns: mkdir previous/outputs",
        "returns: rename to outputs/p1_18x18.png",
        "returns: rename to outputs/p1_18x18.png.yaml",
        "returns: sync previous/outputs",
        "attempt: replace to outputs/p1_20x20.png",
    ),
}
"""Of jobs of other kinds alone."""

OF_ANY_JOB = tuple(
    call
    for call in (*NAMED, *(call for calls in NAMED_OF.values() for call in calls))
    if not call.endswith(".png") and "#" not in call and "one.yaml" not in call
)
"""Those whose name does not tell of one picture or turn."""
