//! The five questions that describing asks the server's catalog, each over all tables at once.
//!
//! In: a connection and the names of schemas. Out: rows as the catalog has them. *Invariant*: the number of questions does
//! not grow with the number of tables.

use std::sync::LazyLock;

use sqlx::postgres::{PgConnection, PgRow};
use sqlx::{AssertSqlSafe, Row};

/// What is served of a schema: tables, partitioned tables, views, materialised views, foreign tables; no partitions.
const SERVED: &str = "n.nspname = ANY($1) AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition \
     AND has_schema_privilege(n.oid, 'USAGE')";

/// The tables that conditions on what is served speak of, joined to a row that has a table's number.
pub(super) fn of_served(column: &str) -> String {
    format!(
        "JOIN pg_catalog.pg_class AS c ON c.oid = {column} JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace"
    )
}

static RELATIONS: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT c.oid::int8, n.nspname::text, c.relname::text, c.relkind::text, obj_description(c.oid, 'pg_class'), \
         CASE WHEN c.relkind = 'p' THEN (SELECT sum(k.reltuples) FILTER (WHERE k.reltuples >= 0) \
           FROM pg_partition_tree(c.oid) AS p JOIN pg_catalog.pg_class AS k ON k.oid = p.relid WHERE p.isleaf) \
           ELSE coalesce((SELECT sum(k.reltuples) FILTER (WHERE k.reltuples >= 0) + greatest(c.reltuples, 0) \
           FROM pg_catalog.pg_inherits AS h JOIN pg_catalog.pg_class AS k ON k.oid = h.inhrelid \
           WHERE h.inhparent = c.oid), c.reltuples) END::float8, \
         has_any_column_privilege(c.oid, 'SELECT'), \
         c.relkind IN ('r', 'p') AND has_table_privilege(c.oid, 'INSERT, UPDATE, DELETE'), \
         c.relkind = 'r' AND EXISTS (SELECT FROM pg_catalog.pg_inherits AS h WHERE h.inhparent = c.oid) \
         FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace WHERE {SERVED}"
    )
});

static COLUMNS: LazyLock<String> = LazyLock::new(|| {
    format!(
        "WITH RECURSIVE chain(domain, base, modifier) AS ( \
           SELECT t.oid, t.typbasetype, t.typtypmod FROM pg_catalog.pg_type AS t WHERE t.typtype = 'd' \
           UNION ALL \
           SELECT chain.domain, t.typbasetype, CASE WHEN chain.modifier = -1 THEN t.typtypmod ELSE chain.modifier END \
           FROM chain JOIN pg_catalog.pg_type AS t ON t.oid = chain.base WHERE t.typtype = 'd'), \
         root AS (SELECT chain.* FROM chain JOIN pg_catalog.pg_type AS t ON t.oid = chain.base WHERE t.typtype <> 'd') \
         SELECT a.attrelid::int8, a.attname::text, format_type(a.atttypid, a.atttypmod), a.attnotnull, \
         t.typname::text, t.typtype::text, t.typcategory::text, tn.nspname::text, \
         coalesce(nullif(a.atttypmod, -1), root.modifier, -1), col_description(a.attrelid, a.attnum), \
         CASE WHEN a.attcollation NOT IN (0, 100) THEN quote_ident(cn.nspname) || '.' || quote_ident(co.collname) END, \
         coalesce(NOT co.collisdeterministic, false), has_column_privilege(a.attrelid, a.attnum, 'SELECT') \
         FROM pg_catalog.pg_attribute AS a {} \
         LEFT JOIN root ON root.domain = a.atttypid \
         JOIN pg_catalog.pg_type AS t ON t.oid = coalesce(root.base, a.atttypid) \
         JOIN pg_catalog.pg_namespace AS tn ON tn.oid = t.typnamespace \
         LEFT JOIN pg_catalog.pg_collation AS co ON co.oid = a.attcollation \
         LEFT JOIN pg_catalog.pg_namespace AS cn ON cn.oid = co.collnamespace \
         WHERE {SERVED} AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attrelid, a.attnum",
        of_served("a.attrelid")
    )
});

/// Whether `upper` and `lower` change letters one by one in a collation, and `i` to `I`. What a version does not have of
/// these columns is null.
const ONE_BY_ONE: &str = "coalesce((SELECT CASE p.provider WHEN 'c' THEN p.ctype !~* '^(tr|turk|az)' \
     WHEN 'b' THEN p.locale IN ('C', 'C.UTF-8') ELSE false END FROM (SELECT \
     CASE co.collprovider WHEN 'd' THEN coalesce(to_jsonb(d) ->> 'datlocprovider', 'c') ELSE co.collprovider::text END AS provider, \
     CASE co.collprovider WHEN 'd' THEN d.datctype ELSE to_jsonb(co) ->> 'collctype' END AS ctype, \
     CASE co.collprovider WHEN 'd' THEN to_jsonb(d) ->> 'datlocale' ELSE to_jsonb(co) ->> 'colllocale' END AS locale \
     FROM pg_catalog.pg_database AS d WHERE d.datname = current_database()) AS p), false)";

