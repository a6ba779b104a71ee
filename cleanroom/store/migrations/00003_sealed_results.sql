-- +goose Up
-- Answers lay here in clear before this version. They are dropped, not sealed:
-- the keys that could seal them are not at hand when the schema changes.
-- secure_delete overwrites their pages.
ALTER TABLE runs ADD COLUMN receipt_hash TEXT NOT NULL DEFAULT '';
ALTER TABLE runs ADD COLUMN removed INTEGER;
UPDATE runs SET removed = finished, result = NULL, receipt = NULL WHERE result IS NOT NULL;
ALTER TABLE runs RENAME COLUMN result TO sealed;
CREATE INDEX runs_sealed ON runs (finished) WHERE sealed IS NOT NULL;

-- +goose Down
DROP INDEX runs_sealed;
UPDATE runs SET sealed = NULL;
ALTER TABLE runs RENAME COLUMN sealed TO result;
ALTER TABLE runs DROP COLUMN removed;
ALTER TABLE runs DROP COLUMN receipt_hash;
