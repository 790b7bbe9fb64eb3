-- The account at the site, and the ad's title, folded: for the pace.
ALTER TABLE job ADD COLUMN account TEXT NOT NULL DEFAULT '';
ALTER TABLE job ADD COLUMN title TEXT NOT NULL DEFAULT '';
-- JSON: the account's ads before the click.
ALTER TABLE job ADD COLUMN ads_before TEXT NOT NULL DEFAULT 'null';
-- When the click may have come. 0: none counts.
ALTER TABLE job ADD COLUMN published INTEGER NOT NULL DEFAULT 0;
CREATE INDEX IF NOT EXISTS job_account ON job (account, published);

-- The host that worked on the job last, and so has its mail if that is kept.
ALTER TABLE job ADD COLUMN host TEXT NOT NULL DEFAULT '';
