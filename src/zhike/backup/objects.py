"""What a schema consists of, in words that every server writes alike; the text of an expression is not such a one."""

QUERY = """
    SELECT 'table ' || relname || CASE WHEN relrowsecurity THEN ' with row security' ELSE '' END FROM pg_class
        WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
    UNION ALL
    SELECT 'column ' || relname || '.' || attname || ' ' || format_type(atttypid, atttypmod)
            || CASE WHEN attnotnull THEN ' not null' ELSE '' END || attidentity::text || attgenerated::text
        FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
        WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'm') AND attnum > 0
            AND NOT attisdropped
    UNION ALL
    SELECT 'index ' || relname || CASE WHEN indisunique THEN ' unique' ELSE '' END
            || CASE WHEN indisvalid THEN '' ELSE ' broken' END
        FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid WHERE relnamespace = 'public'::regnamespace
    UNION ALL
    SELECT 'constraint ' || conname || ' ' || contype::text || CASE WHEN convalidated THEN '' ELSE ' not validated' END
        FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND contype <> 'n'
    UNION ALL
    SELECT 'trigger ' || relname || '.' || tgname || ' ' || tgenabled::text FROM pg_trigger
        JOIN pg_class ON pg_class.oid = tgrelid WHERE relnamespace = 'public'::regnamespace AND NOT tgisinternal
    UNION ALL
    SELECT 'policy ' || relname || '.' || polname || ' ' || polcmd::text FROM pg_policy
        JOIN pg_class ON pg_class.oid = polrelid WHERE relnamespace = 'public'::regnamespace
    UNION ALL
    SELECT 'function ' || pg_proc.oid::regprocedure::text || ' ' || md5(prosrc)
            || CASE WHEN prosecdef THEN ' as owner' ELSE '' END || coalesce(' ' || array_to_string(proconfig, ' '), '')
        FROM pg_proc WHERE pronamespace = 'public'::regnamespace
            AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = pg_proc.oid AND deptype = 'e')
    UNION ALL
    SELECT 'view ' || relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('v', 'm')
    ORDER BY 1
"""
