-- The registry: facts as they were accepted, who they belong to, what overlaps.
-- Days are proleptic ordinals (1 = 0001-01-01); the views at the end show them as dates.
-- No foreign keys between hot tables: a row lock on one must never block inserts into another.

CREATE TABLE hub (                            -- one row: what this database is bound to
    one                  boolean PRIMARY KEY DEFAULT true CHECK (one),
    registry_fingerprint bytea   NOT NULL,    -- of the key that makes tokens
    hub_fingerprint      bytea   NOT NULL,    -- of the key that makes alert ids
    schema_lock          text    NOT NULL,    -- lock and check version that accepted the events
    generation           bytea   NOT NULL,    -- random id of this database
    as_of                integer NOT NULL,    -- the hub-wide day; never decreases
    book_seq             bigint,              -- operation that activated the rulebook in force
    book                 bytea                -- its files, as activated
);

CREATE TABLE position (
    topic         text    NOT NULL,
    partition     integer NOT NULL,
    topic_id      text    NOT NULL,
    first_offset  bigint  NOT NULL,
    next_offset   bigint  NOT NULL,
    last_offset   bigint,                     -- of the last record seen, and its hash
    last_hash     bytea,
    applied       bigint  NOT NULL DEFAULT 0,
    duplicate     bigint  NOT NULL DEFAULT 0,
    superseded    bigint  NOT NULL DEFAULT 0,
    quarantined   bigint  NOT NULL DEFAULT 0,
    void          bigint  NOT NULL DEFAULT 0,
    PRIMARY KEY (topic, partition),
    CHECK (applied + duplicate + superseded + quarantined + void = next_offset - first_offset)
);

CREATE TABLE feed (                           -- freshness of a source, as its own events say
    topic           text   PRIMARY KEY,
    oldest_occurred bigint NOT NULL,
    newest_occurred bigint NOT NULL,
    newest_append   bigint NOT NULL
);

CREATE SEQUENCE cluster_id;
CREATE TABLE record (                         -- one row per source record: its current version
    key         bytea  NOT NULL,
    ministry    text   NOT NULL,
    stream      text   NOT NULL,
    record_id   text   NOT NULL,
    seq         bigint NOT NULL,
    content     bytea  NOT NULL,              -- the greatest content hash of that seq, in use
    other       bytea,                        -- the second greatest: the version is disputed
    void        boolean NOT NULL,
    cluster     bigint,                       -- null: VOID, a decision, or a roster (see member)
    fact        bytea,                        -- what it says, packed: sijill/adapters/registry/state.py
    programme   text,
    status      text,
    start       integer,
    stop        integer,
    period      text,
    amount      bigint,
    currency    text,
    household   text,
    PRIMARY KEY (key)
) PARTITION BY HASH (key);

CREATE TABLE member (                         -- one row per current roster line
    record    bytea   NOT NULL,
    line      text    NOT NULL,
    household bytea   NOT NULL,
    cluster   bigint  NOT NULL,
    role      text    NOT NULL,
    start     integer NOT NULL,
    stop      integer NOT NULL,
    fact      bytea   NOT NULL,               -- what it says, packed
    PRIMARY KEY (record, line)
) PARTITION BY HASH (record);

CREATE TABLE identifier (
    token     bytea   NOT NULL PRIMARY KEY,
    cluster   bigint,                         -- null while saturated
    saturated boolean NOT NULL DEFAULT false
) PARTITION BY HASH (token);

CREATE TABLE carrier (                        -- who carries a saturated identifier
    token     bytea  NOT NULL,
    record    bytea  NOT NULL,
    line      text   NOT NULL,
    signature bytea,
    cluster   bigint NOT NULL,
    PRIMARY KEY (token, record, line)
);

CREATE TABLE cluster (                        -- what is locked and folded as one
    id          bigint  NOT NULL PRIMARY KEY,
    state       bytea   NOT NULL,             -- what is known of its facts, packed
    next_change integer NOT NULL,             -- day on which time alone may change the result
    book_seq    bigint  NOT NULL              -- rulebook under which it was evaluated
) PARTITION BY HASH (id);

CREATE TABLE person (
    key             bytea   NOT NULL PRIMARY KEY,  -- hash of the smallest current mention
    cluster         bigint  NOT NULL,
    given           text, father text, grandfather text, great_grandfather text, family text,
    mother_given    text, mother_father text,
    sex             text,
    birth           integer,
    birth_precision text,
    death           integer,
    governorate     text, district text, country text
) PARTITION BY HASH (key);

CREATE TABLE household (
    key         bytea   NOT NULL PRIMARY KEY,
    ministry    text    NOT NULL,
    roster      text    NOT NULL,
    number      text    NOT NULL,
    state       bytea   NOT NULL,
    next_change integer NOT NULL,
    book_seq    bigint  NOT NULL
) PARTITION BY HASH (key);

