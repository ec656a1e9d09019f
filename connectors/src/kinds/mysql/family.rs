//! Families of servers that speak MySQL's protocol, and what each of them does in another way.
//!
//! In: the key `family` of a block. Out: the statements that a session is set up by and stopped with. *Invariant*: a family
//! is what the catalog says, never a guess; without one the server is MySQL or `MariaDB`, which tell themselves apart.

use std::time::Duration;

use crate::sql::unproven;

/// A row of quirks.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Family {
    /// As the catalog names it; empty: MySQL or `MariaDB`.
    pub(super) name: &'static str,
    /// What it is called; empty: it was run against a server.
    unproven: &'static str,
    /// What every session of it is set to, before its own variables.
    session: &'static str,
    /// Variables of a session beside those that every server has, set before the first statement.
    variables: &'static [&'static str],
    /// The variable that ends what takes too long, and how many of its units a second has; `None`: by what the server is.
    limit: Option<(&'static str, u64)>,
    /// Whether a session can be told to read only. Where it cannot, nothing but selects is sent all the same.
    pub(super) reads_only: bool,
    /// Stops a statement, before the number of its connection.
    kill: &'static str,
    /// Whether it takes MySQL's hints to the optimizer.
    pub(super) hints: bool,
    /// Whether it is made for analysis: tables without indexes whose texts compare by their bytes, one model of table in
    /// which keys are unique, decimals of at most 38 digits, no subselects that look at the row around them.
    pub(super) analytic: bool,
    /// The type of a moment in casts.
    pub(super) moment: &'static str,
    /// Its own databases, beside those that every server has; in any case of letters.
    databases: &'static [&'static str],
}

/// What MySQL, `MariaDB` and what is made from MySQL are set to.
const SESSION: &str = "SET NAMES utf8mb4, SESSION time_zone = '+00:00', SESSION sql_mode = 'NO_UNSIGNED_SUBTRACTION', \
    SESSION autocommit = 1, SESSION sql_select_limit = DEFAULT";

/// MySQL and `MariaDB`.
pub(super) static OWN: Family = MYSQL;

/// The same, to begin a family with.
const MYSQL: Family = Family {
    name: "",
    unproven: "",
    session: SESSION,
    variables: &["sql_auto_is_null = 0", "sql_big_selects = 1"],
    limit: None,
    reads_only: true,
    kill: "KILL QUERY",
    hints: true,
    analytic: false,
    moment: "DATETIME(6)",
    databases: &[],
};

/// What Doris and `StarRocks` have in common. Their texts are UTF-8 and compare by bytes; a session cannot be read-only; the
/// limit is in seconds (<https://docs.starrocks.io/docs/sql-reference/System_variable/>).
const ANALYTIC: Family = Family {
    name: "",
    unproven: "",
    session: "SET SESSION time_zone = '+00:00', SESSION sql_mode = '', SESSION sql_select_limit = 9223372036854775807",
    variables: &[],
    limit: Some(("query_timeout", 1)),
    reads_only: false,
    kill: "KILL QUERY",
    hints: false,
    analytic: true,
    moment: "DATETIME(6)",
    databases: &[],
};

/// Those that have a name.
pub(super) static FAMILIES: [Family; 4] = [
    // Read-only transactions are an error unless a variable calls them nothing, and then they write
    // (<https://docs.pingcap.com/tidb/stable/system-variables#tidb_enable_noop_functions-new-in-v40>,
    // <https://docs.pingcap.com/tidb/stable/sql-statement-start-transaction>); `KILL` alone may not reach the server
    // that runs the statement (<https://docs.pingcap.com/tidb/stable/sql-statement-kill>).
    Family {
        name: "tidb",
        unproven: "TiDB",
        variables: &[],
        limit: Some(("max_execution_time", 1_000)),
        reads_only: false,
        kill: "KILL TIDB QUERY",
        hints: false,
        databases: &["metrics_schema", "lightning_task_info"],
        ..MYSQL
    },
    // Statements are ended by a variable of its own, in microseconds, with error 4012
    // (<https://www.bookstack.cn/read/oceanbase-2.2.50-zh/bc84b7aaa2cd35f8.md>, a copy of the vendor's manual).
    Family {
        name: "oceanbase",
        unproven: "OceanBase",
        variables: &[],
        limit: Some(("ob_query_timeout", 1_000_000)),
        reads_only: true,
        kill: "KILL QUERY",
        hints: false,
        databases: &["oceanbase", "__public", "__recyclebin", "ocs", "lbacsys", "oraauditor"],
        ..MYSQL
    },
    // Statements are prepared at the server since 2.1 (<https://github.com/apache/doris/pull/36581>); which columns are a key,
    // and of which model, stands in COLUMN_KEY; a moment without digits is cut to seconds.
    Family { name: "doris", unproven: "Doris", databases: &["__internal_schema"], ..ANALYTIC },
    // Prepared since 3.2 (<https://docs.starrocks.io/docs/sql-reference/sql-statements/prepared_statement>); a moment has
    // microseconds and takes no number of digits.
    Family {
        name: "starrocks",
        unproven: "StarRocks",
        moment: "DATETIME",
        databases: &["_statistics_", "starrocks_monitor"],
        ..ANALYTIC
    },
];

