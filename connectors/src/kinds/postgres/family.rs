//! Families of databases that speak `PostgreSQL`'s protocol, and what that changes.
//!
//! In: the key `family` of a block. Out: a row of quirks. *Invariant*: a family is what the catalog says, never a guess. What
//! its documentation leaves open is said in the plainest SQL there is, and what would give other answers is refused when a
//! connection is opened.

use crate::sql::unproven;

/// A row of quirks.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Family {
    /// As the catalog names it; empty: `PostgreSQL` itself.
    pub(super) name: &'static str,
    /// What it is called; empty: it was run against a server.
    pub(super) unproven: &'static str,
    /// Whether a `LATERAL` look-up may be cut for each key.
    pub(super) lateral: bool,
    /// Whether a table without rows in the server's catalog is empty.
    pub(super) counts: bool,
    /// Whether there are hypertables, whose keys hold for all their chunks.
    pub(super) hypertables: bool,
    /// Whether it has only what `PostgreSQL` had in 2012, and the system tables of that time: no `FILTER`, no arrays in step,
    /// nothing that is made of Unicode's letters, types of its own as texts, nothing to cancel and to listen to.
    pub(super) plain: bool,
    /// Whether `COLLATE "C"` is said. Where all texts compare by their bytes it would make another type of one.
    pub(super) collates: bool,
    /// Whether any text may be in a collation that calls different texts equal.
    pub(super) loose: bool,
    /// Whether `CHAR(n)` fills with spaces.
    pub(super) pads: bool,
    /// Columns that are no user's, as a condition on `pg_attribute` named `a`.
    pub(super) hidden: &'static str,
    /// What an index has to be beside valid, as a condition on `pg_index` named `i`.
    pub(super) usable: &'static str,
    /// Settings of a session beside those that all have.
    pub(super) settings: &'static [(&'static str, &'static str)],
    /// What has to hold on a connection, `$1` being an empty text, and what is wrong where it does not.
    pub(super) probes: &'static [(&'static str, &'static str)],
    /// Databases that every server has, to ask it for the others.
    pub(super) doors: &'static [&'static str],
}

/// `PostgreSQL` itself.
pub(super) static OWN: Family = POSTGRES;

/// The same, to begin a family with.
pub(super) const POSTGRES: Family = Family {
    name: "",
    unproven: "",
    lateral: true,
    counts: true,
    hypertables: false,
    plain: false,
    collates: true,
    loose: false,
    pads: true,
    hidden: "FALSE",
    usable: "TRUE",
    // Compiling costs more than fetches of this size ever gain.
    settings: &[("jit", "off")],
    probes: &[],
    doors: &["postgres", "template1"],
};

/// What only a database that is `PostgreSQL` at heart says of texts; asked of those whose mode can be another.
pub(super) const EMPTY: (&str, &str) = ("$1::text IS NOT NULL AND '' IS NOT NULL", "it takes an empty text for null");
const EXACT: (&str, &str) = (
    "'a' COLLATE \"C\" <> 'A' COLLATE \"C\" AND 'a'::text COLLATE \"C\" <> 'a '",
    "different texts are equal in its collation \"C\"",
);
const JOINED: (&str, &str) = ("'a' || 'b' = 'ab' AND '\\_' LIKE '\\\\\\_'", "it joins or matches texts in another way");
const DAYS: (&str, &str) = ("CAST('2020-02-03' AS date)::text = '2020-02-03'", "its dates hold a time of day");

