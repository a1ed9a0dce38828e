-- Tokens of ended grants, sealed as before, until their provider was told.
create table pending_revocations (
  id text not null primary key,
  app_id text not null references apps (id),
  grant_id text not null,
  registration_id text not null,
  parameters text not null,
  sealed blob not null,
  created_at bigint not null,
  next_at bigint not null,
  attempts bigint not null
);

create index pending_revocations_by_next_at on pending_revocations (next_at);

create index pending_revocations_by_grant on pending_revocations (grant_id);

-- Whose a session is, to end it with its user.
alter table sessions add column user_id text not null default '';

update sessions set user_id = json_extract(body, '$.terms.user.id');

create index sessions_by_user on sessions (app_id, user_id);
