-- Records that break the program for their own sake: how many offsets were accounted for when one
-- was set aside, so that a flood of them is seen over all registrars and across restarts.
ALTER TABLE quarantine ADD COLUMN accounted bigint;
CREATE INDEX quarantine_set_aside ON quarantine (accounted)
    WHERE reason = 'UNPROCESSABLE' AND status = 'open';
