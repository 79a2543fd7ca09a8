IF OBJECT_ID(N's._erasures', N'U') IS NULL CREATE TABLE s._erasures (profile_id NVARCHAR(1024) COLLATE Latin1_General_100_BIN2 NOT NULL, request_id NVARCHAR(128) COLLATE Latin1_General_100_BIN2 NOT NULL, erased_at DATETIME2(6) NOT NULL, events_removed BIGINT, messages_removed BIGINT, profiles_removed BIGINT, profile_identities_removed BIGINT) WITH (DISTRIBUTION = ROUND_ROBIN, HEAP);
IF OBJECT_ID(N's.profiles', N'U') IS NULL CREATE TABLE s.profiles (profile_id NVARCHAR(1024) COLLATE Latin1_General_100_BIN2 NOT NULL, external_id NVARCHAR(1024) COLLATE Latin1_General_100_BIN2, email NVARCHAR(1024) COLLATE Latin1_General_100_BIN2, phone NVARCHAR(1024) COLLATE Latin1_General_100_BIN2, properties NVARCHAR(MAX), revision BIGINT NOT NULL, deleted BIT NOT NULL, updated_at DATETIME2(6), merged_into NVARCHAR(1024) COLLATE Latin1_General_100_BIN2, _meta NVARCHAR(MAX), load_id NVARCHAR(64) COLLATE Latin1_General_100_BIN2 NOT NULL) WITH (DISTRIBUTION = HASH(profile_id), HEAP);
UPDATE s._loads SET versions = versions;
SELECT CAST(N'already loaded ' + MAX(load_id) AS INT) AS fresh FROM s._loads WHERE load_id = N'00000000000000000000000000000000';
CREATE TABLE #stage_profiles (profile_id NVARCHAR(1024) COLLATE Latin1_General_100_BIN2, external_id NVARCHAR(1024) COLLATE Latin1_General_100_BIN2, email NVARCHAR(1024) COLLATE Latin1_General_100_BIN2, phone NVARCHAR(1024) COLLATE Latin1_General_100_BIN2, properties NVARCHAR(MAX), revision NVARCHAR(64), deleted NVARCHAR(64), updated_at NVARCHAR(64), merged_into NVARCHAR(1024) COLLATE Latin1_General_100_BIN2, _meta NVARCHAR(MAX)) WITH (DISTRIBUTION = ROUND_ROBIN, HEAP);
COPY INTO #stage_profiles (profile_id, external_id, email, phone, properties, revision, deleted, updated_at, merged_into, _meta) FROM 's3://bucket/manifest/profiles.json';
DELETE FROM #stage_profiles WHERE EXISTS (SELECT 1 FROM s._erasures WHERE #stage_profiles.profile_id = _erasures.profile_id);
DELETE FROM #stage_profiles WHERE EXISTS (SELECT 1 FROM s.profiles WHERE #stage_profiles.profile_id = profiles.profile_id AND #stage_profiles.revision < profiles.revision);
INSERT INTO s._loads (load_id, table_name, rows_in, rows_new, rows_discarded, min_received, max_received, versions, manifest_uri, committed_at) SELECT N'00000000000000000000000000000000', N'profiles', 3, COUNT(*) - COUNT(present.profile_id), 0, CAST(N'2026-11-20 13:00:00' AS DATETIME2(6)), CAST(N'2026-11-20 14:00:00' AS DATETIME2(6)), N'2.3', N's3://bucket/manifest/profiles.json', GETUTCDATE() FROM #stage_profiles LEFT JOIN s.profiles AS present ON present.profile_id = #stage_profiles.profile_id;
DELETE FROM s.profiles WHERE EXISTS (SELECT 1 FROM #stage_profiles WHERE profiles.profile_id = #stage_profiles.profile_id);
INSERT INTO s.profiles (profile_id, external_id, email, phone, properties, revision, deleted, updated_at, merged_into, _meta, load_id) SELECT #stage_profiles.profile_id, #stage_profiles.external_id, #stage_profiles.email, #stage_profiles.phone, #stage_profiles.properties, #stage_profiles.revision, #stage_profiles.deleted, #stage_profiles.updated_at, #stage_profiles.merged_into, #stage_profiles._meta, N'00000000000000000000000000000000' FROM #stage_profiles;
UPDATE s._loads SET versions = versions;
INSERT INTO s._erasures (profile_id, request_id, erased_at, events_removed, messages_removed, profiles_removed, profile_identities_removed) SELECT (N'o''' + NCHAR(92) + N'prf
_1'), N'job_1', CAST(N'2026-11-20T13:04:05.123Z' AS DATETIME2(6)), of_events.removed, of_messages.removed, of_profiles.removed, of_profile_identities.removed FROM (SELECT COUNT(*) AS removed FROM s.events WHERE profile_id = (N'o''' + NCHAR(92) + N'prf
_1')) AS of_events CROSS JOIN (SELECT COUNT(*) AS removed FROM s.messages WHERE profile_id = (N'o''' + NCHAR(92) + N'prf
_1')) AS of_messages CROSS JOIN (SELECT COUNT(*) AS removed FROM s.profiles WHERE profile_id = (N'o''' + NCHAR(92) + N'prf
_1')) AS of_profiles CROSS JOIN (SELECT COUNT(*) AS removed FROM s.profile_identities WHERE profile_id = (N'o''' + NCHAR(92) + N'prf
_1')) AS of_profile_identities WHERE NOT EXISTS (SELECT 1 FROM s._erasures WHERE profile_id = (N'o''' + NCHAR(92) + N'prf
_1') AND request_id = N'job_1');
DELETE FROM s.events WHERE profile_id = (N'o''' + NCHAR(92) + N'prf
_1');
DELETE FROM s.messages WHERE profile_id = (N'o''' + NCHAR(92) + N'prf
_1');
DELETE FROM s.profiles WHERE profile_id = (N'o''' + NCHAR(92) + N'prf
_1');
DELETE FROM s.profile_identities WHERE profile_id = (N'o''' + NCHAR(92) + N'prf
_1');
