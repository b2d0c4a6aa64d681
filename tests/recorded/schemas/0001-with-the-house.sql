-- The queue: jobs, their prompts, what they made, what happened, and what the servers said.
-- Times are UTC seconds. A prompt's graph is kept once, by content; a prompt has only its edits.

CREATE TABLE graphs (
    graph_key INTEGER PRIMARY KEY,
    sha256    TEXT NOT NULL UNIQUE CHECK (length(sha256) = 64),
    nodes     TEXT NOT NULL CHECK (json_valid(nodes))
) STRICT;

-- What prompts require of a server, each once: node classes, and models by name. The first requires
-- nothing that was looked at.
CREATE TABLE requirements (
    requirement_key INTEGER PRIMARY KEY,
    requirement     TEXT NOT NULL UNIQUE CHECK (json_valid(requirement))
) STRICT;
INSERT INTO requirements VALUES (1, '{"node_classes":[],"models":[]}');

-- The class of a job, each once: what it needs of a server, and in `requires` the keys of what its
-- prompts that wait require. The first needs nothing.
CREATE TABLE needs (
    needs_key INTEGER PRIMARY KEY,
    needs     TEXT NOT NULL UNIQUE CHECK (json_valid(needs))
) STRICT;
INSERT INTO needs VALUES (1, '{"tags":[],"vram_gb":null,"requires":[]}');

-- `hold` says why nothing of the job may start now. What only time changes is judged again at
-- `judge_at`; 0 is at once. `quote` says how large a job is that is to be approved of before it
-- starts. Of one that `awaits_proof`, only the prompts of its proof may start. `notify` is who is told
-- of what. `keep_s` is how long the record stays whole once the job is closed, NULL for as long as the
-- settings say. `kept` counts the prompts that succeeded before the job's folder came back.
CREATE TABLE jobs (
    job_key             INTEGER PRIMARY KEY AUTOINCREMENT,
    job                 TEXT NOT NULL UNIQUE,
    name                TEXT NOT NULL,
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
    needs_key           INTEGER NOT NULL DEFAULT 1 REFERENCES needs,
    max_parallel        INTEGER NOT NULL DEFAULT 1000000000,
    suspended           INTEGER NOT NULL DEFAULT 0 CHECK (suspended IN (0, 1)),
    quote               TEXT,
    awaits_proof        INTEGER NOT NULL DEFAULT 0 CHECK (awaits_proof IN (0, 1)),
    not_before_at       REAL,
    time_window         TEXT,
    deadline_at         REAL,
    hold                TEXT,
    lacking             INTEGER NOT NULL DEFAULT 0 CHECK (lacking IN (0, 1)),
    judge_at            REAL,
    notify              TEXT CHECK (notify IS NULL OR json_valid(notify)),
    keep_s              REAL CHECK (keep_s > 0),
    record              TEXT NOT NULL DEFAULT 'whole' CHECK (record IN (
                            'whole', 'trimming', 'brief')),
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
    kept                INTEGER NOT NULL DEFAULT 0 CHECK (kept BETWEEN 0 AND succeeded),
    CHECK (total = pending + running + succeeded + failed + cancelled),
    CHECK (record = 'whole' OR (finished_at IS NOT NULL AND plan IS NULL)),
    CHECK (state NOT IN ('publishing', 'done', 'failed', 'cancelled') OR pending + running = 0),
    CHECK ((state = 'quoted') <= (quote IS NOT NULL)),
    CHECK ((finished_at IS NOT NULL) = (state IN ('done', 'failed', 'cancelled')))
) STRICT;

-- Who is next in a class: a seek, whatever waits.
CREATE INDEX jobs_ready ON jobs (needs_key, priority DESC, job_key)
    WHERE state IN ('queued', 'running') AND pending > 0 AND cancel_requested_at IS NULL
    AND hold IS NULL AND running < max_parallel;
-- What waits for a node class or a model that no server has.
CREATE INDEX jobs_lacking ON jobs (job_key)
    WHERE lacking = 1 AND state IN ('queued', 'running') AND cancel_requested_at IS NULL;
-- What is to be judged again, and when.
CREATE INDEX jobs_judged ON jobs (judge_at)
    WHERE judge_at IS NOT NULL AND state IN ('queued', 'running') AND cancel_requested_at IS NULL;
