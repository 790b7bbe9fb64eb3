-- The mail, whatever rule it went by: the same for all of its jobs. '' if an
-- older program wrote the job down.
ALTER TABLE job ADD COLUMN mail TEXT NOT NULL DEFAULT '';
CREATE INDEX IF NOT EXISTS job_mail ON job (mail);

-- What is left of a job that was forgotten, lest its mail be posted again: what
-- its mail is called, or the job where that is not known, and since when.
CREATE TABLE IF NOT EXISTS forgotten (
    name  TEXT    NOT NULL PRIMARY KEY,
    since INTEGER NOT NULL
);
