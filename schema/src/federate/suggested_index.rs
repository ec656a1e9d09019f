//! The statement that would make the index that a normalised link wants, as each kind of source writes it.
//!
//! In: a collection, a column and the steps on it. Out: a statement for a hint; nothing is ever sent to a source.

use crate::collection::FieldId;
use crate::expression_index::functions_of;
use crate::{Collection, ExpressionIndex, KeyFunction, Normalizer, Scalar};

/// The statement; `None`: no index of that kind of source would serve.
pub(super) fn statement(
    connector: &str,
    collection: &Collection,
    column: FieldId,
    steps: &[Normalizer],
) -> Option<String> {
    let field = collection.fields.get(column)?;
    let functions = steps.iter().map(functions_of).collect::<Option<Vec<_>>>()?.concat();
    let index = ExpressionIndex { column: field.name.clone(), functions, native: String::new() };
    if field.scalar != Scalar::String || collection.view || !index.serves(steps) {
        return None;
    }
    let quote: fn(&str) -> String = match connector {
        "mysql" => |name| format!("`{}`", name.replace('`', "``")),
        "sqlite" | "postgres" => |name| format!("\"{}\"", name.replace('"', "\"\"")),
        _ => return None,
    };
    let expression = index.functions.iter().fold(quote(&field.name), |inner, function| match function {
        KeyFunction::Upper => format!("upper({inner})"),
        KeyFunction::Lower => format!("lower({inner})"),
        KeyFunction::Trim => format!("trim({inner})"),
        KeyFunction::DropSpaces => format!("replace({inner}, ' ', '')"),
        KeyFunction::DropHyphens => format!("replace({inner}, '-', '')"),
        KeyFunction::StripZeros if connector == "mysql" => format!("trim(leading '0' from {inner})"),
        KeyFunction::StripZeros => format!("ltrim({inner}, '0')"),
    });
    Some(match connector {
        "mysql" => {
            let made = field.native.replacen("char(", "varchar(", usize::from(field.native.starts_with("char(")));
            let (table, name) = (quote(&collection.name), quote(&format!("{}_normalized", field.name)));
            format!("ALTER TABLE {table} ADD COLUMN {name} {made} AS ({expression}) VIRTUAL, ADD INDEX ({name})")
        }
        "sqlite" => {
            let name = quote(&format!("{}_{}_normalized", collection.name, field.name));
            format!("CREATE INDEX {name} ON {} ({expression})", quote(&collection.name))
        }
        _ => {
            let table: Vec<String> = collection.name.split('.').map(quote).collect();
            format!("CREATE INDEX ON {} ({expression})", table.join("."))
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::federate::fixture::described;

    #[test]
    fn each_kind_of_source_gets_its_own_statement_and_what_no_index_serves_none() {
        use Normalizer::{Compact, Digits, StripZeros, Trim, Uppercase};
        let (_, descriptions) = described("s.t: id Int, card String; pk(id)");
        let table = &descriptions["s"].collections[0];
        let rows: [(&str, &[Normalizer], Option<&str>); 6] = [
            (
                "sqlite",
                &[Compact, Uppercase],
                Some(
                    "CREATE INDEX \"t_card_normalized\" ON \"t\" (upper(replace(replace(\"card\", ' ', ''), '-', '')))",
                ),
            ),
            ("postgres", &[Trim, StripZeros], Some("CREATE INDEX ON \"t\" (ltrim(trim(\"card\"), '0'))")),
            (
                "mysql",
                &[StripZeros],
                Some(
                    "ALTER TABLE `t` ADD COLUMN `card_normalized`  AS (trim(leading '0' from `card`)) VIRTUAL, ADD INDEX \
                     (`card_normalized`)",
                ),
            ),
            ("memory", &[Trim], None),
            ("sqlite", &[Digits], None),
            ("sqlite", &[StripZeros, Trim], None),
        ];
        for (connector, steps, expected) in rows {
            assert_eq!(statement(connector, table, 1, steps).as_deref(), expected, "{connector} {steps:?}");
        }
        assert_eq!(statement("sqlite", table, 0, &[Trim]), None, "numbers have no spaces");
    }
}
