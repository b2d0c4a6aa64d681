-- The queue: jobs, their prompts, what they made, what happened, and what the servers said.
-- Times are UTC seconds. A prompt's graph is kept once, by content; a prompt has only its edits.

CREATE TABLE graphs (
    graph_key INTEGER PRIMARY KEY,
    sha256    TEXT NOT NULL UNIQUE CHECK (length(sha256) = 64),
    nodes     TEXT NOT NULL CHECK (json_valid(nodes))
) STRICT;

CREATE TABLE jobs (
    job_key             INTEGER PRIMARY KEY AUTOINCREMENT,
    job                 TEXT NOT NULL UNIQUE,
    workflow            TEXT NOT NULL,
    state               TEXT NOT NULL CHECK (state IN (
                            'assembling', 'quoted', 'queued', 'running', 'publishing',
                            'done', 'failed', 'cancelled')),
    plan                TEXT CHECK (plan IS NULL OR json_valid(plan)),
    job_file            TEXT NOT NULL,
    job_file_sha256     TEXT NOT NULL,
    input_folder        TEXT NOT NULL,
    problems            TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(problems)),
    reason              TEXT,
    priority            INTEGER NOT NULL CHECK (priority BETWEEN 0 AND 100),
    cancel_requested_at REAL,
    accepted_at         REAL NOT NULL,
    started_at          REAL,
    finished_at         REAL,
    total               INTEGER NOT NULL DEFAULT 0,
    pending             INTEGER NOT NULL DEFAULT 0 CHECK (pending >= 0),
    running             INTEGER NOT NULL DEFAULT 0 CHECK (running >= 0),
    succeeded           INTEGER NOT NULL DEFAULT 0 CHECK (succeeded >= 0),
    failed              INTEGER NOT NULL DEFAULT 0 CHECK (failed >= 0),
    cancelled           INTEGER NOT NULL DEFAULT 0 CHECK (cancelled >= 0),
    CHECK (total = pending + running + succeeded + failed + cancelled),
    CHECK (state NOT IN ('publishing', 'done', 'failed', 'cancelled') OR pending + running = 0),
    CHECK ((finished_at IS NOT NULL) = (state IN ('done', 'failed', 'cancelled')))
) STRICT;

-- Who is next: a seek, whatever waits.
CREATE INDEX jobs_ready ON jobs (priority DESC, job_key)
    WHERE state IN ('queued', 'running') AND pending > 0 AND cancel_requested_at IS NULL;
-- What can be closed, and what is being closed.
CREATE INDEX jobs_over ON jobs (job_key)
    WHERE state IN ('queued', 'running') AND pending = 0 AND running = 0;
CREATE INDEX jobs_publishing ON jobs (job_key) WHERE state = 'publishing';
-- What must be stopped on the servers.
CREATE INDEX jobs_stopping ON jobs (job_key)
    WHERE cancel_requested_at IS NOT NULL AND running > 0;
-- What is not closed yet.
CREATE INDEX jobs_open ON jobs (job_key)
    WHERE state IN ('assembling', 'quoted', 'queued', 'running', 'publishing');

CREATE TABLE prompts (
    job_key         INTEGER NOT NULL REFERENCES jobs ON DELETE CASCADE,
    number          INTEGER NOT NULL CHECK (number >= 1),
    state           TEXT NOT NULL DEFAULT 'pending' CHECK (state IN (
                        'pending', 'running', 'succeeded', 'failed', 'cancelled')),
    graph_key       INTEGER NOT NULL REFERENCES graphs,
    edits           TEXT NOT NULL,
    inputs          TEXT NOT NULL,
    params          TEXT NOT NULL,
    seed            INTEGER,
    stem            TEXT NOT NULL,
    attempt         INTEGER NOT NULL DEFAULT 0,
    strikes         INTEGER NOT NULL DEFAULT 0,
    not_before_at   REAL NOT NULL DEFAULT 0,
    prompt_id       TEXT,
    server          TEXT,
    claimed_at      REAL,
    ended_at        REAL,
    seconds         REAL,
    failure_code    TEXT,
    failure_message TEXT,
    PRIMARY KEY (job_key, number),
    CHECK ((state = 'running') <= (prompt_id IS NOT NULL AND server IS NOT NULL)),
    CHECK ((state = 'pending') <= (prompt_id IS NULL AND ended_at IS NULL)),
    CHECK ((state = 'failed') = (failure_code IS NOT NULL))
) STRICT, WITHOUT ROWID;

-- The next prompt of a job; what waits for a retry lies behind what waits for nothing.
CREATE INDEX prompts_pending ON prompts (job_key, not_before_at, number) WHERE state = 'pending';
-- When the next of those may run.
CREATE INDEX prompts_delayed ON prompts (not_before_at)
    WHERE state = 'pending' AND not_before_at > 0;
-- What a restart must ask the servers about, and what runs now.
CREATE INDEX prompts_running ON prompts (job_key, number) WHERE state = 'running';

CREATE TABLE outputs (
    job_key INTEGER NOT NULL,
    number  INTEGER NOT NULL,
    path    TEXT NOT NULL,
    slot    TEXT NOT NULL,
    kind    TEXT NOT NULL,
    sha256  TEXT NOT NULL,
    bytes   INTEGER NOT NULL,
    width   INTEGER,
    height  INTEGER,
    frames  INTEGER,
    fps     REAL,
    PRIMARY KEY (job_key, path),
    FOREIGN KEY (job_key, number) REFERENCES prompts ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE INDEX outputs_of_prompt ON outputs (job_key, number);

CREATE TABLE events (
    event_key INTEGER PRIMARY KEY,
    at        REAL NOT NULL,
    job_key   INTEGER REFERENCES jobs ON DELETE CASCADE,
    number    INTEGER,
    kind      TEXT NOT NULL,
    facts     TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(facts))
) STRICT;

CREATE INDEX events_of_job ON events (job_key, event_key);

CREATE TABLE servers (
    server  TEXT PRIMARY KEY,
    url     TEXT NOT NULL,
    state   TEXT NOT NULL CHECK (state IN ('up', 'resting', 'down')),
    said    TEXT,
    version TEXT,
    seen_at REAL
) STRICT, WITHOUT ROWID;

-- One job that waits, as that vqd had it.
INSERT INTO jobs (job_key, job, workflow, state, job_file, job_file_sha256, input_folder, priority, accepted_at, total, pending) VALUES (1, '20260101-000000-beach', 'image-scale', 'queued', 'job.yaml', '0000000000000000000000000000000000000000000000000000000000000000', '', 50, 1790000000.0, 1, 1);
INSERT INTO graphs (graph_key, sha256, nodes) VALUES (1, '1111111111111111111111111111111111111111111111111111111111111111', '{}');
INSERT INTO prompts (job_key, number, state, graph_key, edits, inputs, params, stem) VALUES (1, 1, 'pending', 1, '{}', '{}', '{}', 'p1');
PRAGMA application_id = 1987142657;
PRAGMA user_version = 1;
