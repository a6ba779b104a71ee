-- +goose Up
CREATE TABLE agreements (
    id         TEXT PRIMARY KEY,
    envelope   BLOB NOT NULL,
    state      TEXT NOT NULL CHECK (state IN ('PENDING', 'ACTIVE', 'ENDED')),
    first_seen INTEGER NOT NULL,
    updated    INTEGER NOT NULL
) STRICT;

CREATE TABLE datasets (
    seq           INTEGER PRIMARY KEY AUTOINCREMENT,
    name          TEXT NOT NULL,
    version       TEXT NOT NULL,
    contract      BLOB NOT NULL,
    contract_hash TEXT NOT NULL,
    rules         BLOB NOT NULL,
    snapshot_path TEXT NOT NULL,
    wrapped_key   BLOB NOT NULL,
    row_count     INTEGER NOT NULL CHECK (row_count >= 0),
    unit_count    INTEGER NOT NULL CHECK (unit_count >= 0),
    dropped       INTEGER NOT NULL CHECK (dropped >= 0),
    imported_at   INTEGER NOT NULL,
    current       INTEGER NOT NULL CHECK (current IN (0, 1)),
    UNIQUE (name, version)
) STRICT;
-- One version of a name is in use; the others are history.
CREATE UNIQUE INDEX datasets_current ON datasets (name) WHERE current = 1;

CREATE TABLE runs (
    seq        INTEGER PRIMARY KEY AUTOINCREMENT,
    id         TEXT NOT NULL UNIQUE,
    agreement  TEXT NOT NULL REFERENCES agreements (id),
    asker      TEXT NOT NULL,
    question   BLOB NOT NULL,
    plan_hash  TEXT NOT NULL,
    state      TEXT NOT NULL CHECK (state IN ('SUBMITTED', 'AWAITING_APPROVAL', 'STARTED', 'SUCCESS',
                                              'FAILED', 'CANCELLING', 'CANCELLED', 'TIMED_OUT')),
    stage      TEXT NOT NULL,
    created    INTEGER NOT NULL,
    finished   INTEGER,
    error      TEXT NOT NULL,
    result     BLOB,
    receipt    BLOB,
    -- A run is over exactly when it has an end; only a success has a result.
    CHECK ((finished IS NOT NULL) = (state IN ('SUCCESS', 'FAILED', 'CANCELLED', 'TIMED_OUT'))),
    CHECK (result IS NULL OR state = 'SUCCESS')
) STRICT;
CREATE INDEX runs_unfinished ON runs (state) WHERE finished IS NULL;

CREATE TABLE alignments (
    agreement       TEXT NOT NULL REFERENCES agreements (id),
    own_dataset     TEXT NOT NULL,
    own_version     TEXT NOT NULL,
    peer_dataset    TEXT NOT NULL,
    peer_version    TEXT NOT NULL,
    own_role        TEXT NOT NULL,
    peer            TEXT NOT NULL,
    alignment_id    TEXT NOT NULL UNIQUE,
    slots           INTEGER NOT NULL CHECK (slots >= 0),
    wrapped_key     BLOB NOT NULL,
    path            TEXT NOT NULL,
    transcript_hash TEXT NOT NULL,
    created         INTEGER NOT NULL,
    PRIMARY KEY (agreement, own_dataset, own_version, peer_dataset, peer_version, own_role)
) STRICT;
CREATE INDEX alignments_own ON alignments (own_dataset, own_version);
CREATE INDEX alignments_peer ON alignments (peer_dataset, peer_version);

-- +goose Down
DROP TABLE alignments;
DROP TABLE runs;
DROP TABLE datasets;
DROP TABLE agreements;
