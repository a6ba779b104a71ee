-- +goose Up
CREATE TABLE people (
    name        TEXT PRIMARY KEY,
    roles       TEXT NOT NULL,              -- JSON list
    password    TEXT NOT NULL,              -- argon2id, with its parameters and salt
    must_change INTEGER NOT NULL CHECK (must_change IN (0, 1)),
    code        BLOB,                       -- sealed secret of one-time codes
    code_next   BLOB,                       -- the same, not confirmed yet
    code_step   INTEGER NOT NULL,           -- of the last code that was accepted
    created     INTEGER NOT NULL,
    disabled    INTEGER
) STRICT;

-- Sessions of people, and tokens for their programs. Of the token itself only
-- the hash is here.
CREATE TABLE tokens (
    id      TEXT PRIMARY KEY,
    person  TEXT NOT NULL REFERENCES people (name),
    session INTEGER NOT NULL CHECK (session IN (0, 1)),
    label   TEXT NOT NULL,
    hash    BLOB NOT NULL UNIQUE,
    scope   TEXT,                           -- JSON list; NULL: all that the roles allow
    created INTEGER NOT NULL,
    expires INTEGER NOT NULL,
    revoked INTEGER
) STRICT;
CREATE INDEX tokens_person ON tokens (person);

-- Who said yes to what needs two people.
CREATE TABLE consents (
    kind    TEXT NOT NULL,
    subject TEXT NOT NULL,
    person  TEXT NOT NULL REFERENCES people (name),
    given   INTEGER NOT NULL,
    PRIMARY KEY (kind, subject, person)
) STRICT;

-- +goose Down
DROP TABLE consents;
DROP TABLE tokens;
DROP TABLE people;
