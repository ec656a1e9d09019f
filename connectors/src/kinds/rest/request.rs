//! Which requests a fetch becomes.
//!
//! In: a fetch and a definition. Out: a [`Choice`] without values, made once per plan; with the values of a request the
//! targets to read. *Invariant*: what is asked for holds at least the rows of the fetch; everything is checked here again.

use std::collections::{BTreeMap, BTreeSet};

use lilong_schema::{Scalar, Value};

use super::definition::{Definition, Many, Piece, Template};
use crate::evaluate::canonical_texts;
use crate::http::escaped;
use crate::{BoundFetch, Comparison, Fetch, Operand, OperandId, Predicate};

/// How a fetch is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Choice {
    /// Whether one row at a time is looked up.
    pub(super) one: bool,
    /// Columns whose one value is known from the filter.
    single: BTreeMap<String, OperandId>,
    /// Columns narrowed by a range.
    ranges: Vec<(String, Bound, OperandId)>,
    several: Several,
    /// Whether the list could be read without the several values.
    free: bool,
}

/// Which end of a range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Bound {
    From,
    To,
}

/// Where several values come from, one request or one part of a request for each.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Several {
    None,
    /// Values of these columns, a request for each combination.
    Each(Origin, Vec<String>),
    /// Values of one column, many in one request.
    Together(Origin, String, Many),
}

/// Where values of several rows stand.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Origin {
    /// The keys of the fetch, by the positions of their columns.
    Keys(Vec<usize>),
    /// A list or keys in the filter, by positions for keys.
    Operand(OperandId, Vec<usize>),
}

/// What is asked at once, and the values that its rows were asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    /// Path and query, without paging.
    pub(super) path: String,
    /// By column, the values of which a row has one; rows with others came unasked.
    pub(super) asked: Vec<(String, BTreeSet<String>)>,
}

/// Why a fetch cannot be asked for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// Columns that need a filter.
    Needs(Vec<String>),
}

impl Choice {
    /// How a fetch is asked for.
    pub(super) fn of(definition: &Definition, fetch: &Fetch) -> Result<Self, Refusal> {
        Self::by(definition, fetch, true)
    }

    fn by(definition: &Definition, fetch: &Fetch, may_look_up: bool) -> Result<Self, Refusal> {
        let mut found = Found::default();
        found.look(&fetch.predicate, fetch);
        if let Some(keys) = &fetch.keys
            && keys.normalize.is_empty()
        {
            let names = keys.columns.iter().map(|field| fetch.collection.fields[*field].name.clone()).collect();
            // Keys come first: they are what the fetch is for.
            found.several.insert(0, (Origin::Keys((0..keys.columns.len()).collect()), names));
        }
        let one = definition.one.as_ref().filter(|_| may_look_up);
        if let Some(several) = one.and_then(|(template, _)| found.covers(template, &BTreeSet::new())) {
            return Ok(Self { one: true, single: found.single, ranges: Vec::new(), several, free: false });
        }
        let Some(several) = found.covers(&definition.path, &definition.required) else {
            let needed = definition.path.columns().map(str::to_owned).chain(definition.required.iter().cloned());
            let needed: BTreeSet<String> = needed.filter(|column| !found.single.contains_key(column)).collect();
            return Err(Refusal::Needs(needed.into_iter().collect()));
        };
        let free = several == Several::None;
        let several = if free { found.narrow(definition) } else { several };
        Ok(Self { one: false, single: found.single, ranges: found.ranges, several, free })
    }

    /// What is asked for where this would be too many requests: the list instead of single rows, and of a list that can be
    /// read without the several values, all of it.
    pub(super) fn widened(&self, definition: &Definition, fetch: &Fetch) -> Option<Self> {
        if self.one {
            return Self::by(definition, fetch, false).ok();
        }
        let narrowed = self.free && self.several != Several::None;
        narrowed.then(|| Self { several: Several::None, ..self.clone() })
    }

    /// The targets for the values of one request.
    pub(super) fn targets(&self, definition: &Definition, fetch: &BoundFetch) -> Option<Vec<Target>> {
        let single = self.single.iter().map(|(column, operand)| match fetch.operands.get(*operand)? {
            Operand::Value(value) => Some((column.clone(), value.to_string())),
            Operand::Keys(_) => None,
        });
        let single: BTreeMap<String, String> = single.collect::<Option<_>>()?;
        match &self.several {
            Several::None => Some(vec![self.target(definition, fetch, single, None)?]),
            Several::Each(origin, columns) => {
                let rows = origin.rows(fetch)?;
                let each = rows.into_iter().map(|row| {
                    let mut values = single.clone();
                    values.extend(columns.iter().cloned().zip(row));
                    self.target(definition, fetch, values, None)
                });
                each.collect()
            }
            Several::Together(origin, column, many) => {
                let values: Vec<String> = origin.rows(fetch)?.into_iter().flatten().collect();
                let chunks = values.chunks(many.most);
                chunks
                    .map(|chunk| self.target(definition, fetch, single.clone(), Some((column, many, chunk))))
                    .collect()
            }
        }
    }

