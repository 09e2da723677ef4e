-- Alerts, too, say under which rulebook their decisions were weighed: a sweep looks at them again.

ALTER TABLE alert ADD COLUMN book_seq bigint NOT NULL DEFAULT 0;
CREATE INDEX alert_book ON alert (book_seq) WHERE open;
