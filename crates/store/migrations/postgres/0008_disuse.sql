-- When a credential is refreshed unasked, lest it die of disuse. Those from before learn it at their next refresh.
alter table credentials add column refresh_at bigint;

create index credentials_by_refresh_at on credentials (refresh_at) where refresh_at is not null;
