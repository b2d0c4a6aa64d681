-- A queue of schema 5, whose jobs share the servers: one that runs, and one that waits.
BEGIN TRANSACTION;
CREATE TABLE awaited (
    job_key INTEGER NOT NULL REFERENCES jobs ON DELETE CASCADE,
    name    TEXT NOT NULL,
    PRIMARY KEY (job_key, name)
) STRICT, WITHOUT ROWID;
CREATE TABLE catalogue_classes (
    catalogue_key INTEGER NOT NULL REFERENCES catalogues,
    node_class    TEXT NOT NULL,
    entry_key     INTEGER NOT NULL REFERENCES node_entries,
    PRIMARY KEY (catalogue_key, node_class)
) STRICT, WITHOUT ROWID;
CREATE TABLE catalogues (
    catalogue_key INTEGER PRIMARY KEY AUTOINCREMENT,
    sha256        TEXT UNIQUE CHECK (length(sha256) = 64)
) STRICT;
CREATE TABLE events (
    event_key INTEGER PRIMARY KEY,
    at        REAL NOT NULL,
    job_key   INTEGER REFERENCES jobs ON DELETE CASCADE,
    number    INTEGER,
    kind      TEXT NOT NULL,
    facts     TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(facts))
) STRICT;
INSERT INTO "events" VALUES(1,1790000000.0,1,NULL,'job.accepted','{"workflow":"image-scale","prompts":2000}');
INSERT INTO "events" VALUES(2,1790000000.0,2,NULL,'job.accepted','{"workflow":"image-scale","prompts":2000}');
CREATE TABLE graphs (
    graph_key INTEGER PRIMARY KEY,
    sha256    TEXT NOT NULL UNIQUE CHECK (length(sha256) = 64),
    nodes     TEXT NOT NULL CHECK (json_valid(nodes))
) STRICT;
INSERT INTO "graphs" VALUES(1,'a582d1fe59c6ea3862b3e599780adf1ab8e9e8a2627b470420938ace30761cd9','{"1":{"class_type":"EmptyImage","inputs":{"width":8,"height":8}},"2":{"class_type":"SaveImage","inputs":{"images":["1",0],"filename_prefix":"x"}}}');
CREATE TABLE house (
    subject     TEXT PRIMARY KEY,
    event       TEXT NOT NULL,
    since_at    REAL NOT NULL,
    quiet_until REAL NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE TABLE job_graphs (
    job_key   INTEGER NOT NULL REFERENCES jobs ON DELETE CASCADE,
    graph_key INTEGER NOT NULL REFERENCES graphs,
    PRIMARY KEY (job_key, graph_key)
) STRICT, WITHOUT ROWID;
INSERT INTO "job_graphs" VALUES(1,1);
INSERT INTO "job_graphs" VALUES(2,1);
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
    kept                INTEGER NOT NULL DEFAULT 0 CHECK (kept BETWEEN 0 AND succeeded), placed REAL, turn REAL GENERATED ALWAYS AS (coalesce(placed, job_key)) VIRTUAL,
    CHECK (total = pending + running + succeeded + failed + cancelled),
    CHECK (record = 'whole' OR (finished_at IS NOT NULL AND plan IS NULL)),
    CHECK (state NOT IN ('publishing', 'done', 'failed', 'cancelled') OR pending + running = 0),
    CHECK ((state = 'quoted') <= (quote IS NOT NULL)),
    CHECK ((finished_at IS NOT NULL) = (state IN ('done', 'failed', 'cancelled')))
) STRICT;
INSERT INTO "jobs" VALUES(1,'20260101-000000-a','','image-scale','running','{"workflow":"image-scale","workflow_version":1,"total":2000,"params":{"steps":4},"axes":{"cfg":[1.5,2.5]},"inputs":{},"outputs":[{"slot":"image","node":"2","kind":"image","prefix_input":"filename_prefix","accept":{"min_count":1,"max_count":null,"min_frames":null,"max_frames":null,"min_bytes":null,"size":null,"max_black":null,"min_seconds":null,"min_duration_s":null,"max_duration_s":null,"min_chars":null,"max_chars":null},"takes_temp":false}],"labels":{},"comment":"","name":"","priority":50,"retry_limit":2,"timeout_s":null,"stop_job_after":null,"deadline_s":null,"keep_s":null,"notify":null,"schedule":{"suspended":false,"not_before_at":null,"window":null,"max_parallel":null,"after":[],"needs":{"tags":[],"vram_gb":null}},"sidecar":"full","has_proof":false,"on_oom":[],"server_folder":"","drift":[],"life":""}','job.yaml','0000000000000000000000000000000000000000000000000000000000000000','','[]',NULL,50,2,1000000000,0,NULL,0,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,'whole',NULL,1790000000.0,1790000001.0,NULL,3,1,1,1,0,0,0,NULL);
INSERT INTO "jobs" VALUES(2,'20260102-000000-a','','image-scale','queued','{"workflow":"image-scale","workflow_version":1,"total":2000,"params":{"steps":4},"axes":{"cfg":[1.5,2.5]},"inputs":{},"outputs":[{"slot":"image","node":"2","kind":"image","prefix_input":"filename_prefix","accept":{"min_count":1,"max_count":null,"min_frames":null,"max_frames":null,"min_bytes":null,"size":null,"max_black":null,"min_seconds":null,"min_duration_s":null,"max_duration_s":null,"min_chars":null,"max_chars":null},"takes_temp":false}],"labels":{},"comment":"","name":"","priority":50,"retry_limit":2,"timeout_s":null,"stop_job_after":null,"deadline_s":null,"keep_s":null,"notify":null,"schedule":{"suspended":false,"not_before_at":null,"window":null,"max_parallel":null,"after":[],"needs":{"tags":[],"vram_gb":null}},"sidecar":"full","has_proof":false,"on_oom":[],"server_folder":"","drift":[],"life":""}','job.yaml','0000000000000000000000000000000000000000000000000000000000000000','','[]',NULL,70,2,1000000000,0,NULL,0,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,'whole',NULL,1790000000.0,NULL,NULL,3,3,0,0,0,0,0,NULL);
CREATE TABLE labels (
    name    TEXT NOT NULL,
    value   TEXT NOT NULL,
    job_key INTEGER NOT NULL REFERENCES jobs ON DELETE CASCADE,
    PRIMARY KEY (name, value, job_key)
) STRICT, WITHOUT ROWID;
CREATE TABLE needs (
    needs_key INTEGER PRIMARY KEY,
    needs     TEXT NOT NULL UNIQUE CHECK (json_valid(needs))
) STRICT;
INSERT INTO "needs" VALUES(1,'{"tags":[],"vram_gb":null,"requires":[]}');
INSERT INTO "needs" VALUES(2,'{"tags":[],"vram_gb":null,"requires":[2]}');
CREATE TABLE node_entries (
    entry_key INTEGER PRIMARY KEY AUTOINCREMENT,
    sha256    TEXT NOT NULL UNIQUE CHECK (length(sha256) = 64),
    entry     TEXT NOT NULL
) STRICT;
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
INSERT INTO "outputs" VALUES(1,1,'outputs/a_1.png','image','image','ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',10,8,8,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
CREATE TABLE parcels (
    job_key INTEGER NOT NULL REFERENCES jobs ON DELETE CASCADE,
    number  INTEGER NOT NULL,
    name    TEXT NOT NULL,
    sha256  TEXT NOT NULL CHECK (length(sha256) = 64),
    bytes   INTEGER NOT NULL,
    PRIMARY KEY (job_key, number)
) STRICT, WITHOUT ROWID;
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
INSERT INTO "prompts" VALUES(1,1,'succeeded',1,'{"1.width":1}','{}','{"cfg":1.5}',1,'a_1',0,1,0,0,NULL,2,0.0,NULL,'[]','p-1','gpu0',1790000001.0,1790000010.0,1.5,NULL,NULL,'{}',0,'','{}');
INSERT INTO "prompts" VALUES(1,2,'running',1,'{"1.width":2}','{}','{"cfg":2.5}',2,'a_2',0,1,0,0,NULL,2,0.0,NULL,'[]','p-2','gpu0',1790000012.0,NULL,NULL,NULL,NULL,'{}',0,'','{}');
INSERT INTO "prompts" VALUES(1,3,'pending',1,'{"1.width":3}','{}','{"cfg":3.5}',3,'a_3',0,0,0,0,NULL,2,0.0,NULL,'[]',NULL,NULL,NULL,NULL,NULL,NULL,NULL,'{}',0,'','{}');
INSERT INTO "prompts" VALUES(2,1,'pending',1,'{"1.width":1}','{}','{"cfg":1.5}',1,'a_1',0,0,0,0,NULL,2,0.0,NULL,'[]',NULL,NULL,NULL,NULL,NULL,NULL,NULL,'{}',0,'','{}');
INSERT INTO "prompts" VALUES(2,2,'pending',1,'{"1.width":2}','{}','{"cfg":2.5}',2,'a_2',0,0,0,0,NULL,2,0.0,NULL,'[]',NULL,NULL,NULL,NULL,NULL,NULL,NULL,'{}',0,'','{}');
INSERT INTO "prompts" VALUES(2,3,'pending',1,'{"1.width":3}','{}','{"cfg":3.5}',3,'a_3',0,0,0,0,NULL,2,0.0,NULL,'[]',NULL,NULL,NULL,NULL,NULL,NULL,NULL,'{}',0,'','{}');
CREATE TABLE refusals (said TEXT NOT NULL) STRICT;
CREATE TABLE requirements (
    requirement_key INTEGER PRIMARY KEY,
    requirement     TEXT NOT NULL UNIQUE CHECK (json_valid(requirement))
) STRICT;
INSERT INTO "requirements" VALUES(1,'{"node_classes":[],"models":[]}');
INSERT INTO "requirements" VALUES(2,'{"node_classes":["EmptyImage","SaveImage"],"models":[]}');
CREATE TABLE rules (
    fair_share INTEGER NOT NULL CHECK (fair_share IN (0, 1))
) STRICT;
INSERT INTO "rules" VALUES(1);
CREATE TABLE server_catalogues (
    server        TEXT PRIMARY KEY,
    catalogue_key INTEGER NOT NULL REFERENCES catalogues,
    learned_at    REAL NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE server_tallies (
    server        TEXT PRIMARY KEY,
    day           TEXT NOT NULL,
    succeeded     INTEGER NOT NULL,
    failed_in_row INTEGER NOT NULL,
    ended_at      REAL NOT NULL
) STRICT, WITHOUT ROWID;
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
CREATE TABLE signature_changes (
    server     TEXT NOT NULL,
    node_class TEXT NOT NULL,
    input      TEXT NOT NULL,
    was        TEXT,
    now        TEXT,
    changed_at REAL NOT NULL,
    PRIMARY KEY (server, node_class, input)
) STRICT, WITHOUT ROWID;
CREATE TABLE stocks (
    job_key     INTEGER PRIMARY KEY REFERENCES jobs ON DELETE CASCADE,
    list_sha256 TEXT NOT NULL CHECK (length(list_sha256) = 64)
) STRICT;
INSERT INTO "stocks" VALUES(1,'eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee');
CREATE TABLE strays (
    prompt_id TEXT PRIMARY KEY,
    server    TEXT NOT NULL,
    at        REAL NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE workflow_times (
    workflow TEXT PRIMARY KEY,
    measured INTEGER NOT NULL CHECK (measured > 0),
    mean_s   REAL NOT NULL CHECK (mean_s >= 0),
    variance REAL NOT NULL DEFAULT 0 CHECK (variance >= 0)
) STRICT, WITHOUT ROWID;
CREATE INDEX jobs_lacking ON jobs (job_key)
    WHERE lacking = 1 AND state IN ('queued', 'running') AND cancel_requested_at IS NULL;
CREATE INDEX jobs_judged ON jobs (judge_at)
    WHERE judge_at IS NOT NULL AND state IN ('queued', 'running') AND cancel_requested_at IS NULL;
CREATE INDEX jobs_in_windows ON jobs (workflow)
    WHERE time_window IS NOT NULL AND state IN ('queued', 'running');
CREATE INDEX jobs_named ON jobs (name, job_key);
CREATE INDEX jobs_over ON jobs (job_key)
    WHERE state IN ('quoted', 'queued', 'running') AND pending = 0 AND running = 0;
CREATE INDEX jobs_publishing ON jobs (job_key) WHERE state = 'publishing';
CREATE INDEX jobs_stopping ON jobs (job_key)
    WHERE cancel_requested_at IS NOT NULL AND running > 0;
CREATE INDEX jobs_by_state ON jobs (state, job_key, job);
CREATE INDEX jobs_by_workflow ON jobs (workflow, state, job_key, job);
CREATE INDEX jobs_open ON jobs (job_key)
    WHERE state IN ('assembling', 'quoted', 'queued', 'running', 'publishing');
CREATE INDEX jobs_kept_own ON jobs (finished_at + keep_s)
    WHERE record = 'whole' AND finished_at IS NOT NULL AND keep_s IS NOT NULL;
CREATE INDEX jobs_kept ON jobs (finished_at)
    WHERE record = 'whole' AND finished_at IS NOT NULL AND keep_s IS NULL;
CREATE INDEX jobs_trimming ON jobs (job_key) WHERE record = 'trimming';
CREATE INDEX jobs_finished ON jobs (finished_at) WHERE finished_at IS NOT NULL;
CREATE INDEX awaited_by_name ON awaited (name, job_key);
CREATE INDEX labels_of_job ON labels (job_key);
CREATE INDEX job_graphs_by_graph ON job_graphs (graph_key);
CREATE INDEX prompts_pending
    ON prompts (job_key, requirement_key, route_key, not_before_at, number)
    WHERE state = 'pending';
CREATE INDEX prompts_of_proof ON prompts (job_key, requirement_key, not_before_at, number)
    WHERE state = 'pending' AND proof = 1;
CREATE INDEX prompts_routed ON prompts (route_key)
    WHERE state = 'pending' AND route_key IS NOT NULL;
CREATE INDEX prompts_delayed ON prompts (not_before_at)
    WHERE state = 'pending' AND not_before_at > 0;
CREATE INDEX prompts_shunning ON prompts (not_before_at)
    WHERE state = 'pending' AND shuns IS NOT NULL;
CREATE INDEX prompts_unmade ON prompts (job_key, state, number)
    WHERE state IN ('failed', 'cancelled');
CREATE INDEX prompts_running ON prompts (job_key, number) WHERE state = 'running';
CREATE INDEX outputs_of_prompt ON outputs (job_key, number);
CREATE INDEX events_of_job ON events (job_key, event_key);
CREATE INDEX events_of_job_itself ON events (job_key, event_key) WHERE number IS NULL;
CREATE INDEX notices_due ON notices (target, due_at, notice_key);
CREATE INDEX notices_of_job ON notices (job_key);
CREATE INDEX strays_of_server ON strays (server, at);
CREATE INDEX catalogue_classes_of_entry ON catalogue_classes (entry_key);
CREATE INDEX jobs_ready ON jobs (needs_key, priority DESC, turn, job_key)
    WHERE state IN ('queued', 'running') AND pending > 0 AND cancel_requested_at IS NULL
    AND hold IS NULL AND running < max_parallel;
CREATE INDEX jobs_in_turn ON jobs (priority DESC, turn, job_key, state, workflow, job)
    WHERE state IN ('assembling', 'quoted', 'queued', 'running', 'publishing');
CREATE INDEX jobs_ended ON jobs (state, finished_at, job_key, workflow, job)
    WHERE finished_at IS NOT NULL;
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('jobs',3);
INSERT INTO "sqlite_sequence" VALUES('notices',0);
COMMIT;
PRAGMA application_id = 1987142657;
PRAGMA user_version = 5;
