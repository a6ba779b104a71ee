-- +goose Up
-- The states of an agreement, when it came into its state, by whom and why. A
-- new column, since a CHECK cannot be changed and runs refer to the table.
ALTER TABLE agreements ADD COLUMN standing TEXT NOT NULL DEFAULT 'PENDING'
    CHECK (standing IN ('PENDING', 'ACTIVE', 'SUSPENDED', 'SUPERSEDED', 'REVOKED', 'EXPIRED'));
ALTER TABLE agreements ADD COLUMN predecessor TEXT NOT NULL DEFAULT '';
ALTER TABLE agreements ADD COLUMN since INTEGER NOT NULL DEFAULT 0;
ALTER TABLE agreements ADD COLUMN by_member TEXT NOT NULL DEFAULT '';
ALTER TABLE agreements ADD COLUMN reason TEXT NOT NULL DEFAULT '';
UPDATE agreements SET standing = iif(state = 'ENDED', 'REVOKED', state), since = updated;
ALTER TABLE agreements DROP COLUMN state;
ALTER TABLE agreements RENAME COLUMN standing TO state;
CREATE INDEX agreements_predecessor ON agreements (predecessor) WHERE predecessor <> '';

-- A final state is never left, whatever the program does.
-- +goose StatementBegin
CREATE TRIGGER agreements_final BEFORE UPDATE OF state ON agreements
WHEN OLD.state IN ('SUPERSEDED', 'REVOKED', 'EXPIRED') AND NEW.state <> OLD.state
BEGIN
    SELECT RAISE(ABORT, 'an agreement that has ended stays so');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER agreements_kept BEFORE DELETE ON agreements
BEGIN
    SELECT RAISE(ABORT, 'agreements are kept');
END;
-- +goose StatementEnd

CREATE TABLE negotiations (
    id       TEXT PRIMARY KEY,
    opened_by TEXT NOT NULL,
    state    TEXT NOT NULL CHECK (state IN ('OFFERED', 'AGREED', 'FINALIZED', 'TERMINATED')),
    by_member TEXT NOT NULL,
    reason   TEXT NOT NULL,
    created  INTEGER NOT NULL,
    updated  INTEGER NOT NULL
) STRICT;
CREATE INDEX negotiations_created ON negotiations (created);

-- Every version that was on the table. Two of one number are counter-proposals
-- that crossed.
CREATE TABLE proposals (
    negotiation TEXT NOT NULL REFERENCES negotiations (id),
    number      INTEGER NOT NULL CHECK (number > 0),
    agreement   TEXT NOT NULL,
    by_member   TEXT NOT NULL,
    message     TEXT NOT NULL,
    envelope    BLOB NOT NULL,
    said        INTEGER NOT NULL,
    received    INTEGER NOT NULL,
    PRIMARY KEY (negotiation, number, agreement)
) STRICT;
CREATE INDEX proposals_agreement ON proposals (agreement);
CREATE INDEX proposals_received ON proposals (by_member, received);

CREATE TABLE notices (
    agreement TEXT NOT NULL REFERENCES agreements (id),
    member    TEXT NOT NULL,
    sequence  INTEGER NOT NULL CHECK (sequence > 0),
    kind      TEXT NOT NULL CHECK (kind IN ('suspend', 'resume', 'revoke')),
    envelope  BLOB NOT NULL,
    received  INTEGER NOT NULL,
    PRIMARY KEY (agreement, member, sequence)
) STRICT;

-- What a partner's node still has to be told, in order. A refusal stays, so
-- that nothing is sent again that was refused.
CREATE TABLE outbox (
    seq     INTEGER PRIMARY KEY AUTOINCREMENT,
    partner TEXT NOT NULL,
    card    BLOB NOT NULL,
    item    TEXT NOT NULL,
    path    TEXT NOT NULL,
    body    BLOB NOT NULL,
    created INTEGER NOT NULL,
    refused TEXT NOT NULL DEFAULT '',
    UNIQUE (partner, item)
) STRICT;

-- The latest time that this node has seen.
CREATE TABLE clock (
    id   INTEGER PRIMARY KEY CHECK (id = 1),
    seen INTEGER NOT NULL
) STRICT;

-- +goose Down
DROP TABLE clock;
DROP TABLE outbox;
DROP TABLE notices;
DROP TABLE proposals;
DROP TABLE negotiations;
DROP TRIGGER agreements_kept;
DROP TRIGGER agreements_final;
DROP INDEX agreements_predecessor;
ALTER TABLE agreements ADD COLUMN standing TEXT NOT NULL DEFAULT 'PENDING' CHECK (standing IN ('PENDING', 'ACTIVE', 'ENDED'));
UPDATE agreements SET standing = iif(state IN ('PENDING', 'ACTIVE'), state, 'ENDED');
ALTER TABLE agreements DROP COLUMN state;
ALTER TABLE agreements RENAME COLUMN standing TO state;
ALTER TABLE agreements DROP COLUMN reason;
ALTER TABLE agreements DROP COLUMN by_member;
ALTER TABLE agreements DROP COLUMN since;
ALTER TABLE agreements DROP COLUMN predecessor;
