-- SPDX-License-Identifier: Apache-2.0
-- The views of Oracle's data dictionary that dictionary.c lets through, over PostgreSQL's catalog,
-- and SYS_CONTEXT. Beside orafce's dual in the schema oracle.

CREATE FUNCTION oracle.standin_table(pg_class) RETURNS text STABLE LANGUAGE sql AS $$
    SELECT CASE WHEN obj_description($1.oid, 'pg_class') LIKE 'standin:%'
                THEN substr(obj_description($1.oid, 'pg_class'), 9) ELSE $1.relname::text END
$$;

CREATE FUNCTION oracle.standin_column(pg_attribute) RETURNS text STABLE LANGUAGE sql AS $$
    SELECT CASE WHEN col_description($1.attrelid, $1.attnum) LIKE 'standin:%'
                THEN substr(col_description($1.attrelid, $1.attnum),
                            strpos(col_description($1.attrelid, $1.attnum), E'\n') + 1)
                ELSE $1.attname::text END
$$;

CREATE FUNCTION oracle.sys_context(namespace text, parameter text) RETURNS text STABLE LANGUAGE sql AS $$
    SELECT CASE WHEN upper(namespace) = 'USERENV' THEN
        CASE upper(parameter) WHEN 'CURRENT_SCHEMA' THEN current_schema()
                              WHEN 'DB_NAME' THEN (SELECT 'DB' || system_identifier FROM pg_control_system())
                              WHEN 'CON_NAME' THEN current_database()
                              WHEN 'SESSION_USER' THEN current_user END END
$$;

CREATE FUNCTION oracle.hextoraw(text) RETURNS bytea IMMUTABLE LANGUAGE sql AS $$
    SELECT decode($1, 'hex')
$$;

CREATE VIEW oracle.all_objects AS
SELECT n.nspname::text AS owner, oracle.standin_table(c) AS object_name, c.oid::bigint AS object_id,
       CASE c.relkind WHEN 'v' THEN 'VIEW' ELSE 'TABLE' END AS object_type
  FROM pg_class c
  JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('r', 'p', 'v', 'f');

CREATE FUNCTION oracle.rawtohex(bytea) RETURNS text IMMUTABLE LANGUAGE sql AS $$
    SELECT upper(encode($1, 'hex'))
$$;

-- What xa.c has prepared.
CREATE VIEW oracle.dba_pending_transactions AS
SELECT split_part(gid, ':', 2)::int AS formatid, decode(split_part(gid, ':', 3), 'hex') AS globalid,
       decode(split_part(gid, ':', 4), 'hex') AS branchid
  FROM pg_prepared_xacts WHERE gid LIKE 'xa:%' AND database = current_database();

-- Made when the server was, and one second later with each number: those are not used twice.
CREATE VIEW oracle.all_users AS
SELECT nspname::text AS username, oid AS user_id,
       to_timestamp((SELECT system_identifier >> 32 FROM pg_control_system()) + oid::bigint)
           AT TIME ZONE 'UTC' AS created
  FROM pg_namespace;

CREATE VIEW oracle.all_tab_cols AS
SELECT n.nspname::text AS owner,
       oracle.standin_table(c) AS table_name,
       oracle.standin_column(a) AS column_name,
       CASE WHEN a.attnotnull THEN 'N' ELSE 'Y' END AS nullable,
       a.attnum::int AS column_id,
       pg_get_expr(d.adbin, d.adrelid) AS data_default,
       CASE WHEN a.attgenerated <> '' THEN 'YES' ELSE 'NO' END AS virtual_column,
       'NO' AS hidden_column,
       CASE WHEN a.attidentity <> '' THEN 'YES' ELSE 'NO' END AS identity_column,
       CASE WHEN a.attidentity = 'a' THEN 'ALWAYS' WHEN a.attidentity = 'd' THEN 'BY DEFAULT' END
           AS generation_type -- Of ALL_TAB_IDENTITY_COLS.
  FROM pg_class c
  JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
 WHERE c.relkind IN ('r', 'p', 'v', 'f');

CREATE VIEW oracle.all_tab_identity_cols AS
SELECT owner, table_name, column_name, generation_type
  FROM oracle.all_tab_cols WHERE identity_column = 'YES';

CREATE VIEW oracle.all_indexes AS
SELECT n.nspname::text AS owner, x.relname::text AS index_name, n.nspname::text AS table_owner,
       oracle.standin_table(c) AS table_name,
       CASE WHEN i.indisunique THEN 'UNIQUE' ELSE 'NONUNIQUE' END AS uniqueness,
       CASE WHEN i.indexprs IS NULL AND i.indpred IS NULL THEN 'NORMAL'
            ELSE 'FUNCTION-BASED NORMAL' END AS index_type,
       CASE WHEN i.indisvalid THEN 'VALID' ELSE 'UNUSABLE' END AS status
  FROM pg_index i
  JOIN pg_class c ON c.oid = i.indrelid
  JOIN pg_class x ON x.oid = i.indexrelid
  JOIN pg_namespace n ON n.oid = c.relnamespace;

CREATE VIEW oracle.all_ind_columns AS
SELECT n.nspname::text AS index_owner, x.relname::text AS index_name, n.nspname::text AS table_owner,
       oracle.standin_table(c) AS table_name,
       CASE WHEN a.attnum IS NULL OR i.indpred IS NOT NULL THEN 'SYS_NC0000' || k.place || '$'
            ELSE oracle.standin_column(a) END AS column_name,
       k.place::int AS column_position
  FROM pg_index i
  JOIN pg_class c ON c.oid = i.indrelid
  JOIN pg_class x ON x.oid = i.indexrelid
  JOIN pg_namespace n ON n.oid = c.relnamespace
 CROSS JOIN unnest(i.indkey::int2[]) WITH ORDINALITY k (number, place)
  LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.number
 WHERE k.place <= i.indnkeyatts;

CREATE VIEW oracle.all_constraints AS
SELECT n.nspname::text AS owner, p.conname::text AS constraint_name,
       CASE p.contype WHEN 'p' THEN 'P' WHEN 'u' THEN 'U' WHEN 'f' THEN 'R' ELSE 'C' END
           AS constraint_type,
       oracle.standin_table(c) AS table_name, 'ENABLED' AS status,
       CASE WHEN p.condeferrable THEN 'DEFERRABLE' ELSE 'NOT DEFERRABLE' END AS deferrable,
       n.nspname::text AS index_owner, x.relname::text AS index_name
  FROM pg_constraint p
  JOIN pg_class c ON c.oid = p.conrelid
  JOIN pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN pg_class x ON x.oid = p.conindid AND p.contype IN ('p', 'u');

CREATE VIEW oracle.all_cons_columns AS
SELECT n.nspname::text AS owner, p.conname::text AS constraint_name,
       oracle.standin_table(c) AS table_name, oracle.standin_column(a) AS column_name,
       k.place::int AS position
  FROM pg_constraint p
  JOIN pg_class c ON c.oid = p.conrelid
  JOIN pg_namespace n ON n.oid = c.relnamespace
 CROSS JOIN unnest(p.conkey) WITH ORDINALITY k (number, place)
  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.number;
