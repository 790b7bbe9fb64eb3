-- One row a job. Times are milliseconds since 1970, UTC.
CREATE TABLE IF NOT EXISTS job (
    key        TEXT    NOT NULL PRIMARY KEY,
    state      TEXT    NOT NULL,
    ended      TEXT    NOT NULL DEFAULT '',
    rule       TEXT    NOT NULL,
    app        TEXT    NOT NULL,
    person     TEXT    NOT NULL,
    sender     TEXT    NOT NULL,
    recipient  TEXT    NOT NULL,
    message_id TEXT    NOT NULL,
    refs       TEXT    NOT NULL,
    subject    TEXT    NOT NULL,
    url        TEXT    NOT NULL DEFAULT '',
    number     TEXT    NOT NULL DEFAULT '',
    said       TEXT    NOT NULL DEFAULT '',
    attempts   INTEGER NOT NULL,
    created    INTEGER NOT NULL,
    updated    INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS job_state ON job (state, created);

-- Who has been told which refusal on which day (C20).
CREATE TABLE IF NOT EXISTS told (
    sender TEXT NOT NULL,
    reason TEXT NOT NULL,
    day    TEXT NOT NULL,
    PRIMARY KEY (sender, reason, day)
);
