//! What a data connector says of itself: its capabilities and its schema, and the description they become.
//!
//! In: the answers of `/capabilities` and `/schema` (specification 0.2). Out: a [`SourceDescription`], with what requests
//! need to know among the details. *Invariant*: a collection that takes arguments it cannot be asked without is left out
//! with a warning.

mod counts;

use std::collections::BTreeMap;

use lilong_schema::collection::{ForeignKey, Key, REQUIRED};
use lilong_schema::{Collection, Enumeration, Field, Scalar, SourceDescription};
use serde::Deserialize;

pub(super) use self::counts::field_of_counts;
use crate::json_cells::{VALUES, has_one_order};

/// The detail of a collection that says that sets of variables can be sent.
pub(super) const VARIABLES: &str = "variables";
/// The detail of a collection whose rows can be aggregated there.
pub(super) const AGGREGATES: &str = "aggregates";
/// The detail of a collection whose rows can be grouped there.
pub(super) const GROUPS: &str = "groups";
/// The detail of a collection from which relationships can be followed.
pub(super) const RELATIONSHIPS: &str = "relationships";
/// The detail of a collection whose rows can be ordered by aggregates of related ones.
pub(super) const ORDERS_BY_AGGREGATES: &str = "order_by_aggregate";
/// The details of a field that name its operators.
pub(super) const EQUAL: &str = "equal";
pub(super) const ONE_OF: &str = "in";
pub(super) const LESS: &str = "less_than";
pub(super) const LESS_OR_EQUAL: &str = "less_than_or_equal";
pub(super) const GREATER: &str = "greater_than";
pub(super) const GREATER_OR_EQUAL: &str = "greater_than_or_equal";
/// The details of a field that name its aggregate functions.
pub(super) const SUM: &str = "sum";
pub(super) const AVERAGE: &str = "average";
pub(super) const MINIMUM: &str = "min";
pub(super) const MAXIMUM: &str = "max";
/// The detail of a field whose numbers travel as text.
pub(super) const TEXT: &str = "text";

/// The answer of `/capabilities`.
#[derive(Debug, Deserialize)]
pub(super) struct Capable {
    pub(super) version: String,
    capabilities: Capabilities,
}

#[derive(Debug, Deserialize)]
struct Capabilities {
    query: Query,
    relationships: Option<Relationships>,
}

#[derive(Debug, Deserialize)]
struct Relationships {
    order_by_aggregate: Option<serde_json::Value>,
}

#[derive(Debug, Deserialize)]
struct Query {
    variables: Option<serde_json::Value>,
    aggregates: Option<Aggregates>,
}

#[derive(Debug, Deserialize)]
struct Aggregates {
    filter_by: Option<serde_json::Value>,
    group_by: Option<serde_json::Value>,
}

/// The answer of `/schema`.
#[derive(Debug, Deserialize)]
pub(super) struct Schema {
    scalar_types: BTreeMap<String, ScalarType>,
    object_types: BTreeMap<String, ObjectType>,
    collections: Vec<Listed>,
    #[serde(default)]
    capabilities: Option<counts::Told>,
}

#[derive(Debug, Deserialize)]
struct ScalarType {
    representation: Option<Representation>,
    #[serde(default)]
    comparison_operators: BTreeMap<String, Operator>,
    #[serde(default)]
    aggregate_functions: BTreeMap<String, Function>,
}

#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Function {
    Min,
    Max,
    Sum {
        result_type: String,
    },
    Average {
        result_type: String,
    },
    /// What the specification says nothing of.
    #[serde(other)]
    Other,
}

#[derive(Debug, Deserialize)]
struct Representation {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    one_of: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Operator {
    #[serde(rename = "type")]
    kind: String,
}

#[derive(Debug, Deserialize)]
struct ObjectType {
    description: Option<String>,
    #[serde(deserialize_with = "in_order")]
    fields: Vec<(String, ObjectField)>,
    #[serde(default)]
    foreign_keys: BTreeMap<String, Reference>,
}

#[derive(Debug, Deserialize)]
struct ObjectField {
    description: Option<String>,
    #[serde(rename = "type")]
    of: Type,
    #[serde(default)]
    arguments: BTreeMap<String, Taken>,
}

#[derive(Debug, Deserialize)]
struct Taken {
    #[serde(rename = "type")]
    of: Type,
}

#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Type {
    Named { name: String },
    Nullable { underlying_type: Box<Type> },
    Array {},
    Predicate {},
}

