-- +goose Up
-- Random keys of this node, wrapped; one for each use.
CREATE TABLE secrets (
    name    TEXT PRIMARY KEY,
    wrapped BLOB NOT NULL
) STRICT;

-- Which budget a dataset version draws on: versions of one name, and other
-- names over the same file or mostly the same units, share an identity.
CREATE TABLE identities (
    seq         INTEGER PRIMARY KEY AUTOINCREMENT,
    identity    TEXT NOT NULL,
    dataset     TEXT NOT NULL,
    version     TEXT NOT NULL,
    source      TEXT NOT NULL,
    units       INTEGER NOT NULL CHECK (units >= 0),
    fingerprint BLOB NOT NULL,
    UNIQUE (dataset, version)
) STRICT;

-- What was spent. seq counts from 1 without a gap; chain covers the row and
-- all before it, and is in the audit log.
CREATE TABLE charges (
    seq       INTEGER PRIMARY KEY CHECK (seq > 0),
    kind      TEXT NOT NULL CHECK (kind IN ('run', 'alignment')),
    dataset   TEXT NOT NULL,
    version   TEXT NOT NULL,
    agreement TEXT NOT NULL,
    asker     TEXT NOT NULL,
    peer      TEXT NOT NULL,
    run       TEXT NOT NULL,
    plan_hash TEXT NOT NULL,
    epsilon   TEXT NOT NULL,
    delta     TEXT NOT NULL,
    rho       TEXT NOT NULL,
    slip      TEXT NOT NULL,
    time      INTEGER NOT NULL,
    chain     BLOB NOT NULL CHECK (length(chain) = 32)
) STRICT;
CREATE INDEX charges_dataset ON charges (dataset, version, time);

-- Where the answer to a question lies that was asked before: in which run.
CREATE TABLE answers (
    agreement     TEXT NOT NULL,
    plan_hash     TEXT NOT NULL,
    receiver      TEXT NOT NULL,
    own_version   TEXT NOT NULL,
    peer_version  TEXT NOT NULL,
    run           TEXT NOT NULL REFERENCES runs (id),
    PRIMARY KEY (agreement, plan_hash, receiver, own_version, peer_version)
) STRICT;

-- Requests for an owner's approval of one run.
CREATE TABLE approvals (
    seq       INTEGER PRIMARY KEY AUTOINCREMENT,
    id        TEXT NOT NULL UNIQUE,
    agreement TEXT NOT NULL,
    plan_hash TEXT NOT NULL,
    asker     TEXT NOT NULL,
    question  BLOB NOT NULL,
    state     TEXT NOT NULL CHECK (state IN ('WAITING', 'APPROVED', 'DENIED', 'USED', 'EXPIRED')),
    reason    TEXT NOT NULL,
    created   INTEGER NOT NULL,
    decided   INTEGER
) STRICT;
CREATE UNIQUE INDEX approvals_open ON approvals (agreement, plan_hash, asker) WHERE state IN ('WAITING', 'APPROVED', 'DENIED');

-- What runs selected of a dataset, sealed; see package history.
CREATE TABLE selections (
    seq      INTEGER PRIMARY KEY AUTOINCREMENT,
    identity TEXT NOT NULL,
    version  TEXT NOT NULL,
    run      TEXT NOT NULL,
    created  INTEGER NOT NULL,
    header   BLOB NOT NULL,
    tag      BLOB NOT NULL,
    unchecked INTEGER NOT NULL CHECK (unchecked IN (0, 1))
) STRICT;
CREATE INDEX selections_tag ON selections (identity, tag);
CREATE INDEX selections_identity ON selections (identity);
CREATE TABLE sketches (
    selection INTEGER NOT NULL REFERENCES selections (seq),
    number    INTEGER NOT NULL,
    sealed    BLOB NOT NULL,
    PRIMARY KEY (selection, number)
) STRICT, WITHOUT ROWID;

ALTER TABLE runs ADD COLUMN stored_from TEXT NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE runs DROP COLUMN stored_from;
DROP TABLE sketches;
DROP TABLE selections;
DROP TABLE approvals;
DROP TABLE answers;
DROP TABLE charges;
DROP TABLE identities;
DROP TABLE secrets;
