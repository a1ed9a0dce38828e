-- An event's place in the order of commits. The counter's row is held until its transaction ends, so places have no
-- gaps and become visible in their order: a poller never passes one that comes later.
create table counters (
  name text not null primary key,
  value bigint not null
);

insert into counters (name, value) select 'events', count(*) from outbox;

alter table outbox add column position bigint not null default 0;

update outbox set position = placed.position
from (select id, row_number() over (order by created_at, id) as position from outbox) as placed
where placed.id = outbox.id;

alter table outbox drop column delivered_at;

create unique index one_event_per_position on outbox (position);

create index outbox_by_app on outbox (app_id, position);

create index outbox_by_time on outbox (created_at);

-- `kinds` is a JSON list of event types; an empty one means all.
create table webhook_endpoints (
  id text not null primary key,
  app_id text not null references apps (id),
  url text not null,
  sealed_secrets blob not null,
  kinds text not null,
  disabled_at bigint,
  constraint one_endpoint_per_app_and_url unique (app_id, url)
);

-- Waits while `next_at` is set; delivered when `delivered_at` is; given up when neither is.
create table deliveries (
  event_id text not null references outbox (id) on delete cascade,
  endpoint_id text not null references webhook_endpoints (id) on delete cascade,
  position bigint not null,
  attempts bigint not null default 0,
  next_at bigint,
  claimed_by text,
  claimed_until bigint,
  last_status bigint,
  last_error text,
  delivered_at bigint,
  constraint one_delivery_per_event_and_endpoint primary key (event_id, endpoint_id)
);

create index deliveries_waiting on deliveries (endpoint_id, next_at, position) where next_at is not null;