static INDEXES: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT i.indrelid::int8, i.indisprimary, i.indisunique, am.amname IN ('btree', 'hash'), \
         ARRAY(SELECT a.attname::text FROM generate_series(0, i.indnkeyatts - 1) AS k LEFT JOIN pg_catalog.pg_attribute AS a \
           ON a.attrelid = i.indrelid AND a.attnum = i.indkey[k] AND a.attnum > 0 ORDER BY k), \
         ARRAY(SELECT coalesce(i.indcollation[k] = a.attcollation, false) FROM generate_series(0, i.indnkeyatts - 1) AS k \
           LEFT JOIN pg_catalog.pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[k] ORDER BY k), \
         CASE WHEN i.indkey[0] = 0 THEN pg_get_indexdef(i.indexrelid, 1, true) END, \
         CASE WHEN co.oid <> 100 THEN quote_ident(cn.nspname) || '.' || quote_ident(co.collname) END, {ONE_BY_ONE} \
         FROM pg_catalog.pg_index AS i {} \
         LEFT JOIN pg_catalog.pg_collation AS co ON co.oid = i.indcollation[0] \
         LEFT JOIN pg_catalog.pg_namespace AS cn ON cn.oid = co.collnamespace \
         JOIN pg_catalog.pg_class AS x ON x.oid = i.indexrelid JOIN pg_catalog.pg_am AS am ON am.oid = x.relam \
         WHERE {SERVED} AND i.indisvalid AND i.indisready AND i.indpred IS NULL ORDER BY i.indrelid, i.indexrelid",
        of_served("i.indrelid")
    )
});

static FOREIGN_KEYS: LazyLock<String> = LazyLock::new(|| {
    let names = |columns: &str, table: &str| {
        format!(
            "ARRAY(SELECT a.attname::text FROM unnest(k.{columns}) WITH ORDINALITY AS u(number, place) \
             JOIN pg_catalog.pg_attribute AS a ON a.attrelid = k.{table} AND a.attnum = u.number ORDER BY u.place)"
        )
    };
    format!(
        "SELECT k.conrelid::int8, tn.nspname::text, t.relname::text, {}, {}, k.convalidated FROM pg_catalog.pg_constraint AS k {} \
         JOIN pg_catalog.pg_class AS t ON t.oid = k.confrelid JOIN pg_catalog.pg_namespace AS tn ON tn.oid = t.relnamespace \
         WHERE {SERVED} AND k.contype = 'f' AND k.conparentid = 0 ORDER BY k.conrelid, k.oid",
        names("conkey", "conrelid"),
        names("confkey", "confrelid"),
        of_served("k.conrelid")
    )
});

const ENUMS: &str = "SELECT n.nspname::text, t.typname::text, ARRAY(SELECT e.enumlabel::text FROM pg_catalog.pg_enum AS e \
     WHERE e.enumtypid = t.oid ORDER BY e.enumsortorder) FROM pg_catalog.pg_type AS t \
     JOIN pg_catalog.pg_namespace AS n ON n.oid = t.typnamespace WHERE t.typtype = 'e' AND cardinality($1::text[]) > 0";

/// A table, view, materialised view or foreign table.
pub(super) struct Relation {
    pub(super) number: i64,
    pub(super) schema: String,
    pub(super) name: String,
    /// `r`, `p`, `v`, `m` or `f`.
    pub(super) kind: String,
    pub(super) comment: Option<String>,
    /// Negative, or none: never counted.
    pub(super) rows: Option<f64>,
    pub(super) readable: bool,
    pub(super) writable: bool,
    /// Whether its rows include those of tables that inherit from it, whose keys are their own.
    pub(super) inherited: bool,
}

/// A column.
pub(super) struct Column {
    pub(super) table: i64,
    pub(super) name: String,
    pub(super) native: String,
    pub(super) required: bool,
    /// Of the type below all domains.
    pub(super) type_name: String,
    pub(super) type_type: String,
    pub(super) category: String,
    pub(super) type_schema: String,
    pub(super) modifier: i32,
    pub(super) comment: Option<String>,
    pub(super) collation: Option<String>,
    pub(super) loose: bool,
    pub(super) readable: bool,
}

/// An index over all rows.
pub(super) struct Index {
    pub(super) table: i64,
    pub(super) primary: bool,
    pub(super) unique: bool,
    /// Whether it serves an equality.
    pub(super) equality: bool,
    /// `None`: an expression.
    pub(super) columns: Vec<Option<String>>,
    /// Whether the index has the column's own collation.
    pub(super) own_collation: Vec<bool>,
    /// What it begins with, if that is an expression.
    pub(super) expression: Option<String>,
    /// The collation of what it begins with, where it is not the database's.
    pub(super) collation: Option<String>,
    /// Whether letters change one by one in that collation, and ASCII's as they do in English.
    pub(super) one_by_one: bool,
}

