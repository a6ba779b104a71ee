-- +goose Up
-- Templates of agreements, each version as its canonical JSON. Those that come
-- with the program have a row once somebody here did something about them.
CREATE TABLE templates (
    name    TEXT NOT NULL,
    version INTEGER NOT NULL CHECK (version > 0),
    hash    TEXT NOT NULL,
    body    BLOB NOT NULL,
    state   TEXT NOT NULL CHECK (state IN ('DRAFT', 'IN_REVIEW', 'APPROVED', 'RETIRED')),
    origin  TEXT NOT NULL CHECK (origin IN ('own', 'imported', 'shipped')),
    author  TEXT NOT NULL,
    created INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    PRIMARY KEY (name, version)
) STRICT;

-- Comments on a clause of a version; clause is '' for all of it.
CREATE TABLE template_comments (
    seq         INTEGER PRIMARY KEY AUTOINCREMENT,
    name        TEXT NOT NULL,
    version     INTEGER NOT NULL,
    number      INTEGER NOT NULL CHECK (number > 0),
    clause      TEXT NOT NULL,
    author      TEXT NOT NULL,
    text        TEXT NOT NULL,
    created     INTEGER NOT NULL,
    resolved_by TEXT NOT NULL,
    resolved    INTEGER,
    UNIQUE (name, version, number),
    FOREIGN KEY (name, version) REFERENCES templates (name, version)
) STRICT;

-- Signed decisions about a version, counted from 1.
CREATE TABLE template_decisions (
    name      TEXT NOT NULL,
    version   INTEGER NOT NULL,
    seq       INTEGER NOT NULL CHECK (seq > 0),
    statement BLOB NOT NULL,
    PRIMARY KEY (name, version, seq),
    FOREIGN KEY (name, version) REFERENCES templates (name, version)
) STRICT;

-- +goose Down
DROP TABLE template_decisions;
DROP TABLE template_comments;
DROP TABLE templates;