#[derive(Debug, Deserialize)]
struct Reference {
    column_mapping: BTreeMap<String, Vec<String>>,
    foreign_collection: String,
}

#[derive(Debug, Deserialize)]
struct Listed {
    name: String,
    description: Option<String>,
    #[serde(default)]
    arguments: BTreeMap<String, Taken>,
    #[serde(rename = "type")]
    of: String,
    #[serde(default)]
    uniqueness_constraints: BTreeMap<String, Unique>,
}

#[derive(Debug, Deserialize)]
struct Unique {
    unique_columns: Vec<String>,
}

/// Fields in the order in which they were told.
fn in_order<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Vec<(String, ObjectField)>, D::Error> {
    let told = serde_json::Map::deserialize(from)?;
    let fields = told.into_iter().map(|(name, field)| Ok((name, serde_json::from_value(field)?)));
    fields.collect::<Result<_, serde_json::Error>>().map_err(serde::de::Error::custom)
}

/// Describes a data connector; `wanted` says which collections are served.
pub(super) fn describe(capable: &Capable, schema: &Schema, wanted: &dyn Fn(&str) -> bool) -> SourceDescription {
    let mut description = SourceDescription::default();
    for listed in schema.collections.iter().filter(|listed| wanted(&listed.name)) {
        match schema.collection(listed, &capable.capabilities) {
            Ok(collection) => description.collections.push(collection),
            Err(why) => description.warnings.push(format!("{} is left out: {why}", listed.name)),
        }
    }
    description.collections.sort_by(|one, other| one.name.cmp(&other.name));
    description.collections.dedup_by(|one, other| one.name == other.name);
    let fields = description.collections.iter().flat_map(|collection| &collection.fields);
    let used: std::collections::BTreeSet<&String> = fields.filter_map(|field| field.enumeration.as_ref()).collect();
    let enumerations = used.into_iter().filter_map(|name| {
        let values = schema.scalar_types.get(name)?.representation.as_ref()?.one_of.clone();
        Some(Enumeration { name: name.clone(), values })
    });
    description.enumerations = enumerations.collect();
    description
}

impl Schema {
    fn collection(&self, listed: &Listed, can: &Capabilities) -> Result<Collection, String> {
        if let Some((name, _)) = listed.arguments.iter().find(|(_, taken)| !matches!(taken.of, Type::Nullable { .. })) {
            return Err(format!("its argument `{name}` must be given"));
        }
        let of = self.object_types.get(&listed.of).ok_or_else(|| format!("there is no type `{}`", listed.of))?;
        let fields: Vec<Field> = of.fields.iter().filter_map(|(name, field)| self.field(name, field)).collect();
        let required = |column: &String| {
            fields.iter().any(|field| field.name == *column && field.holds_no_null() && field.scalar.is_key())
        };
        let mut keys: Vec<Key> = Vec::new();
        for unique in listed.uniqueness_constraints.values() {
            let columns = &unique.unique_columns;
            if !columns.is_empty() && columns.iter().all(required) && keys.iter().all(|key| key.columns != *columns) {
                keys.push(Key { columns: columns.clone(), primary: false });
            }
        }
        // Nothing says which is the primary one: the one named after the columns `id`, else the shortest, stands for it.
        keys.sort_by_key(|key| (key.columns != ["id"], key.columns.len()));
        if let Some(first) = keys.first_mut() {
            first.primary = true;
        }
        let references = of.foreign_keys.values().filter_map(|reference| {
            let pairs = reference.column_mapping.iter();
            let pairs = pairs.map(|(column, path)| match path.as_slice() {
                [target] => Some((column.clone(), target.clone())),
                _ => None,
            });
            let (columns, references) = pairs.collect::<Option<Vec<_>>>()?.into_iter().unzip();
            Some(ForeignKey { columns, collection: reference.foreign_collection.clone(), references, enforced: false })
        });
        let Capabilities { query, relationships } = can;
        let groups = query.aggregates.as_ref().is_some_and(|aggregates| aggregates.group_by.is_some());
        let abilities = [
            (VARIABLES, query.variables.is_some()),
            (AGGREGATES, query.aggregates.is_some()),
            (GROUPS, groups),
            (RELATIONSHIPS, relationships.is_some()),
            (ORDERS_BY_AGGREGATES, relationships.as_ref().is_some_and(|can| can.order_by_aggregate.is_some())),
        ];
        let abilities = abilities.into_iter().filter(|(_, can)| *can);
        let details = abilities.map(|(name, _)| (name.to_owned(), "true".to_owned()));
        let filters = query.aggregates.as_ref().is_some_and(|aggregates| aggregates.filter_by.is_some());
        let details = details.chain(self.counts().filter(|_| filters).into_iter().flatten()).collect();
        Ok(Collection {
            name: listed.name.clone(),
            comment: listed.description.clone().or_else(|| of.description.clone()),
            foreign_keys: references.collect(),
            fields,
            keys,
            details,
            ..Collection::default()
        })
    }

