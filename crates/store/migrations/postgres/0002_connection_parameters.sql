-- What the operator set of a provider's connection parameters, sealed: some are keys.
alter table registrations add column sealed_parameters bytea;
