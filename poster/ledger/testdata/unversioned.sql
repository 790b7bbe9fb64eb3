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
    account    TEXT    NOT NULL DEFAULT '',
    title      TEXT    NOT NULL DEFAULT '',
    url        TEXT    NOT NULL DEFAULT '',
    number     TEXT    NOT NULL DEFAULT '',
    said       TEXT    NOT NULL DEFAULT '',
    reads      TEXT    NOT NULL DEFAULT '',
    answer     INTEGER NOT NULL DEFAULT 0,
    attempts   INTEGER NOT NULL,
    ads_before TEXT    NOT NULL DEFAULT 'null', -- JSON: the account's ads before the click
    published  INTEGER NOT NULL DEFAULT 0,      -- when the click may have come; 0: none counts
    created    INTEGER NOT NULL,
    updated    INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS job_state ON job (state, created);
CREATE INDEX IF NOT EXISTS job_account ON job (account, published);

-- Who has been told which refusal on which day (C20).
CREATE TABLE IF NOT EXISTS told (
    sender TEXT NOT NULL,
    reason TEXT NOT NULL,
    day    TEXT NOT NULL,
    PRIMARY KEY (sender, reason, day)
);

-- Who has registered, or was added by the owner. key is the one from which the
-- person's address secrets are made.
CREATE TABLE IF NOT EXISTS person (
    name    TEXT    NOT NULL PRIMARY KEY,
    address TEXT    NOT NULL UNIQUE COLLATE NOCASE,
    key     TEXT    NOT NULL,
    since   INTEGER NOT NULL
);

-- Codes that were mailed out and that a reply brings back. Of a code only the
-- SHA-256 is kept. mailbox is the address in lower case and without extension,
-- for the limit. sent is 0 until the mail has left, used 1 once the reply was
-- dealt with; a used code still counts for the limit.
CREATE TABLE IF NOT EXISTS code (
    hash    TEXT    NOT NULL PRIMARY KEY,
    about   TEXT    NOT NULL,
    address TEXT    NOT NULL COLLATE NOCASE,
    mailbox TEXT    NOT NULL,
    created INTEGER NOT NULL,
    sent    INTEGER NOT NULL DEFAULT 0,
    used    INTEGER NOT NULL DEFAULT 0,
    expires INTEGER NOT NULL
);
