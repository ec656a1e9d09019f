//! The model as text: GraphQL's schema definition language, in stable order.
//!
//! In: a model and a slice. Out: SDL that any GraphQL tool reads. *Invariant*: equal models give equal bytes.

use std::fmt::{self, Write};

use crate::Scalar;
use crate::definition::{FieldDefinition, InputValue, TypeDefinition, TypeKind};
use crate::federated::{Federated, Slice, TypeId};

/// The SDL of a model, as the slice sees it; GraphQL's own scalars and directives are not in it.
pub fn sdl(federated: &Federated, slice: &Slice) -> String {
    let mut out = String::new();
    let ids = federated.type_ids(slice).into_iter();
    for id in ids.filter(|id| !matches!(id, TypeId::Scalar(scalar) if Scalar::is_built_in(*scalar))) {
        if !out.is_empty() {
            out.push('\n');
        }
        // Writing to a `String` never fails.
        let _ = write_type(&mut out, &federated.definition(id, slice));
    }
    out
}

fn write_type(out: &mut String, definition: &TypeDefinition) -> fmt::Result {
    write_description(out, "", definition.description.as_deref())?;
    let name = &definition.name;
    match &definition.kind {
        TypeKind::Scalar { specified_by } => {
            write!(out, "scalar {name}")?;
            if let Some(url) = specified_by {
                write!(out, " @specifiedBy(url: \"{url}\")")?;
            }
            out.push('\n');
        }
        TypeKind::Object(fields) => {
            writeln!(out, "type {name} {{")?;
            for (index, field) in fields.iter().enumerate() {
                write_field(out, field, index == 0)?;
            }
            out.push_str("}\n");
        }
        TypeKind::Enum(values) => {
            writeln!(out, "enum {name} {{")?;
            for value in values {
                write_description(out, "  ", value.description.as_deref())?;
                writeln!(out, "  {}", value.name)?;
            }
            out.push_str("}\n");
        }
        TypeKind::Input(fields) => {
            writeln!(out, "input {name} {{")?;
            for field in fields {
                write_description(out, "  ", field.description.as_deref())?;
                write!(out, "  ")?;
                write_input(out, field)?;
                out.push('\n');
            }
            out.push_str("}\n");
        }
    }
    Ok(())
}

