-- +goose Up
-- Changes of state that the audit log names, in order. chain covers the row and
-- all before it, and is in the log's entry; see package anchor.
CREATE TABLE anchors (
    seq     INTEGER PRIMARY KEY CHECK (seq > 0),
    kind    TEXT NOT NULL,
    subject TEXT NOT NULL,
    digest  BLOB NOT NULL CHECK (length(digest) = 32),
    chain   BLOB NOT NULL CHECK (length(chain) = 32),
    entry   BLOB NOT NULL
) STRICT;
CREATE INDEX anchors_kind ON anchors (kind, seq);

-- The newest head of each partner's log that this node countersigned, by the
-- partner's identity key (base64).
CREATE TABLE heads (
    key     TEXT PRIMARY KEY,
    member  TEXT NOT NULL,
    size    INTEGER NOT NULL CHECK (size >= 0),
    note    BLOB NOT NULL,
    time    INTEGER NOT NULL
) STRICT;

-- Heads of this node's own log that a partner countersigned.
CREATE TABLE own_heads (
    key     TEXT NOT NULL,
    member  TEXT NOT NULL,
    size    INTEGER NOT NULL CHECK (size >= 0),
    note    BLOB NOT NULL,
    time    INTEGER NOT NULL,
    PRIMARY KEY (key, size)
) STRICT, WITHOUT ROWID;

-- Heads of a member's log that another member holds, still to be compared.
CREATE TABLE told_heads (
    key     TEXT NOT NULL,
    via     TEXT NOT NULL,
    size    INTEGER NOT NULL CHECK (size >= 0),
    note    BLOB NOT NULL,
    PRIMARY KEY (key, via)
) STRICT, WITHOUT ROWID;

-- Logs that do not go on from what was countersigned, until a person decides.
CREATE TABLE conflicts (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    key     TEXT NOT NULL,
    member  TEXT NOT NULL,
    kind    TEXT NOT NULL CHECK (kind IN ('older', 'forked', 'own')),
    proof   BLOB NOT NULL,
    found   INTEGER NOT NULL,
    decided INTEGER,
    how     TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE UNIQUE INDEX conflicts_open ON conflicts (key, kind) WHERE decided IS NULL;

-- +goose Down
DROP TABLE conflicts;
DROP TABLE told_heads;
DROP TABLE own_heads;
DROP TABLE heads;
DROP TABLE anchors;
