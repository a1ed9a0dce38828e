-- Times are milliseconds since the epoch. JSON is TEXT. Digests are SHA-256. `number` is the order of writing,
-- which SQLite has as `rowid`.

create table meta (
  name text not null primary key,
  value bytea not null
);

create table apps (
  id text not null primary key,
  body text not null
);

create table api_keys (
  id text not null primary key,
  app_id text not null references apps (id),
  name text not null,
  digest bytea not null,
  created_at bigint not null,
  revoked_at bigint,
  constraint api_key_is_one_apps unique (digest)
);

create table registrations (
  id text not null primary key,
  app_id text not null references apps (id),
  provider_id text not null,
  client_id text not null,
  sealed_secret bytea,
  scopes text not null,
  allowed_scopes text not null,
  constraint one_registration_per_app_and_provider unique (app_id, provider_id)
);

create table sessions (
  id text not null primary key,
  app_id text not null references apps (id),
  token_digest bytea not null,
  poll_digest bytea,
  body text not null,
  version bigint not null,
  forget_at bigint not null,
  constraint session_token_is_one_sessions unique (token_digest),
  constraint poll_secret_is_one_sessions unique (poll_digest)
);

create index sessions_by_forget_at on sessions (forget_at);

create table flows (
  state_digest bytea not null primary key,
  session_id text not null references sessions (id) on delete cascade,
  body text not null,
  taken_at bigint,
  expires_at bigint not null
);

create index flows_by_session on flows (session_id);

create table held_codes (
  completion_digest bytea not null primary key,
  session_id text not null references sessions (id) on delete cascade,
  body text not null,
  expires_at bigint not null,
  taken_at bigint
);

create index held_codes_by_session on held_codes (session_id);

create table return_codes (
  digest bytea not null primary key,
  session_id text not null references sessions (id) on delete cascade,
  expires_at bigint not null
);

create index return_codes_by_session on return_codes (session_id);

create table grants (
  id text not null primary key,
  app_id text not null references apps (id),
  user_id text not null,
  provider_id text not null,
  account_key text,
  status text not null,
  body text not null,
  created_at bigint not null,
  constraint one_grant_per_user_and_account unique (app_id, user_id, provider_id, account_key)
);

create index grants_by_app_and_time on grants (app_id, created_at, id);

create table credentials (
  grant_id text not null primary key references grants (id) on delete cascade,
  sealed bytea not null,
  generation bigint not null
);

create table outbox (
  id text not null primary key,
  app_id text not null,
  kind text not null,
  body text not null,
  created_at bigint not null,
  delivered_at bigint,
  number bigint generated always as identity
);

create table audit (
  id text not null primary key,
  app_id text not null,
  at bigint not null,
  action text not null,
  subject text not null,
  detail text not null,
  number bigint generated always as identity
);

create index audit_by_app_and_time on audit (app_id, at);

create function refuse_to_change_the_audit() returns trigger language plpgsql as $$
begin
  raise exception 'the audit is insert-only';
end;
$$;

create trigger audit_is_insert_only_update before update on audit
for each statement execute function refuse_to_change_the_audit();

create trigger audit_is_insert_only_delete before delete on audit
for each statement execute function refuse_to_change_the_audit();

create trigger audit_is_insert_only_truncate before truncate on audit
for each statement execute function refuse_to_change_the_audit();