    fn target(
        &self,
        definition: &Definition,
        fetch: &BoundFetch,
        values: BTreeMap<String, String>,
        together: Option<(&String, &Many, &[String])>,
    ) -> Option<Target> {
        let template = match &definition.one {
            Some((template, _)) if self.one => template,
            _ => &definition.path,
        };
        let mut path = String::new();
        for piece in &template.0 {
            match piece {
                Piece::Text(text) => path.push_str(text),
                Piece::Column(column) => {
                    let value = values.get(column)?;
                    // These are steps of a path, not names in it.
                    if value.is_empty() || value == "." || value == ".." {
                        return None;
                    }
                    path.push_str(&escaped(value));
                }
            }
        }
        let mut query = Query(path);
        for (name, value) in &definition.parameters {
            query.add(name, value);
        }
        if !self.one {
            let in_path: BTreeSet<&str> = template.columns().collect();
            for (column, filter) in &definition.filters {
                if let (Some(parameter), Some(value)) = (filter.single(), values.get(column))
                    && !in_path.contains(column.as_str())
                {
                    query.add(parameter, value);
                }
            }
            for (column, bound, operand) in &self.ranges {
                let Some(filter) = definition.filters.get(column) else { continue };
                let parameter = if *bound == Bound::From { &filter.from } else { &filter.to };
                if let (Some(parameter), Some(Operand::Value(value))) = (parameter, fetch.operands.get(*operand)) {
                    query.add(parameter, &value.to_string());
                }
            }
        }
        let mut asked: Vec<(String, BTreeSet<String>)> =
            values.into_iter().map(|(column, value)| (column, BTreeSet::from([value]))).collect();
        if let Some((column, many, chunk)) = together {
            match &many.separator {
                Some(separator) => query.add_list(&many.parameter, separator, chunk),
                None => chunk.iter().for_each(|value| query.add(&many.parameter, value)),
            }
            asked.push((column.clone(), chunk.iter().cloned().collect()));
        }
        Some(Target { path: query.0, asked })
    }

    /// The request with names instead of values.
    pub(super) fn shown(&self, definition: &Definition) -> String {
        let template = match &definition.one {
            Some((template, _)) if self.one => template,
            _ => &definition.path,
        };
        let mut query = Query(template.to_string());
        for (name, value) in &definition.parameters {
            query.add(name, value);
        }
        let each: &[String] = if let Several::Each(_, columns) = &self.several { columns } else { &[] };
        if !self.one {
            let in_path: BTreeSet<&str> = template.columns().collect();
            for (column, filter) in &definition.filters {
                let known = self.single.contains_key(column) || each.contains(column);
                if let (Some(parameter), true) = (filter.single(), known && !in_path.contains(column.as_str())) {
                    query.add_shown(parameter, column);
                }
            }
            for (column, bound, _) in &self.ranges {
                let Some(filter) = definition.filters.get(column) else { continue };
                let parameter = if *bound == Bound::From { &filter.from } else { &filter.to };
                if let Some(parameter) = parameter {
                    query.add_shown(parameter, column);
                }
            }
        }
        match &self.several {
            Several::None => format!("GET {}", query.0),
            Several::Each(..) => format!("GET {} for each", query.0),
            Several::Together(_, column, many) => {
                query.add_shown(&many.parameter, &format!("{column}…"));
                format!("GET {}", query.0)
            }
        }
    }
}

/// What a fetch says of columns.
#[derive(Default)]
struct Found {
    single: BTreeMap<String, OperandId>,
    ranges: Vec<(String, Bound, OperandId)>,
    several: Vec<(Origin, Vec<String>)>,
}

impl Found {
    /// Conditions that every row meets.
    fn look(&mut self, predicate: &Predicate, fetch: &Fetch) {
        let name = |field: usize| fetch.collection.fields[field].name.clone();
        let scalar = |field: usize| fetch.collection.fields[field].scalar;
        match predicate {
            Predicate::And(parts) => parts.iter().for_each(|part| self.look(part, fetch)),
            Predicate::Compare { field, comparison, operand } if scalar(*field) != Scalar::Float => match comparison {
                Comparison::Equal => {
                    self.single.entry(name(*field)).or_insert(*operand);
                }
                Comparison::In => self.several.push((Origin::Operand(*operand, vec![0]), vec![name(*field)])),
                Comparison::Greater | Comparison::GreaterOrEqual => {
                    self.ranges.push((name(*field), Bound::From, *operand));
                }
                Comparison::Less | Comparison::LessOrEqual => self.ranges.push((name(*field), Bound::To, *operand)),
                _ => {}
            },
            Predicate::KeyIn { fields, normalize, operand } if normalize.is_empty() => {
                let names = fields.iter().map(|field| name(*field)).collect();
                self.several.push((Origin::Operand(*operand, (0..fields.len()).collect()), names));
            }
            _ => {}
        }
    }

