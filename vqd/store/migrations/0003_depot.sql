-- Jobs whose inputs lie in the depot, for daemons that reach no folder of them: `list_sha256` is the
-- hash of the list that tells which content each input has.
CREATE TABLE stocks (
    job_key     INTEGER PRIMARY KEY REFERENCES jobs ON DELETE CASCADE,
    list_sha256 TEXT NOT NULL CHECK (length(list_sha256) = 64)
) STRICT;

-- What prompts made that is on its way to the folder of their job: `name` in the depot. A row is
-- written with the move of its prompt, and gone once everything lies in the folder.
CREATE TABLE parcels (
    job_key INTEGER NOT NULL REFERENCES jobs ON DELETE CASCADE,
    number  INTEGER NOT NULL,
    name    TEXT NOT NULL,
    sha256  TEXT NOT NULL CHECK (length(sha256) = 64),
    bytes   INTEGER NOT NULL,
    PRIMARY KEY (job_key, number)
) STRICT, WITHOUT ROWID;