    /// A field; `None`: it cannot be asked for without arguments.
    fn field(&self, name: &str, field: &ObjectField) -> Option<Field> {
        if field.arguments.values().any(|taken| !matches!(taken.of, Type::Nullable { .. })) {
            return None;
        }
        let (nullable, of) = match &field.of {
            Type::Nullable { underlying_type } => (true, &**underlying_type),
            of => (false, of),
        };
        let named = match of {
            Type::Named { name } => Some(name),
            _ => None,
        };
        let scalar_type = named.and_then(|name| self.scalar_types.get(name));
        let representation = scalar_type.and_then(|of| of.representation.as_ref());
        let scalar = representation.map_or(Scalar::Json, |of| scalar(&of.kind));
        let mut details = scalar_type.map_or_else(BTreeMap::new, ScalarType::operators);
        if !nullable {
            details.insert(REQUIRED.to_owned(), "true".to_owned());
        }
        if let Some(of) = scalar_type {
            self.functions(of, scalar, &mut details);
        }
        if let (Some(of), Scalar::Enum) = (representation, scalar) {
            details.insert(VALUES.to_owned(), of.one_of.join(","));
        }
        Some(Field {
            name: name.to_owned(),
            scalar,
            native: named.cloned().unwrap_or_default(),
            nullable: true,
            comment: field.description.clone(),
            scale: None,
            enumeration: named.filter(|_| scalar == Scalar::Enum).cloned(),
            details,
        })
    }
}

impl Schema {
    /// Notes the functions of a type that give what is asked for by their name here: a result that can hold it, an order
    /// of which there is only one.
    fn functions(&self, of: &ScalarType, scalar: Scalar, details: &mut BTreeMap<String, String>) {
        let gives = |result: &str, kinds: &[&str]| {
            let result = self.scalar_types.get(result).and_then(|result| result.representation.as_ref());
            result.is_some_and(|result| kinds.contains(&result.kind.as_str()))
        };
        let has_one_least = has_one_order(scalar) || scalar == Scalar::Float;
        for (name, function) in &of.aggregate_functions {
            let (detail, good) = match function {
                Function::Min => (MINIMUM, has_one_least),
                Function::Max => (MAXIMUM, has_one_least),
                Function::Sum { result_type } => {
                    let kinds: &[&str] = match scalar {
                        Scalar::Int => &["int64", "biginteger"],
                        // In 64 bits it could run over unseen.
                        Scalar::BigInt => &["biginteger", "bigdecimal"],
                        Scalar::Decimal => &["bigdecimal"],
                        Scalar::Float => &["float64"],
                        _ => &[],
                    };
                    (SUM, gives(result_type, kinds))
                }
                Function::Average { result_type } => {
                    let number = matches!(scalar, Scalar::Int | Scalar::BigInt | Scalar::Decimal | Scalar::Float);
                    (AVERAGE, number && gives(result_type, &["float64"]))
                }
                Function::Other => continue,
            };
            if good {
                details.insert(detail.to_owned(), name.clone());
            }
        }
    }
}

/// The scalar of a representation; what has none is JSON.
fn scalar(representation: &str) -> Scalar {
    match representation {
        "boolean" => Scalar::Boolean,
        "string" => Scalar::String,
        "int8" | "int16" | "int32" => Scalar::Int,
        "int64" => Scalar::BigInt,
        "float32" | "float64" => Scalar::Float,
        "biginteger" | "bigdecimal" => Scalar::Decimal,
        "uuid" => Scalar::Uuid,
        "date" => Scalar::Date,
        "timestamp" => Scalar::LocalDateTime,
        "timestamptz" => Scalar::DateTime,
        "bytes" => Scalar::Bytes,
        "enum" => Scalar::Enum,
        _ => Scalar::Json,
    }
}
