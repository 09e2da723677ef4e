-- The way out: rows that wait for Kafka, and what is known to be there.
-- The registrar inserts into outbox; everything else here belongs to the relay.

CREATE TABLE outbox (
    id        bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    topic     text        NOT NULL,
    key       bytea,
    revision  bigint      NOT NULL DEFAULT 0, -- orders the rows of one key
    content   bytea,                          -- 16-byte hash of what the row says; null: tombstone
    schema_id integer,                        -- null: unversioned, value and headers go as they are
    value     bytea,                          -- versioned: Avro body after `version`; null: tombstone
    headers   bytea,                          -- marshalled list of (name, bytes)
    queued_at timestamptz NOT NULL DEFAULT now(),
    CHECK (schema_id IS NULL OR (key IS NOT NULL AND (content IS NULL) = (value IS NULL)))
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000);

CREATE TABLE numbered (                       -- the batch on its way: durable before Kafka sees it
    number    bigint PRIMARY KEY,
    outbox_id bigint NOT NULL,
    version   bigint                          -- on the wire; null: unversioned
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000);

CREATE TABLE published (                      -- last version and content of every versioned key
    topic   text   NOT NULL,
    key     bytea  NOT NULL,
    version bigint NOT NULL,
    content bytea,                            -- null: the last word was a tombstone
    PRIMARY KEY (topic, key)
) PARTITION BY HASH (key);

CREATE TABLE relay_progress (                 -- one row
    one       boolean PRIMARY KEY DEFAULT true CHECK (one),
    epoch     bigint  NOT NULL DEFAULT 0,     -- raised by every relay that takes over
    highest   bigint  NOT NULL DEFAULT 0,     -- last number given
    published bigint  NOT NULL DEFAULT 0,     -- last number known to be in Kafka
    CHECK (published <= highest)
) WITH (fillfactor = 50);
INSERT INTO relay_progress DEFAULT VALUES;

CREATE TABLE relay_lease (                    -- one row, locked during each cycle
    one     boolean     PRIMARY KEY DEFAULT true CHECK (one),
    holder  bytea       NOT NULL DEFAULT '',
    expires timestamptz NOT NULL DEFAULT '-infinity'
) WITH (fillfactor = 50);
INSERT INTO relay_lease DEFAULT VALUES;

DO $$
BEGIN
    FOR part IN 0..7 LOOP
        EXECUTE format(
            'CREATE TABLE published_%s PARTITION OF published '
            'FOR VALUES WITH (MODULUS 8, REMAINDER %s) WITH (fillfactor = 85)', part, part);
    END LOOP;
END $$;
