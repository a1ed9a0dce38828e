-- Who may refresh a grant's credential now, until when; and an attempt whose outcome is not known yet.
alter table credentials add column lease_owner text;
alter table credentials add column lease_until bigint;
alter table credentials add column attempt_at bigint;
alter table credentials add column attempts bigint not null default 0;
