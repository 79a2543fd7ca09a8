-- The published schema, one per tenant. It only grows: see migrations/README.md.
-- Redshift does not enforce primary keys; the load keeps them (queries.sql).
-- name: schema
CREATE SCHEMA IF NOT EXISTS {schema};

CREATE TABLE IF NOT EXISTS {schema}.events (
    id           VARCHAR(128)  NOT NULL ENCODE zstd,
    tenant       VARCHAR(64)   NOT NULL ENCODE zstd,
    topic        VARCHAR(128)  NOT NULL ENCODE zstd,
    occurred_at  TIMESTAMP     NOT NULL ENCODE az64,
    received_at  TIMESTAMP     NOT NULL ENCODE raw,
    profile_id   VARCHAR(1024) ENCODE zstd,
    profile      VARCHAR(8192) ENCODE zstd,
    properties   SUPER,
    hops         SMALLINT      NOT NULL ENCODE az64,
    origin       VARCHAR(16)   NOT NULL ENCODE zstd,
    load_id      VARCHAR(64)   NOT NULL ENCODE zstd,
    PRIMARY KEY (id)
) DISTKEY (profile_id) SORTKEY (received_at);

CREATE TABLE IF NOT EXISTS {schema}.profiles (
    profile_id   VARCHAR(1024) NOT NULL ENCODE zstd,
    external_id  VARCHAR(1024) ENCODE zstd,
    email        VARCHAR(1024) ENCODE zstd,
    phone        VARCHAR(1024) ENCODE zstd,
    properties   SUPER,
    revision     BIGINT        NOT NULL ENCODE az64,
    deleted      BOOLEAN       NOT NULL,
    updated_at   TIMESTAMP     ENCODE az64,
    load_id      VARCHAR(64)   NOT NULL ENCODE zstd,
    PRIMARY KEY (profile_id)
) DISTKEY (profile_id) SORTKEY (updated_at);

CREATE TABLE IF NOT EXISTS {schema}._loads (
    load_id        VARCHAR(64)  NOT NULL,
    table_name     VARCHAR(32)  NOT NULL,
    rows_in        BIGINT       NOT NULL,
    rows_new       BIGINT       NOT NULL,
    rows_discarded BIGINT       NOT NULL,
    min_received   TIMESTAMP,
    max_received   TIMESTAMP,
    versions       VARCHAR(32)  NOT NULL,
    manifest_uri   VARCHAR(1024) NOT NULL,
    committed_at   TIMESTAMP    NOT NULL
) DISTSTYLE ALL;

CREATE TABLE IF NOT EXISTS {schema}._erasures (
    profile_id   VARCHAR(1024) NOT NULL,
    request_id   VARCHAR(128)  NOT NULL,
    erased_at    TIMESTAMP     NOT NULL
) DISTSTYLE ALL;