/// What a block may call a family.
pub(super) fn names() -> Vec<&'static str> {
    FAMILIES.iter().map(|family| family.name).collect()
}

/// The family of a name.
pub(super) fn find(name: &str) -> Option<&'static Family> {
    FAMILIES.iter().find(|family| family.name == name)
}

impl Family {
    /// The statement that makes a session mean the same everywhere. A statement may then take `time`.
    pub(super) fn set_up(&self, maria: bool, time: Duration) -> String {
        let mut text = self.session.to_owned();
        for variable in self.variables {
            text.push_str(", SESSION ");
            text.push_str(variable);
        }
        text.push_str(&match self.limit {
            Some((variable, second)) => {
                let units = time.as_micros().saturating_mul(second.into()).div_ceil(1_000_000);
                format!(", SESSION {variable} = {}", units.max(1))
            }
            // Large lists stay lists: as the subselects that the server makes of them they lose their order and collation.
            // What a subselect gave for one text is not kept for others that are equal in its collation.
            None if maria => format!(
                ", SESSION max_statement_time = {:.3}, SESSION in_predicate_conversion_threshold = 0, \
                 SESSION optimizer_switch = 'subquery_cache=off'",
                time.as_secs_f64()
            ),
            None => format!(", SESSION max_execution_time = {}", time.as_millis().max(1)),
        });
        text
    }

    /// The statement that stops what a connection runs.
    pub(super) fn kill(&self, connection: u64) -> String {
        format!("{} {connection}", self.kill)
    }

    /// What `check` says of each source of it; `None`: it was run against a server.
    pub(super) fn warning(&self) -> Option<String> {
        unproven::warning(self.name, self.unproven)
    }

    /// Whether a database is the server's own.
    pub(super) fn keeps(&self, database: &str) -> bool {
        let own = ["information_schema", "mysql", "performance_schema", "sys"];
        own.iter().chain(self.databases).any(|name| name.eq_ignore_ascii_case(database))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const ALL: &str = "SET NAMES utf8mb4, SESSION time_zone = '+00:00', SESSION sql_mode = 'NO_UNSIGNED_SUBTRACTION', \
        SESSION autocommit = 1, SESSION sql_select_limit = DEFAULT";

    #[test]
    fn each_family_is_set_up_and_stopped_in_its_own_words() {
        let own = ", SESSION sql_auto_is_null = 0, SESSION sql_big_selects = 1, SESSION";
        let maria = format!(
            "{ALL}{own} max_statement_time = 1.500, SESSION in_predicate_conversion_threshold = 0, \
             SESSION optimizer_switch = 'subquery_cache=off'"
        );
        let mysql = format!("{ALL}{own} max_execution_time = 1500");
        let tidb = format!("{ALL}, SESSION max_execution_time = 1500");
        let oceanbase = format!("{ALL}, SESSION ob_query_timeout = 1500000");
        let analytic = "SET SESSION time_zone = '+00:00', SESSION sql_mode = '', SESSION sql_select_limit = \
            9223372036854775807, SESSION query_timeout = 2"
            .to_owned();
        for (family, is_maria, text, kill, reads_only) in [
            (find("doris").unwrap(), false, analytic.clone(), "KILL QUERY 7", false),
            (find("starrocks").unwrap(), false, analytic, "KILL QUERY 7", false),
            (&OWN, true, maria, "KILL QUERY 7", true),
            (&OWN, false, mysql, "KILL QUERY 7", true),
            (find("tidb").unwrap(), false, tidb, "KILL TIDB QUERY 7", false),
            (find("oceanbase").unwrap(), false, oceanbase, "KILL QUERY 7", true),
        ] {
            assert_eq!(family.set_up(is_maria, Duration::from_millis(1_500)), text, "{}", family.name);
            assert_eq!((family.kill(7).as_str(), family.reads_only), (kill, reads_only), "{}", family.name);
        }
        assert_eq!(OWN.set_up(false, Duration::ZERO), format!("{ALL}{own} max_execution_time = 1"));
    }

    #[test]
    fn the_databases_of_a_server_are_its_own_in_any_case() {
        let tidb = find("tidb").unwrap();
        assert!(tidb.keeps("INFORMATION_SCHEMA") && tidb.keeps("METRICS_SCHEMA") && !tidb.keeps("metrics"));
        assert!(OWN.keeps("sys") && !OWN.keeps("oceanbase") && find("oceanbase").unwrap().keeps("oceanbase"));
        assert!(find("doris").unwrap().keeps("__internal_schema") && find("starrocks").unwrap().keeps("_statistics_"));
        assert_eq!(find("sqlserver"), None);
    }

    #[test]
    fn each_family_says_that_it_was_never_run() {
        assert_eq!(OWN.warning(), None);
        for (name, title, hints, analytic, moment) in [
            ("tidb", "TiDB", false, false, "DATETIME(6)"),
            ("oceanbase", "OceanBase", false, false, "DATETIME(6)"),
            ("doris", "Doris", false, true, "DATETIME(6)"),
            ("starrocks", "StarRocks", false, true, "DATETIME"),
        ] {
            let family = find(name).unwrap();
            let warning = family.warning().unwrap();
            assert!(warning.contains(title) && warning.contains("never run"), "{warning}");
            assert_eq!((family.hints, family.analytic, family.moment), (hints, analytic, moment), "{name}");
        }
    }
}
