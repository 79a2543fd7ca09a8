CREATE TABLE IF NOT EXISTS s._erasures (profile_id VARCHAR(1024) NOT NULL ENCODE zstd, request_id VARCHAR(128) NOT NULL ENCODE zstd, erased_at TIMESTAMP NOT NULL, events_removed BIGINT ENCODE az64, messages_removed BIGINT ENCODE az64, profiles_removed BIGINT ENCODE az64, profile_identities_removed BIGINT ENCODE az64) DISTSTYLE ALL;
CREATE TABLE IF NOT EXISTS s.profiles (profile_id VARCHAR(1024) NOT NULL ENCODE zstd, external_id VARCHAR(1024) ENCODE zstd, email VARCHAR(1024) ENCODE zstd, phone VARCHAR(1024) ENCODE zstd, properties SUPER, revision BIGINT NOT NULL ENCODE az64, deleted BOOLEAN NOT NULL, updated_at TIMESTAMP, merged_into VARCHAR(1024) ENCODE zstd, _meta SUPER, load_id VARCHAR(64) NOT NULL ENCODE zstd) DISTKEY (profile_id) SORTKEY (updated_at);
LOCK TABLE s._loads;
SELECT CAST('already loaded ' || MAX(load_id) AS INTEGER) AS fresh FROM s._loads WHERE load_id = '00000000000000000000000000000000';
CREATE TEMP TABLE stage_profiles (profile_id VARCHAR(1024), external_id VARCHAR(1024), email VARCHAR(1024), phone VARCHAR(1024), properties VARCHAR(65535), revision BIGINT, deleted BOOLEAN, updated_at TIMESTAMP, merged_into VARCHAR(1024), _meta VARCHAR(65535));
COPY stage_profiles (profile_id, external_id, email, phone, properties, revision, deleted, updated_at, merged_into, _meta) FROM 's3://bucket/manifest/profiles.json' IAM_ROLE 'arn' FORMAT AS PARQUET MANIFEST;
DELETE FROM stage_profiles USING s._erasures WHERE stage_profiles.profile_id = _erasures.profile_id;
DELETE FROM stage_profiles USING s.profiles WHERE stage_profiles.profile_id = profiles.profile_id AND stage_profiles.revision < profiles.revision;
INSERT INTO s._loads (load_id, table_name, rows_in, rows_new, rows_discarded, min_received, max_received, versions, manifest_uri, committed_at) SELECT '00000000000000000000000000000000', 'profiles', 3, COUNT(*) - COUNT(present.profile_id), 0, CAST('2026-11-20 13:00:00' AS TIMESTAMP), CAST('2026-11-20 14:00:00' AS TIMESTAMP), '2.3', 's3://bucket/manifest/profiles.json', GETDATE() FROM stage_profiles LEFT JOIN s.profiles AS present ON present.profile_id = stage_profiles.profile_id;
DELETE FROM s.profiles USING stage_profiles WHERE profiles.profile_id = stage_profiles.profile_id;
INSERT INTO s.profiles (profile_id, external_id, email, phone, properties, revision, deleted, updated_at, merged_into, _meta, load_id) SELECT stage_profiles.profile_id, stage_profiles.external_id, stage_profiles.email, stage_profiles.phone, JSON_PARSE(stage_profiles.properties), stage_profiles.revision, stage_profiles.deleted, stage_profiles.updated_at, stage_profiles.merged_into, JSON_PARSE(stage_profiles._meta), '00000000000000000000000000000000' FROM stage_profiles;
LOCK TABLE s._loads;
INSERT INTO s._erasures (profile_id, request_id, erased_at, events_removed, messages_removed, profiles_removed, profile_identities_removed) SELECT ('o''' || CHR(92) || 'prf
_1'), 'job_1', CAST('2026-11-20T13:04:05.123Z' AS TIMESTAMP), of_events.removed, of_messages.removed, of_profiles.removed, of_profile_identities.removed FROM (SELECT COUNT(*) AS removed FROM s.events WHERE profile_id = ('o''' || CHR(92) || 'prf
_1')) AS of_events CROSS JOIN (SELECT COUNT(*) AS removed FROM s.messages WHERE profile_id = ('o''' || CHR(92) || 'prf
_1')) AS of_messages CROSS JOIN (SELECT COUNT(*) AS removed FROM s.profiles WHERE profile_id = ('o''' || CHR(92) || 'prf
_1')) AS of_profiles CROSS JOIN (SELECT COUNT(*) AS removed FROM s.profile_identities WHERE profile_id = ('o''' || CHR(92) || 'prf
_1')) AS of_profile_identities WHERE NOT EXISTS (SELECT 1 FROM s._erasures WHERE profile_id = ('o''' || CHR(92) || 'prf
_1') AND request_id = 'job_1');
DELETE FROM s.events WHERE profile_id = ('o''' || CHR(92) || 'prf
_1');
DELETE FROM s.messages WHERE profile_id = ('o''' || CHR(92) || 'prf
_1');
DELETE FROM s.profiles WHERE profile_id = ('o''' || CHR(92) || 'prf
_1');
DELETE FROM s.profile_identities WHERE profile_id = ('o''' || CHR(92) || 'prf
_1');