/// A foreign key.
pub(super) struct Reference {
    pub(super) table: i64,
    pub(super) schema: String,
    pub(super) target: String,
    pub(super) columns: Vec<String>,
    pub(super) references: Vec<String>,
    /// Whether every key is checked, those that were there before it among them.
    pub(super) enforced: bool,
}

/// An enum.
pub(super) struct Labels {
    pub(super) schema: String,
    pub(super) name: String,
    pub(super) values: Vec<String>,
}

/// Everything.
pub(super) struct Answers {
    pub(super) relations: Vec<Relation>,
    pub(super) columns: Vec<Column>,
    pub(super) indexes: Vec<Index>,
    pub(super) references: Vec<Reference>,
    pub(super) enums: Vec<Labels>,
    /// Schemas that are there and may be used.
    pub(super) schemas: Vec<String>,
}

impl Relation {
    /// A row of nine cells, in the order of the fields.
    pub(super) fn read(row: &PgRow) -> Result<Self, sqlx::Error> {
        Ok(Relation {
            number: row.try_get(0)?,
            schema: row.try_get(1)?,
            name: row.try_get(2)?,
            kind: row.try_get(3)?,
            comment: row.try_get(4)?,
            rows: row.try_get(5)?,
            readable: row.try_get(6)?,
            writable: row.try_get(7)?,
            inherited: row.try_get(8)?,
        })
    }
}

impl Column {
    /// A row of which the cells up to the tenth stand in the order of the fields; the others are given.
    pub(super) fn read(row: &PgRow, modifier: i32, loose: bool, readable: bool) -> Result<Self, sqlx::Error> {
        Ok(Column {
            table: row.try_get(0)?,
            name: row.try_get(1)?,
            native: row.try_get(2)?,
            required: row.try_get(3)?,
            type_name: row.try_get(4)?,
            type_type: row.try_get(5)?,
            category: row.try_get(6)?,
            type_schema: row.try_get(7)?,
            modifier,
            comment: row.try_get(9)?,
            collation: row.try_get(10)?,
            loose,
            readable,
        })
    }
}

/// Asks everything of some schemas.
pub(super) async fn ask(connection: &mut PgConnection, schemas: &[String]) -> Result<Answers, sqlx::Error> {
    let relations = rows(connection, &RELATIONS, schemas, Relation::read).await?;
    let columns = rows(connection, &COLUMNS, schemas, |row| {
        Column::read(row, row.try_get(8)?, row.try_get(11)?, row.try_get(12)?)
    })
    .await?;
    let indexes = rows(connection, &INDEXES, schemas, |row| {
        Ok(Index {
            table: row.try_get(0)?,
            primary: row.try_get(1)?,
            unique: row.try_get(2)?,
            equality: row.try_get(3)?,
            columns: row.try_get(4)?,
            own_collation: row.try_get(5)?,
            expression: row.try_get(6)?,
            collation: row.try_get(7)?,
            one_by_one: row.try_get(8)?,
        })
    })
    .await?;
    let references = rows(connection, &FOREIGN_KEYS, schemas, |row| {
        Ok(Reference {
            table: row.try_get(0)?,
            schema: row.try_get(1)?,
            target: row.try_get(2)?,
            columns: row.try_get(3)?,
            references: row.try_get(4)?,
            enforced: row.try_get(5)?,
        })
    })
    .await?;
    let enums = rows(connection, ENUMS, schemas, |row| {
        Ok(Labels { schema: row.try_get(0)?, name: row.try_get(1)?, values: row.try_get(2)? })
    })
    .await?;
    let text = "SELECT nspname::text FROM pg_catalog.pg_namespace WHERE nspname = ANY($1) \
                AND has_schema_privilege(oid, 'USAGE')";
    let schemas = rows(connection, text, schemas, |row| row.try_get(0)).await?;
    Ok(Answers { relations, columns, indexes, references, enums, schemas })
}

/// The numbers of the hypertables of some schemas: tables that their chunks inherit from.
pub(super) async fn hypertables(connection: &mut PgConnection, schemas: &[String]) -> Result<Vec<i64>, sqlx::Error> {
    let text = "SELECT c.oid::int8 FROM timescaledb_information.hypertables AS t \
         JOIN pg_catalog.pg_namespace AS n ON n.nspname = t.hypertable_schema \
         JOIN pg_catalog.pg_class AS c ON c.relnamespace = n.oid AND c.relname = t.hypertable_name \
         WHERE n.nspname = ANY($1)";
    rows(connection, text, schemas, |row| row.try_get(0)).await
}

/// What the rows of a question of some schemas are read as.
pub(super) async fn rows<T>(
    connection: &mut PgConnection,
    text: &str,
    schemas: &[String],
    read: impl Fn(&PgRow) -> Result<T, sqlx::Error>,
) -> Result<Vec<T>, sqlx::Error> {
    let rows = sqlx::query(AssertSqlSafe(text)).bind(schemas).persistent(false).fetch_all(connection).await?;
    rows.iter().map(read).collect()
}
