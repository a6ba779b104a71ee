-- +goose Up
-- Organisations that this node met by an invitation. A row is never changed
-- into another organisation: who is removed and invited anew gets a new row.
CREATE TABLE partners (
    seq          INTEGER PRIMARY KEY AUTOINCREMENT,
    name         TEXT NOT NULL,
    looks        TEXT NOT NULL,
    card         BLOB NOT NULL,
    identity_key TEXT NOT NULL,
    fingerprint  TEXT NOT NULL,
    met          TEXT NOT NULL CHECK (met IN ('INVITED', 'JOINED')),
    invitation   TEXT NOT NULL,
    met_at       INTEGER NOT NULL,
    confirmed    INTEGER,
    confirmed_by TEXT NOT NULL DEFAULT '',
    removed      INTEGER,
    removed_by   TEXT NOT NULL DEFAULT '',
    CHECK ((confirmed IS NULL) = (confirmed_by = '')),
    CHECK ((removed IS NULL) = (removed_by = ''))
) STRICT;
-- Of those that are not removed no two look alike or share a key.
CREATE UNIQUE INDEX partners_looks ON partners (looks) WHERE removed IS NULL;
CREATE UNIQUE INDEX partners_identity ON partners (identity_key) WHERE removed IS NULL;
CREATE UNIQUE INDEX partners_fingerprint ON partners (fingerprint) WHERE removed IS NULL;

-- Invitations of this node's. proof is the hash of the secret, wrapped by the
-- node's keys; it is emptied when the invitation is withdrawn or runs out.
CREATE TABLE invitations (
    id        TEXT PRIMARY KEY,
    proof     BLOB NOT NULL,
    note      TEXT NOT NULL,
    created   INTEGER NOT NULL,
    expires   INTEGER NOT NULL,
    used      INTEGER,
    partner   INTEGER REFERENCES partners (seq),
    withdrawn INTEGER,
    CHECK ((used IS NULL) = (partner IS NULL)),
    CHECK (used IS NULL OR withdrawn IS NULL)
) STRICT;

-- Which contracts a partner may see before an agreement names them.
CREATE TABLE offered_datasets (
    dataset TEXT NOT NULL,
    partner INTEGER NOT NULL REFERENCES partners (seq),
    offered INTEGER NOT NULL,
    PRIMARY KEY (dataset, partner)
) STRICT;

-- +goose Down
DROP TABLE offered_datasets;
DROP TABLE invitations;
DROP TABLE partners;