/// Those that have a name.
pub(super) static FAMILIES: [Family; 5] = [
    // A limit inside of a lateral look-up is refused, or gave wrong rows before that; ranks by a window are not
    // (<https://github.com/citusdata/citus/issues/5327>, <https://github.com/citusdata/citus/pull/5753>). What a table on the
    // coordinator holds is in its shards, which are counted elsewhere.
    Family { name: "citus", unproven: "Citus", lateral: false, counts: false, ..POSTGRES },
    // Texts compare by their bytes, one with a collation is of another type and meets no other
    // (<https://www.cockroachlabs.com/docs/stable/collate>); sums of integers are decimals, `NULLS LAST` is known since 22.1
    // (<https://www.cockroachlabs.com/docs/v22.1/order-by>), and there is no LISTEN. A row number that is nobody's column is
    // marked as hidden. Estimates stand elsewhere.
    Family {
        name: "cockroach",
        unproven: "CockroachDB",
        lateral: false,
        counts: false,
        plain: true,
        collates: false,
        pads: false,
        hidden: "a.attishidden",
        settings: &[],
        doors: &["defaultdb", "postgres"],
        ..POSTGRES
    },
    // Made from PostgreSQL, with modes that are other databases: in Oracle's an empty text is taken for null by default
    // (<https://help.kingbase.com.cn/v8.6.7.24/development/develop-transfer/transplant-r3/transplant-r3-1.html>:
    // `ora_input_emptystr_isnull`). Which mode it is shows in what it answers.
    Family {
        name: "kingbase",
        unproven: "KingbaseES",
        lateral: false,
        plain: true,
        loose: true,
        settings: &[],
        probes: &[EMPTY, EXACT, JOINED, DAYS],
        doors: &["kingbase", "test", "template1"],
        ..POSTGRES
    },
    // Made from PostgreSQL 9.2: no `LATERAL`, no `FILTER`; a process has a number of 64 bits; an index can be unusable; mode
    // A, which is what a database is without DBCOMPATIBILITY, takes an empty text for null and a date for a moment
    // (<https://support.huaweicloud.com/intl/en-us/centralized-devg-v8-gaussdb/gaussdb-42-1825.html>, of the product made
    // from it; <https://blog.csdn.net/tttzzzqqq2018/article/details/136676773>, a copy of its manual).
    Family {
        name: "opengauss",
        unproven: "openGauss",
        lateral: false,
        counts: false,
        plain: true,
        loose: true,
        usable: "i.indisusable",
        settings: &[],
        probes: &[
            (
                "(SELECT datcompatibility::text = 'PG' FROM pg_catalog.pg_database WHERE datname = current_database())",
                "it was made without DBCOMPATIBILITY 'PG'",
            ),
            EMPTY,
            EXACT,
            JOINED,
            DAYS,
        ],
        doors: &["postgres"],
        ..POSTGRES
    },
    // Chunks inherit from their hypertable; a unique index of it has its partitioning columns in it, and so holds for all
    // chunks (<https://docs.tigerdata.com/use-timescale/latest/hypertables/hypertables-and-unique-indexes/>).
    Family { name: "timescale", hypertables: true, ..POSTGRES },
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
    /// A statement in its words.
    pub(super) fn said(&self, text: String) -> String {
        // A quote inside a name is doubled: no name holds this.
        if self.collates { text } else { text.replace(" COLLATE \"C\"", "") }
    }

    /// The question that a connection has to answer with true in every column; `None`: there is none.
    pub(super) fn question(&self) -> Option<String> {
        let asked: Vec<String> = self.probes.iter().map(|(condition, _)| format!("({condition})")).collect();
        (!asked.is_empty()).then(|| format!("SELECT {}", asked.join(", ")))
    }

    /// What `check` says of each source of it; `None`: it was run against a server.
    pub(super) fn warning(&self) -> Option<String> {
        unproven::warning(self.name, self.unproven)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn families_are_told_apart_by_name_and_each_says_whether_it_was_run() {
        let table = [
            ("citus", true, false, true, 0),
            ("cockroach", true, true, false, 0),
            ("kingbase", true, true, true, 4),
            ("opengauss", true, true, true, 5),
            ("timescale", false, false, true, 0),
        ];
        assert_eq!(table.len(), FAMILIES.len());
        for (name, warns, plain, collates, probes) in table {
            let family = find(name).unwrap();
            assert_eq!((family.warning().is_some(), family.plain), (warns, plain), "{name}");
            assert_eq!((family.collates, family.probes.len()), (collates, probes), "{name}");
        }
        let warning = find("cockroach").unwrap().warning().unwrap();
        assert!(warning.contains("CockroachDB") && warning.contains("never run"), "{warning}");
        assert_eq!((find("postgres"), OWN.warning()), (None, None));
    }

    #[test]
    fn what_a_family_relies_on_is_one_question() {
        assert_eq!(find("cockroach").unwrap().question(), None);
        for name in ["kingbase", "opengauss"] {
            let question = find(name).unwrap().question().unwrap();
            assert!(question.starts_with("SELECT (") && question.contains("$1::text IS NOT NULL"), "{question}");
        }
    }

    #[test]
    fn no_collation_is_said_where_texts_compare_by_bytes() {
        let text = || "a COLLATE \"C\" = \"b COLLATE \"\"C\"\"\" COLLATE \"C\"".to_owned();
        assert_eq!(find("cockroach").unwrap().said(text()), "a = \"b COLLATE \"\"C\"\"\"");
        assert_eq!(find("opengauss").unwrap().said(text()), text());
    }
}
