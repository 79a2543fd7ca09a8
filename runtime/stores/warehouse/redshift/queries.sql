-- What the sync says to Redshift. {name} is an identifier, [[name]] a quoted literal.
-- The blocks lock, guard and load_* of one load run as ONE BatchExecuteStatement transaction.

-- name: lock (waits for any other load or erasure; takes no snapshot, so the guard sees its commit)
LOCK TABLE {schema}._loads;

-- name: guard (NULL casts, a found id does not: the whole transaction ends here)
SELECT CAST('already loaded ' || MAX(load_id) AS INTEGER) AS fresh
FROM {schema}._loads WHERE load_id = [[load_id]];

-- name: load_events
CREATE TEMP TABLE stage_events (
    id          VARCHAR(128),
    tenant      VARCHAR(64),
    topic       VARCHAR(128),
    occurred_at TIMESTAMP,
    received_at TIMESTAMP,
    profile_id  VARCHAR(1024),
    profile     VARCHAR(8192),
    properties  VARCHAR(65535),
    hops        SMALLINT,
    origin      VARCHAR(16)
);
COPY stage_events (id, tenant, topic, occurred_at, received_at, profile_id, profile, properties,
                   hops, origin)
FROM [[manifest_uri]] IAM_ROLE [[copy_role_arn]] FORMAT AS PARQUET MANIFEST;
-- Erased profiles stay erased, however late their rows come.
DELETE FROM stage_events USING {schema}._erasures
WHERE stage_events.profile_id = _erasures.profile_id;
-- The copy received last wins, in whichever order the copies arrive.
DELETE FROM stage_events USING {schema}.events
WHERE stage_events.id = events.id AND stage_events.received_at < events.received_at;
INSERT INTO {schema}._loads
SELECT [[load_id]], 'events', [[rows_in]], COUNT(*) - COUNT(present.id), [[rows_discarded]],
       CAST([[min_received]] AS TIMESTAMP), CAST([[max_received]] AS TIMESTAMP), [[versions]],
       [[manifest_uri]], GETDATE()
FROM stage_events LEFT JOIN {schema}.events AS present ON present.id = stage_events.id;
DELETE FROM {schema}.events USING stage_events WHERE events.id = stage_events.id;
INSERT INTO {schema}.events (id, tenant, topic, occurred_at, received_at, profile_id, profile,
                             properties, hops, origin, load_id)
SELECT id, tenant, topic, occurred_at, received_at, profile_id, profile, JSON_PARSE(properties),
       hops, origin, [[load_id]]
FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY id ORDER BY received_at DESC) AS place
      FROM stage_events) AS ranked
WHERE place = 1;
DROP TABLE stage_events;

-- name: load_profiles
CREATE TEMP TABLE stage_profiles (
    profile_id  VARCHAR(1024),
    external_id VARCHAR(1024),
    email       VARCHAR(1024),
    phone       VARCHAR(1024),
    properties  VARCHAR(65535),
    revision    BIGINT,
    deleted     BOOLEAN,
    updated_at  TIMESTAMP
);
COPY stage_profiles (profile_id, external_id, email, phone, properties, revision, deleted,
                     updated_at)
FROM [[manifest_uri]] IAM_ROLE [[copy_role_arn]] FORMAT AS PARQUET MANIFEST;
DELETE FROM stage_profiles USING {schema}._erasures
WHERE stage_profiles.profile_id = _erasures.profile_id;
-- The later revision wins; a deleted profile's empty row stays, so that no late snapshot revives it.
DELETE FROM stage_profiles USING {schema}.profiles
WHERE stage_profiles.profile_id = profiles.profile_id
  AND stage_profiles.revision < profiles.revision;
INSERT INTO {schema}._loads
SELECT [[load_id]], 'profiles', [[rows_in]], COUNT(*) - COUNT(present.profile_id), [[rows_discarded]],
       CAST([[min_received]] AS TIMESTAMP), CAST([[max_received]] AS TIMESTAMP), [[versions]],
       [[manifest_uri]], GETDATE()
FROM stage_profiles
LEFT JOIN {schema}.profiles AS present ON present.profile_id = stage_profiles.profile_id;
DELETE FROM {schema}.profiles USING stage_profiles
WHERE profiles.profile_id = stage_profiles.profile_id;
INSERT INTO {schema}.profiles (profile_id, external_id, email, phone, properties, revision, deleted,
                               updated_at, load_id)
SELECT profile_id, external_id, email, phone, JSON_PARSE(properties), revision, deleted, updated_at,
       [[load_id]]
FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY profile_id ORDER BY revision DESC) AS place
      FROM stage_profiles) AS ranked
WHERE place = 1;
DROP TABLE stage_profiles;

-- name: find_load (the ledger in the warehouse decides whether a load has happened)
SELECT table_name, rows_in, rows_new FROM {schema}._loads WHERE load_id = [[load_id]];

-- name: erase_person (one profile id; `_erasures` keeps rows out that are loaded later)
DELETE FROM {schema}._erasures WHERE profile_id = [[profile_id]] AND request_id = [[request_id]];
INSERT INTO {schema}._erasures (profile_id, request_id, erased_at)
VALUES ([[profile_id]], [[request_id]], CAST([[erased_at]] AS TIMESTAMP));
DELETE FROM {schema}.events WHERE profile_id = [[profile_id]];
DELETE FROM {schema}.profiles WHERE profile_id = [[profile_id]];
