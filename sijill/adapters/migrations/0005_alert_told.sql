-- The ministries that an alert's notices stand open at: one that is no longer asked has to hear so.

ALTER TABLE alert ADD COLUMN told text[];     -- null: written before this column was
