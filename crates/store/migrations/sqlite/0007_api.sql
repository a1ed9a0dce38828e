-- What a key may do: those from before could do everything. A name's two active keys have a place each.
alter table api_keys add column scopes text not null default '["admin"]';
alter table api_keys add column expires_at bigint;
alter table api_keys add column place bigint not null default 1;

update api_keys set place = (
  select count(*) from api_keys as earlier
  where earlier.app_id = api_keys.app_id and earlier.name = api_keys.name and earlier.id <= api_keys.id
);

create unique index two_active_keys_of_a_name on api_keys (app_id, name, place) where revoked_at is null;