CREATE TABLE household_cluster (
    household bytea  NOT NULL,
    cluster   bigint NOT NULL,
    PRIMARY KEY (household, cluster)
) PARTITION BY HASH (household);

CREATE TABLE alert (
    id          bytea   PRIMARY KEY,
    rule        text    NOT NULL,
    type        text    NOT NULL,
    verdict     text    NOT NULL,             -- raised | permitted
    open        boolean NOT NULL,             -- false: withdrawn; rows are never deleted
    decision    text    NOT NULL,             -- state that the decisions give it
    revision    bigint  NOT NULL,
    cluster     bigint,                       -- scope: a cluster, or
    household   bytea,                        --        a household
    months      text[]  NOT NULL,
    amount      bigint  NOT NULL,
    currency    text    NOT NULL,
    certainty   text    NOT NULL,
    raised_on   integer NOT NULL,
    body        bytea   NOT NULL,             -- the overlap with its facts, packed
    next_change integer NOT NULL              -- day on which a decision runs out
);
CREATE INDEX alert_due ON alert (next_change) WHERE open AND next_change < 2147483647;

CREATE TABLE alert_version (                  -- append-only history
    alert       bytea   NOT NULL,
    revision    bigint  NOT NULL,
    state       text    NOT NULL,
    decision    text    NOT NULL,
    months      text[]  NOT NULL,
    amount      bigint  NOT NULL,
    as_of       integer NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (alert, revision)
);

CREATE TABLE notice (                         -- meeting point of an alert and its answers
    id       bytea PRIMARY KEY,
    ministry text  NOT NULL,
    alert    bytea                            -- null: answered before it was raised
);

CREATE TABLE decision (
    record      bytea  PRIMARY KEY,
    ministry    text   NOT NULL,
    notice      bytea  NOT NULL,
    basis       text   NOT NULL,
    code        text   NOT NULL,
    until       integer,
    reason      text,
    note        text,
    occurred_at bigint NOT NULL,
    content     bytea  NOT NULL
);
CREATE INDEX decision_notice ON decision (notice);

CREATE TABLE quarantine (
    topic        text    NOT NULL,
    partition    integer NOT NULL,
    "offset"     bigint  NOT NULL,
    reason       text    NOT NULL,
    detail       text[]  NOT NULL,            -- field names and codes, never values
    key          bytea,
    value        bytea,
    headers      bytea   NOT NULL,
    append_ms    bigint  NOT NULL,
    checked_under text   NOT NULL,            -- schema lock and check version that refused it
    status       text    NOT NULL DEFAULT 'open',  -- open | released (accepted since)
    first_seen   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (topic, partition, "offset")
);

CREATE TABLE operation (                      -- what operators did, as read from the topic
    seq         bigint PRIMARY KEY,
    operation_id text  NOT NULL,
    kind        text   NOT NULL,
    body        bytea  NOT NULL,
    operator    text   NOT NULL,
    occurred_at bigint NOT NULL
);

CREATE INDEX record_cluster ON record (cluster);
CREATE INDEX member_cluster ON member (cluster);
CREATE INDEX cluster_due ON cluster (next_change) WHERE next_change < 2147483647;
CREATE INDEX cluster_book ON cluster (book_seq);
CREATE INDEX household_due ON household (next_change) WHERE next_change < 2147483647;
CREATE INDEX household_book ON household (book_seq);

DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['record', 'member', 'identifier', 'cluster', 'person',
                                'household', 'household_cluster'] LOOP
        FOR part IN 0..7 LOOP
            EXECUTE format(
                'CREATE TABLE %I PARTITION OF %I FOR VALUES WITH (MODULUS 8, REMAINDER %s) '
                'WITH (fillfactor = 85)', name || '_' || part, name, part);
        END LOOP;
    END LOOP;
END $$;

CREATE FUNCTION day(ordinal integer) RETURNS date IMMUTABLE LANGUAGE sql AS
$$ SELECT CASE WHEN ordinal < 2147483647 THEN DATE '0001-01-01' + (ordinal - 1) END $$;

CREATE VIEW enrollment AS
    SELECT cluster, ministry, programme, status, day(start) AS enrolled_from,
           day(stop - 1) AS enrolled_through, household AS household_number, record_id, seq,
           other IS NOT NULL AS disputed
    FROM record WHERE stream = 'enrollment' AND NOT void;
CREATE VIEW payment AS
    SELECT cluster, ministry, programme, status, period, day(start) AS period_from,
           day(stop - 1) AS period_through, amount, currency, household AS household_number,
           record_id, seq, other IS NOT NULL AS disputed
    FROM record WHERE stream = 'payment' AND NOT void;