fn write_field(out: &mut String, field: &FieldDefinition, first: bool) -> fmt::Result {
    if !first && field.description.is_some() {
        out.push('\n');
    }
    write_description(out, "  ", field.description.as_deref())?;
    write!(out, "  {}", field.name)?;
    for (index, argument) in field.arguments.iter().enumerate() {
        out.push_str(if index == 0 { "(" } else { ", " });
        if let Some(description) = &argument.description {
            write!(out, "\"{}\" ", description.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"))?;
        }
        write_input(out, argument)?;
    }
    if !field.arguments.is_empty() {
        out.push(')');
    }
    writeln!(out, ": {}", field.ty)
}

fn write_input(out: &mut String, input: &InputValue) -> fmt::Result {
    write!(out, "{}: {}", input.name, input.ty)
}

/// A block string; descriptions hold nothing that one would lose.
fn write_description(out: &mut String, indent: &str, description: Option<&str>) -> fmt::Result {
    let Some(description) = description else { return Ok(()) };
    writeln!(out, "{indent}\"\"\"")?;
    for line in description.split('\n') {
        if line.is_empty() {
            out.push('\n');
        } else {
            writeln!(out, "{indent}{}", line.replace("\"\"\"", "\\\"\"\""))?;
        }
    }
    writeln!(out, "{indent}\"\"\"")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::sdl;
    use crate::Slice;
    use crate::federate::fixture::{described, federated, model};

    /// The text from the line that begins so to the end of the type.
    fn part<'a>(text: &'a str, start: &str) -> &'a str {
        let from = text.find(&format!("\n{start} ")).unwrap() + 1;
        let length = text[from..].find("\n}\n").unwrap();
        &text[from..from + length + 2]
    }

    #[test]
    fn a_collection_has_a_list_a_row_filters_and_orders() {
        let text = "civil.resident: id Int!, born Date, photo Bytes, street_id Int; pk(id); fk(street_id) street
                    civil.street: id Int; pk(id)";
        let text = sdl(&model(text), &Slice::all());
        let bare: String = part(&text, "type Civil").replace("\n\n", "\n");
        assert!(bare.contains(
            "  resident(where: CivilResidentBoolExp, orderBy: [CivilResidentOrderBy!], limit: Int, offset: Int, \
             distinctOn: [CivilResidentSelectColumn!]): [CivilResident!]\n"
        ));
        assert!(bare.contains("  residentByPk(id: Int!): CivilResident\n"));
        let row = part(&text, "type CivilResident");
        assert!(
            row.contains("  id: Int!\n") && row.contains("  photo: Bytes\n") && row.contains("  street: CivilStreet\n")
        );
        assert!(part(&text, "type CivilStreet").contains("  resident(where: CivilResidentBoolExp, orderBy: "));
        assert_eq!(
            part(&text, "input CivilResidentBoolExp"),
            "input CivilResidentBoolExp {
  _and: [CivilResidentBoolExp!]
  _or: [CivilResidentBoolExp!]
  _not: CivilResidentBoolExp
  id: IntComparisonExp
  born: DateComparisonExp
  photo: BytesComparisonExp
  streetId: IntComparisonExp
  street: CivilStreetBoolExp
}"
        );
        assert_eq!(
            part(&text, "input CivilResidentOrderBy"),
            "input CivilResidentOrderBy {\n  id: OrderBy\n  born: OrderBy\n  streetId: OrderBy\n  street: CivilStreetOrderBy\n}"
        );
        assert_eq!(
            part(&text, "enum CivilResidentSelectColumn"),
            "enum CivilResidentSelectColumn {\n  id\n  born\n  streetId\n}"
        );
        assert_eq!(
            part(&text, "input CivilStreetOrderBy"),
            "input CivilStreetOrderBy {\n  id: OrderBy\n  residentAggregate: CivilResidentAggregateOrderBy\n}"
        );
        assert_eq!(part(&text, "input BytesComparisonExp"), "input BytesComparisonExp {\n  _isNull: Boolean\n}");
        assert!(part(&text, "input DateComparisonExp").contains("  _in: [Date!]\n"));
        assert!(!part(&text, "input DateComparisonExp").contains("_like"));
        assert!(
            text.contains("\nscalar Date @specifiedBy(url: \"https://www.rfc-editor.org/rfc/rfc3339#section-5.6\")\n")
        );
        assert!(!text.contains("scalar Int") && !text.contains("scalar String"));
    }

    #[test]
    fn a_collection_has_aggregates_and_groups() {
        let text = "civil.resident: id Int!, born Date, photo Bytes, street_id Int; pk(id); fk(street_id) street
                    civil.street: id Int, area Decimal; pk(id)";
        let text = sdl(&model(text), &Slice::all());
        let bare = |start: &str| {
            let lines = part(&text, start).lines().filter(|line| !line.contains("\"\"\"")).map(str::trim);
            lines.filter(|line| line.contains([':', '{', '}'])).collect::<Vec<_>>().join("\n")
        };
        assert!(part(&text, "type Civil").contains(
            "  residentGroups(by: [CivilResidentGroupBy!]!, where: CivilResidentBoolExp, having: CivilResidentHaving, \
             orderBy: [CivilResidentGroupOrderBy!], limit: Int, offset: Int): [CivilResidentGroup!]\n"
        ));
        assert!(part(&text, "type Civil").contains("): CivilResidentAggregate\n"));
        assert!(part(&text, "type CivilStreet").contains("  residentAggregate(where: CivilResidentBoolExp, "));
        let figures =
            "count(columns: [CivilStreetSelectColumn!], distinct: Boolean): BigInt!\nsum: CivilStreetSumFields";
        assert!(bare("type CivilStreetAggregateFields").contains(figures));
        assert_eq!(bare("type CivilStreetSumFields"), "type CivilStreetSumFields {\nid: BigInt\narea: Decimal\n}");
        assert_eq!(bare("type CivilStreetVarPopFields"), "type CivilStreetVarPopFields {\nid: Float\narea: Float\n}");
        assert_eq!(
            bare("type CivilResidentMinFields"),
            "type CivilResidentMinFields {\nid: Int\nborn: Date\nstreetId: Int\n}"
        );
        assert_eq!(
            part(&text, "enum CivilResidentGroupBy"),
            "enum CivilResidentGroupBy {\n  id\n  born\n  streetId\n  street_id\n  street_area\n}"
        );
        assert!(bare("type CivilResidentGroupKey").contains("street_area: Decimal"));
        assert_eq!(
            part(&text, "input CivilResidentGroupKeyOrderBy"),
            "input CivilResidentGroupKeyOrderBy {\n  id: OrderBy\n  born: OrderBy\n  streetId: OrderBy\n  street_id: OrderBy\n  street_area: OrderBy\n}"
        );
        let having = part(&text, "input CivilResidentHaving");
        assert!(having.contains("_and: [CivilResidentHaving!]\n") && having.contains("count: BigIntComparisonExp\n"));
        assert!(having.contains("sum: CivilResidentSumBoolExp\n") && having.contains("max: CivilResidentValueBoolExp"));
        assert!(
            part(&text, "input CivilStreetSumBoolExp")
                .contains("id: BigIntComparisonExp\n  area: DecimalComparisonExp")
        );
        assert!(part(&text, "input CivilStreetBoolExp").contains("residentAggregate: CivilResidentAggregateBoolExp"));
        assert!(part(&text, "input CivilResidentAggregateBoolExp").contains("where: CivilResidentBoolExp"));
        assert!(!text.contains("CivilStreetAggregateBoolExp") && !text.contains("CivilStreetAggregateOrderBy"));
    }

    #[test]
    fn text_has_all_operators() {
        let text = sdl(&model("s.t: a String"), &Slice::all());
        assert_eq!(
            part(&text, "input StringComparisonExp"),
            "input StringComparisonExp {
  _eq: String
  _neq: String
  _in: [String!]
  _nin: [String!]
  _gt: String
  _gte: String
  _lt: String
  _lte: String
  _isNull: Boolean
  _like: String
  _nlike: String
  _ilike: String
  _nilike: String
  _startsWith: String
  _endsWith: String
  _contains: String
  _regex: String
  _iregex: String
}"
        );
    }

    #[test]
    fn a_catalog_without_any_collection_has_a_schema_all_the_same() {
        let text = sdl(&model("silent"), &Slice::all());
        assert!(text.contains("type Query {\n  \"\"\"\n  Every source that is served here, and how it is.\n  \"\"\"\n  _sources: [Source!]!\n}\n"));
        assert!(!text.contains("OrderBy") && !text.contains("Silent"));
    }

    #[test]
    fn descriptions_are_escaped_and_name_the_department() {
        let (mut catalog, mut descriptions) = described("civil.resident: id Int");
        catalog.sources[0].title = Some("Civil Affairs".into());
        descriptions.get_mut("civil").unwrap().collections[0].comment = Some("says \"\"\"hello\"\"\"\n  twice".into());
        let (model, _) = federated(&catalog, &descriptions);
        let text = sdl(&model, &Slice::all());
        let expected = "
\"\"\"
says \\\"\"\"hello\\\"\"\"
  twice

Civil Affairs: `resident`
\"\"\"
type CivilResident {
  \"\"\"
  Civil Affairs: `id`
  \"\"\"
  id: Int
}
";
        assert!(text.contains(expected), "{text}");
    }
}
