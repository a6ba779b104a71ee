-- +goose Up
CREATE TABLE alignment_jobs (
    id           TEXT PRIMARY KEY,
    agreement    TEXT NOT NULL REFERENCES agreements (id),
    own_dataset  TEXT NOT NULL,
    own_version  TEXT NOT NULL,
    peer_dataset TEXT NOT NULL,
    peer_version TEXT NOT NULL,
    own_role     TEXT NOT NULL,
    peer         TEXT NOT NULL,
    session      BLOB NOT NULL CHECK (length(session) = 32),
    terms        BLOB NOT NULL CHECK (length(terms) = 32),
    wrapped_key  BLOB NOT NULL,
    created      INTEGER NOT NULL,
    UNIQUE (agreement, own_dataset, own_version, peer_dataset, peer_version, own_role)
) STRICT;

-- +goose Down
DROP TABLE alignment_jobs;
