-- What was read on the site, and whether that is the answer to the mail.
ALTER TABLE job ADD COLUMN reads TEXT NOT NULL DEFAULT '';
ALTER TABLE job ADD COLUMN answer BOOLEAN NOT NULL DEFAULT FALSE;

-- Who has registered, or was added by the owner. key is the one from which the
-- person's address secrets are made.
CREATE TABLE IF NOT EXISTS person (
    name    TEXT    NOT NULL PRIMARY KEY,
    address TEXT    NOT NULL,
    key     TEXT    NOT NULL,
    since   INTEGER NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS person_address ON person (lower(address));

-- Codes that were mailed out and that a reply brings back. Of a code only the
-- SHA-256 is kept.
CREATE TABLE IF NOT EXISTS code (
    hash    TEXT    NOT NULL PRIMARY KEY,
    about   TEXT    NOT NULL,
    address TEXT    NOT NULL,
    created INTEGER NOT NULL,
    sent    BOOLEAN NOT NULL DEFAULT FALSE, -- the mail has left
    expires INTEGER NOT NULL
);
-- The address in lower case and without extension, for the limit.
ALTER TABLE code ADD COLUMN mailbox TEXT NOT NULL DEFAULT '';
-- Whether the reply was dealt with. A used code still counts for the limit.
ALTER TABLE code ADD COLUMN used BOOLEAN NOT NULL DEFAULT FALSE;
