-- Whose turn it is among jobs of one priority: that of who came first, unless somebody placed it
-- elsewhere. What is placed between two others has a turn between theirs.
ALTER TABLE jobs ADD COLUMN placed REAL;
ALTER TABLE jobs ADD COLUMN turn REAL GENERATED ALWAYS AS (coalesce(placed, job_key)) VIRTUAL;

-- Who is next in a class: a seek, whatever waits.
DROP INDEX jobs_ready;
CREATE INDEX jobs_ready ON jobs (needs_key, priority DESC, turn, job_key)
    WHERE state IN ('queued', 'running') AND pending > 0 AND cancel_requested_at IS NULL
    AND hold IS NULL AND running < max_parallel;
-- Pages of jobs that are not over, in the order of their turns; what is asked for besides is found in
-- the index alone.
CREATE INDEX jobs_in_turn ON jobs (priority DESC, turn, job_key, state, workflow, job)
    WHERE state IN ('assembling', 'quoted', 'queued', 'running', 'publishing');
-- Pages of jobs that are over, the latest first.
CREATE INDEX jobs_ended ON jobs (state, finished_at, job_key, workflow, job)
    WHERE finished_at IS NOT NULL;
