CREATE TABLE IF NOT EXISTS s._erasures (profile_id VARCHAR NOT NULL, request_id VARCHAR NOT NULL, erased_at TIMESTAMP_NTZ NOT NULL, events_removed BIGINT, messages_removed BIGINT, profiles_removed BIGINT, profile_identities_removed BIGINT);
CREATE TABLE IF NOT EXISTS s.profiles (profile_id VARCHAR NOT NULL, external_id VARCHAR, email VARCHAR, phone VARCHAR, properties VARIANT, revision BIGINT NOT NULL, deleted BOOLEAN NOT NULL, updated_at TIMESTAMP_NTZ, merged_into VARCHAR, _meta VARIANT, load_id VARCHAR NOT NULL);
UPDATE s._loads SET versions = versions;
SELECT CAST('already loaded ' || MAX(load_id) AS INTEGER) AS fresh FROM s._loads WHERE load_id = '00000000000000000000000000000000';
CREATE TEMPORARY TABLE stage_profiles (profile_id VARCHAR, external_id VARCHAR, email VARCHAR, phone VARCHAR, properties VARCHAR, revision BIGINT, deleted BOOLEAN, updated_at TIMESTAMP_NTZ, merged_into VARCHAR, _meta VARCHAR);
COPY INTO stage_profiles (profile_id, external_id, email, phone, properties, revision, deleted, updated_at, merged_into, _meta) FROM (SELECT $1:profile_id::VARCHAR, $1:external_id::VARCHAR, $1:email::VARCHAR, $1:phone::VARCHAR, $1:properties::VARCHAR, $1:revision::BIGINT, $1:deleted::BOOLEAN, $1:updated_at::TIMESTAMP_NTZ, $1:merged_into::VARCHAR, $1:_meta::VARCHAR FROM 's3://bucket/manifest/profiles.json') FILE_FORMAT = (TYPE = PARQUET USE_LOGICAL_TYPE = TRUE);
DELETE FROM stage_profiles USING s._erasures WHERE stage_profiles.profile_id = _erasures.profile_id;
DELETE FROM stage_profiles USING s.profiles WHERE stage_profiles.profile_id = profiles.profile_id AND stage_profiles.revision < profiles.revision;
INSERT INTO s._loads (load_id, table_name, rows_in, rows_new, rows_discarded, min_received, max_received, versions, manifest_uri, committed_at) SELECT '00000000000000000000000000000000', 'profiles', 3, COUNT(*) - COUNT(present.profile_id), 0, CAST('2026-11-20 13:00:00' AS TIMESTAMP_NTZ), CAST('2026-11-20 14:00:00' AS TIMESTAMP_NTZ), '2.3', 's3://bucket/manifest/profiles.json', SYSDATE() FROM stage_profiles LEFT JOIN s.profiles AS present ON present.profile_id = stage_profiles.profile_id;
DELETE FROM s.profiles USING stage_profiles WHERE profiles.profile_id = stage_profiles.profile_id;
INSERT INTO s.profiles (profile_id, external_id, email, phone, properties, revision, deleted, updated_at, merged_into, _meta, load_id) SELECT stage_profiles.profile_id, stage_profiles.external_id, stage_profiles.email, stage_profiles.phone, PARSE_JSON(stage_profiles.properties), stage_profiles.revision, stage_profiles.deleted, stage_profiles.updated_at, stage_profiles.merged_into, PARSE_JSON(stage_profiles._meta), '00000000000000000000000000000000' FROM stage_profiles;
UPDATE s._loads SET versions = versions;
INSERT INTO s._erasures (profile_id, request_id, erased_at, events_removed, messages_removed, profiles_removed, profile_identities_removed) SELECT ('o''' || CHR(92) || 'prf
_1'), 'job_1', CAST('2026-11-20T13:04:05.123Z' AS TIMESTAMP_NTZ), of_events.removed, of_messages.removed, of_profiles.removed, of_profile_identities.removed FROM (SELECT COUNT(*) AS removed FROM s.events WHERE profile_id = ('o''' || CHR(92) || 'prf
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