    /// How the columns that a path and its parameters cannot do without are known; `None` if they are not.
    fn covers(&self, template: &Template, required: &BTreeSet<String>) -> Option<Several> {
        let columns = template.columns().chain(required.iter().map(String::as_str));
        let missing: BTreeSet<&str> = columns.filter(|column| !self.single.contains_key(*column)).collect();
        if missing.is_empty() {
            return Some(Several::None);
        }
        self.several.iter().find_map(|(origin, names)| {
            let positions = missing.iter().map(|column| names.iter().position(|name| name == column));
            let positions: Vec<usize> = positions.collect::<Option<_>>()?;
            let columns = positions.iter().map(|at| names[*at].clone()).collect();
            Some(Several::Each(origin.at(&positions), columns))
        })
    }

    /// How several values narrow a list that could be read without.
    fn narrow(&self, definition: &Definition) -> Several {
        for (origin, names) in &self.several {
            let filters: Vec<_> = names.iter().map(|name| definition.filters.get(name)).collect();
            let many = filters.iter().position(|filter| filter.is_some_and(|filter| filter.many.is_some()));
            if let Some(at) = many
                && let Some(many) = filters[at].and_then(|filter| filter.many.clone())
            {
                return Several::Together(origin.at(&[at]), names[at].clone(), many);
            }
            let equal = filters.iter().enumerate();
            let equal = equal.filter(|(_, filter)| filter.is_some_and(|filter| filter.equal.is_some()));
            let positions: Vec<usize> = equal.map(|(at, _)| at).collect();
            if !positions.is_empty() {
                let columns = positions.iter().map(|at| names[*at].clone()).collect();
                return Several::Each(origin.at(&positions), columns);
            }
        }
        Several::None
    }
}

impl Origin {
    /// Some of its columns.
    fn at(&self, positions: &[usize]) -> Self {
        let pick = |all: &[usize]| positions.iter().map(|at| all[*at]).collect();
        match self {
            Origin::Keys(all) => Origin::Keys(pick(all)),
            Origin::Operand(operand, all) => Origin::Operand(*operand, pick(all)),
        }
    }

    /// The values, each combination once.
    fn rows(&self, fetch: &BoundFetch) -> Option<BTreeSet<Vec<String>>> {
        let (keys, positions) = match self {
            Origin::Keys(positions) => (fetch.keys.as_ref()?, positions),
            Origin::Operand(operand, positions) => match fetch.operands.get(*operand)? {
                Operand::Value(Value::List(values)) => {
                    return Some(values.iter().map(|value| vec![value.to_string()]).collect());
                }
                Operand::Value(_) => return None,
                Operand::Keys(keys) => (keys, positions),
            },
        };
        let texts = positions.iter().map(|at| {
            let column = keys.columns().get(*at)?;
            canonical_texts(column, scalar_of(column.data_type())?).ok()
        });
        let texts = texts.collect::<Option<Vec<_>>>()?;
        let row = |row: usize| texts.iter().map(|column| column.value(row).to_owned()).collect();
        Some((0..keys.num_rows()).map(row).collect())
    }
}

/// A scalar whose cells have an Arrow type, for keys: what the texts of these are does not depend on which.
fn scalar_of(arrow: &arrow_schema::DataType) -> Option<Scalar> {
    let all = [
        Scalar::Int,
        Scalar::BigInt,
        Scalar::Unsigned,
        Scalar::Boolean,
        Scalar::Date,
        Scalar::Time,
        Scalar::LocalDateTime,
        Scalar::DateTime,
        Scalar::String,
    ];
    all.into_iter().find(|scalar| crate::rows::arrow_type(*scalar) == *arrow)
}

/// A path that gets a query.
pub(super) struct Query(pub(super) String);

impl Query {
    fn begin(&mut self, name: &str) {
        self.0.push(if self.0.contains('?') { '&' } else { '?' });
        self.0.push_str(&escaped(name));
        self.0.push('=');
    }

    /// Adds a parameter.
    pub(super) fn add(&mut self, name: &str, value: &str) {
        self.begin(name);
        self.0.push_str(&escaped(value));
    }

    /// Adds a parameter with several values; separators stay as they are, those inside values do not.
    fn add_list(&mut self, name: &str, separator: &str, values: &[String]) {
        self.begin(name);
        for (at, value) in values.iter().enumerate() {
            if at > 0 {
                self.0.push_str(separator);
            }
            self.0.push_str(&escaped(value));
        }
    }

    /// Adds a parameter with the name of a column in place of its value.
    fn add_shown(&mut self, name: &str, column: &str) {
        self.begin(name);
        self.0.push('{');
        self.0.push_str(column);
        self.0.push('}');
    }
}
