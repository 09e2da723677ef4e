-- Who read a person's data, when and why: sijill/audit.py. Rows are never changed or taken out.

CREATE TABLE audit (
    number   bigint      PRIMARY KEY,
    moment   timestamptz NOT NULL,
    operator text        NOT NULL,
    act      text        NOT NULL,            -- the command
    subject  text        NOT NULL,            -- the alert that was read
    purpose  text        NOT NULL,
    hash     bytea       NOT NULL             -- seals the row and everything before it
);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'the audit is append-only'; END $$;
CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