-- What a better knowledge of how long its prompts take may hold or release.
CREATE INDEX jobs_in_windows ON jobs (workflow)
    WHERE time_window IS NOT NULL AND state IN ('queued', 'running');
-- The newest job of a name, for those that wait for it.
CREATE INDEX jobs_named ON jobs (name, job_key);
-- What can be closed, and what is being closed.
CREATE INDEX jobs_over ON jobs (job_key)
    WHERE state IN ('quoted', 'queued', 'running') AND pending = 0 AND running = 0;
CREATE INDEX jobs_publishing ON jobs (job_key) WHERE state = 'publishing';
-- What must be stopped on the servers.
CREATE INDEX jobs_stopping ON jobs (job_key)
    WHERE cancel_requested_at IS NOT NULL AND running > 0;
-- Pages of jobs by state, and of one workflow; a name is looked for in the index alone.
CREATE INDEX jobs_by_state ON jobs (state, job_key, job);
CREATE INDEX jobs_by_workflow ON jobs (workflow, state, job_key, job);
-- What is not closed yet.
CREATE INDEX jobs_open ON jobs (job_key)
    WHERE state IN ('assembling', 'quoted', 'queued', 'running', 'publishing');

-- Whose record is to be trimmed next: of those that say so themselves, and of the others.
CREATE INDEX jobs_kept_own ON jobs (finished_at + keep_s)
    WHERE record = 'whole' AND finished_at IS NOT NULL AND keep_s IS NOT NULL;
CREATE INDEX jobs_kept ON jobs (finished_at)
    WHERE record = 'whole' AND finished_at IS NOT NULL AND keep_s IS NULL;
-- Whose trimming was begun.
CREATE INDEX jobs_trimming ON jobs (job_key) WHERE record = 'trimming';
-- What closed since the house was told of that.
CREATE INDEX jobs_finished ON jobs (finished_at) WHERE finished_at IS NOT NULL;

-- The jobs that a job still waits for, by name or by JOB.
CREATE TABLE awaited (
    job_key INTEGER NOT NULL REFERENCES jobs ON DELETE CASCADE,
    name    TEXT NOT NULL,
    PRIMARY KEY (job_key, name)
) STRICT, WITHOUT ROWID;

CREATE INDEX awaited_by_name ON awaited (name, job_key);

-- The labels of jobs, by which they are found.
CREATE TABLE labels (
    name    TEXT NOT NULL,
    value   TEXT NOT NULL,
    job_key INTEGER NOT NULL REFERENCES jobs ON DELETE CASCADE,
    PRIMARY KEY (name, value, job_key)
) STRICT, WITHOUT ROWID;

CREATE INDEX labels_of_job ON labels (job_key);

-- The graphs that a job's prompts use, so that one that no job uses any more can go.
CREATE TABLE job_graphs (
    job_key   INTEGER NOT NULL REFERENCES jobs ON DELETE CASCADE,
    graph_key INTEGER NOT NULL REFERENCES graphs,
    PRIMARY KEY (job_key, graph_key)
) STRICT, WITHOUT ROWID;

CREATE INDEX job_graphs_by_graph ON job_graphs (graph_key);

-- `shuns` is the server on which it failed last, which gives others the first chance; `downed` are
-- those that died while they ran it.
-- `files` are the inputs of one that succeeded, as they were read. One that is `kept` was made
-- before the job's folder came back; `mark` and `asked` tell of it what `step` tells of the others.
CREATE TABLE prompts (
    job_key         INTEGER NOT NULL REFERENCES jobs ON DELETE CASCADE,
    number          INTEGER NOT NULL CHECK (number >= 1),
    state           TEXT NOT NULL DEFAULT 'pending' CHECK (state IN (
                        'pending', 'running', 'succeeded', 'failed', 'cancelled')),
    graph_key       INTEGER NOT NULL,
    edits           TEXT NOT NULL,
    inputs          TEXT NOT NULL,
    params          TEXT NOT NULL,
    seed            INTEGER,
    stem            TEXT NOT NULL,
    proof           INTEGER NOT NULL DEFAULT 0 CHECK (proof IN (0, 1)),
    attempt         INTEGER NOT NULL DEFAULT 0,
    strikes         INTEGER NOT NULL DEFAULT 0,
    step            INTEGER NOT NULL DEFAULT 0,
    route_key       INTEGER REFERENCES needs,
    requirement_key INTEGER NOT NULL DEFAULT 1 REFERENCES requirements,
    not_before_at   REAL NOT NULL DEFAULT 0,
    shuns           TEXT,
    downed          TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(downed)),
    prompt_id       TEXT,
    server          TEXT,
    claimed_at      REAL,
    ended_at        REAL,
    seconds         REAL,
    failure_code    TEXT,
    failure_message TEXT,
    files           TEXT NOT NULL DEFAULT '{}',
    kept            INTEGER NOT NULL DEFAULT 0 CHECK (kept IN (0, 1)),
    mark            TEXT NOT NULL DEFAULT '',
    asked           TEXT NOT NULL DEFAULT '{}',
    PRIMARY KEY (job_key, number),
    FOREIGN KEY (job_key, graph_key) REFERENCES job_graphs,
    CHECK ((state = 'running') <= (prompt_id IS NOT NULL AND server IS NOT NULL)),
    CHECK ((state = 'pending') <= (prompt_id IS NULL AND ended_at IS NULL)),
    CHECK ((state = 'failed') = (failure_code IS NOT NULL)),
    CHECK (kept = 0 OR state = 'succeeded')
) STRICT, WITHOUT ROWID;

