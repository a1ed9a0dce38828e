-- What a key may do: those from before could do everything. A name's two active keys have a place each.
alter table api_keys add column scopes text not null default '["admin"]';
alter table api_keys add column expires_at bigint;
alter table api_keys add column place bigint not null default 1;

update api_keys set place = (
  select count(*) from api_keys as earlier
  where earlier.app_id = api_keys.app_id and earlier.name = api_keys.name and earlier.id <= api_keys.id
);

create unique index two_active_keys_of_a_name on api_keys (app_id, name, place) where revoked_at is null;

-- Requests that may be sent again under a key of the app's own; without an answer they are still at work.
create table once_requests (
  app_id text not null references apps (id),
  key_digest bytea not null,
  request_digest bytea not null,
  owner text not null,
  sealed_answer bytea,
  expires_at bigint not null,
  constraint one_request_per_app_and_key primary key (app_id, key_digest)
);

create index once_requests_by_expires_at on once_requests (expires_at);
