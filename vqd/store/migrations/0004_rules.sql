-- By which rules the queue goes, as the settings of the daemon said that was started or reloaded last:
-- whether jobs of one priority share the servers. No row is as none of the rules.
CREATE TABLE rules (
    fair_share INTEGER NOT NULL CHECK (fair_share IN (0, 1))
) STRICT;