-- The next prompt of a job; what waits for a retry lies behind what waits for nothing.
CREATE INDEX prompts_pending
    ON prompts (job_key, requirement_key, route_key, not_before_at, number)
    WHERE state = 'pending';
-- The same, of the prompts that a proof is made of.
CREATE INDEX prompts_of_proof ON prompts (job_key, requirement_key, not_before_at, number)
    WHERE state = 'pending' AND proof = 1;
-- The routes: what only some servers are given since memory did not suffice for it. `step` counts
-- the steps of on_oom that a prompt has climbed.
CREATE INDEX prompts_routed ON prompts (route_key)
    WHERE state = 'pending' AND route_key IS NOT NULL;
-- When the next of all those may run.
CREATE INDEX prompts_delayed ON prompts (not_before_at)
    WHERE state = 'pending' AND not_before_at > 0;
-- When the server that a prompt failed on may be given it again.
CREATE INDEX prompts_shunning ON prompts (not_before_at)
    WHERE state = 'pending' AND shuns IS NOT NULL;
-- What was not made, among all that was: pages of what failed.
CREATE INDEX prompts_unmade ON prompts (job_key, state, number)
    WHERE state IN ('failed', 'cancelled');
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
    duration_s  REAL,
    sample_rate INTEGER,
    channels INTEGER,
    chars   INTEGER,
    modified_at TEXT,
    PRIMARY KEY (job_key, path),
    FOREIGN KEY (job_key, number) REFERENCES prompts ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE INDEX outputs_of_prompt ON outputs (job_key, number);

-- How long a prompt of a workflow takes, by those that were measured.
CREATE TABLE workflow_times (
    workflow TEXT PRIMARY KEY,
    measured INTEGER NOT NULL CHECK (measured > 0),
    mean_s   REAL NOT NULL CHECK (mean_s >= 0),
    variance REAL NOT NULL DEFAULT 0 CHECK (variance >= 0)
) STRICT, WITHOUT ROWID;

CREATE TABLE events (
    event_key INTEGER PRIMARY KEY,
    at        REAL NOT NULL,
    job_key   INTEGER REFERENCES jobs ON DELETE CASCADE,
    number    INTEGER,
    kind      TEXT NOT NULL,
    facts     TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(facts))
) STRICT;

CREATE INDEX events_of_job ON events (job_key, event_key);
-- What happened to a job itself, among all that happened to its prompts.
CREATE INDEX events_of_job_itself ON events (job_key, event_key) WHERE number IS NULL;

-- What is to be told to the targets of the settings; a row is gone once it is delivered. One without
-- a job is of the house.
CREATE TABLE notices (
    notice_key INTEGER PRIMARY KEY AUTOINCREMENT,
    job_key    INTEGER REFERENCES jobs ON DELETE CASCADE,
    event      TEXT NOT NULL,
    target     TEXT NOT NULL,
    at         REAL NOT NULL,
    due_at     REAL NOT NULL,
    tries      INTEGER NOT NULL DEFAULT 0,
    told       TEXT NOT NULL CHECK (json_valid(told))
) STRICT;

CREATE INDEX notices_due ON notices (target, due_at, notice_key);
CREATE INDEX notices_of_job ON notices (job_key);

-- What was told of the house last, by subject (`queue`, `disk`, `server NAME`), and since when it was
-- so. Of something bad nothing more is told before `quiet_until`.
CREATE TABLE house (
    subject     TEXT PRIMARY KEY,
    event       TEXT NOT NULL,
    since_at    REAL NOT NULL,
    quiet_until REAL NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

-- A server as it was last seen, and `since_at` it has been in that state.
CREATE TABLE servers (
    server   TEXT PRIMARY KEY,
    url      TEXT NOT NULL,
    state    TEXT NOT NULL CHECK (state IN ('up', 'avoided', 'resting', 'down')),
    said     TEXT,
    version  TEXT,
    seen_at  REAL,
    since_at REAL,
    vram_gb  REAL,
    tags     TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(tags))
) STRICT, WITHOUT ROWID;

-- What became of the attempts on a server: how many succeeded on `day` (local), and how many failed
-- since the last that did. `ended_at` is when the newest ended.
CREATE TABLE server_tallies (
    server        TEXT PRIMARY KEY,
    day           TEXT NOT NULL,
    succeeded     INTEGER NOT NULL,
    failed_in_row INTEGER NOT NULL,
    ended_at      REAL NOT NULL
) STRICT, WITHOUT ROWID;

-- Prompts that were given up while their server may have had them, to be taken off it.
CREATE TABLE strays (
    prompt_id TEXT PRIMARY KEY,
    server    TEXT NOT NULL,
    at        REAL NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX strays_of_server ON strays (server, at);

-- What the servers can do. An entry of /object_info is kept once, by content, and so is a whole
-- catalogue: servers that agree share it. One without sha256 is not whole yet; one that no server
-- has is to be dropped.
CREATE TABLE node_entries (
    entry_key INTEGER PRIMARY KEY AUTOINCREMENT,
    sha256    TEXT NOT NULL UNIQUE CHECK (length(sha256) = 64),
    entry     TEXT NOT NULL
) STRICT;

CREATE TABLE catalogues (
    catalogue_key INTEGER PRIMARY KEY AUTOINCREMENT,
    sha256        TEXT UNIQUE CHECK (length(sha256) = 64)
) STRICT;

CREATE TABLE catalogue_classes (
    catalogue_key INTEGER NOT NULL REFERENCES catalogues,
    node_class    TEXT NOT NULL,
    entry_key     INTEGER NOT NULL REFERENCES node_entries,
    PRIMARY KEY (catalogue_key, node_class)
) STRICT, WITHOUT ROWID;

-- Whether an entry that a catalogue had is still needed by another.
CREATE INDEX catalogue_classes_of_entry ON catalogue_classes (entry_key);

CREATE TABLE server_catalogues (
    server        TEXT PRIMARY KEY,
    catalogue_key INTEGER NOT NULL REFERENCES catalogues,
    learned_at    REAL NOT NULL
) STRICT, WITHOUT ROWID;

-- How the signature of a class differs from what it first was on a server. `input` is empty where
-- the class itself changed; `was` or `now` is NULL where there was or is none.
CREATE TABLE signature_changes (
    server     TEXT NOT NULL,
    node_class TEXT NOT NULL,
    input      TEXT NOT NULL,
    was        TEXT,
    now        TEXT,
    changed_at REAL NOT NULL,
    PRIMARY KEY (server, node_class, input)
) STRICT, WITHOUT ROWID;

-- One job that waits, as that vqd had it.
INSERT INTO jobs (job_key, job, name, workflow, state, job_file, job_file_sha256, input_folder, priority, accepted_at, total, pending) VALUES (1, '20260101-000000-beach', 'beach', 'image-scale', 'queued', 'job.yaml', '0000000000000000000000000000000000000000000000000000000000000000', '', 50, 1790000000.0, 1, 1);
INSERT INTO graphs (graph_key, sha256, nodes) VALUES (1, '1111111111111111111111111111111111111111111111111111111111111111', '{}');
INSERT INTO job_graphs VALUES (1, 1);
INSERT INTO prompts (job_key, number, state, graph_key, edits, inputs, params, stem) VALUES (1, 1, 'pending', 1, '{}', '{}', '{}', 'p1');
PRAGMA application_id = 1987142657;
PRAGMA user_version = 1;
