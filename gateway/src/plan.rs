//! A plan: what to ask of which source, how the answers meet, and how the response is put together. Made once for an
//! operation and the structure of its variables; holds no caller and no variable's value.
//!
//! In: [`Operation`](crate::operation::Operation). Out: [`Plan`], a list of steps in which every step stands after those it reads, and a tree of
//! outputs that places their rows.
//! *Invariant*: the planner asks nobody, and knows a source by its [`Capabilities`](lilong_schema::Capabilities) alone.

mod arguments;
mod build;
mod choose;
mod columns;
pub mod connection;
mod count;
mod cursors;
pub mod display;
mod estimate;
mod far;
mod filter;
mod fold;
mod inputs;
mod inside;
mod keys;
mod limits;
mod narrow;
mod order;
mod output;
mod own_order;
pub mod page;
mod pushdown;
mod read;
mod scan;
mod share;
pub mod union;
mod weight;

use std::collections::HashMap;
use std::sync::Arc;

use lilong_connectors::{Predicate, Prepared};
use lilong_schema::collection::FieldId;
use lilong_schema::federated::SourceId;
use lilong_schema::{Normalizer, Scalar, Value};

pub use self::build::{World, plan};
pub use self::choose::{ChooseStep, Part, Whole};
use self::connection::{ConnectionOutput, CursorArgument};
pub use self::far::AttachStep;
pub use self::fold::{AggregateStep, AssignStep, Figure, Guard, WholeOutput, WidenStep};
pub use self::limits::{Check, CheckKind};
pub use self::narrow::FillStep;
pub use self::output::{Cell, SourceField, SourceOutput};
pub use self::page::SortTerm;
use self::page::{FetchPage, PageStep};
pub(crate) use self::pushdown::fields_of;
pub use self::scan::ScanStep;
use self::union::UnionStep;
use crate::introspect::LongSchema;
use crate::operation::{Argument, Field, Form, Slot, Variables};

/// The position of a step in [`Plan::steps`].
pub type StepId = usize;

/// A plan.
#[derive(Debug)]
pub struct Plan {
    /// Steps, inputs before users.
    pub steps: Vec<Step>,
    /// The steps that each step reads, in the order in which it takes them.
    pub inputs: Vec<Vec<StepId>>,
    /// The steps that read each step, once for each time they do.
    pub users: Vec<Vec<StepId>>,
    /// The fields of the answer's `data`.
    pub output: Vec<Output>,
    /// What the values of variables must meet before anything is asked.
    pub checks: Vec<Check>,
    /// Cursors given; their values follow the variables, a list for each.
    pub cursors: Vec<CursorArgument>,
    /// What it depends on beyond the structure of variables.
    pub guards: Vec<Guard>,
}

/// One piece of work.
#[derive(Debug)]
#[allow(clippy::large_enum_variant)] // a plan has a few dozen of them, made once
pub enum Step {
    /// Asks a source for rows.
    Fetch(FetchStep),
    /// Asks the members of a union for rows.
    Union(Box<UnionStep>),
    /// Keeps rows that meet what a source could not check.
    Filter(FilterStep),
    /// Puts rows in an order that a source could not give.
    Sort(SortStep),
    /// Puts a value of linked rows beside rows.
    Attach(AttachStep),
    /// Keeps rows between cursors where a source could not.
    Page(PageStep),
    /// Collects the different keys of rows.
    Keys(KeysStep),
    /// Gives each parent row its rows.
    Join(JoinStep),
    /// Puts columns that were read later beside rows that parents were given.
    Fill(FillStep),
    /// Folds rows into groups.
    Aggregate(AggregateStep),
    /// Puts columns of linked rows beside rows.
    Widen(WidenStep),
    /// Gives each parent the row that its rows were folded into.
    Assign(AssignStep),
    /// Gives the keys by which a filter goes through a link.
    Choose(Box<ChooseStep>),
    /// Reads rows in their order until enough of them meet a filter across sources.
    Scan(Box<ScanStep>),
    /// Stands for what a [`Part`] is given.
    Given,
}

/// Asks a source for rows.
#[derive(Debug)]
pub struct FetchStep {
    /// Whom.
    pub source: SourceId,
    /// The field of the schema that it serves, for messages.
    pub field: Arc<str>,
    /// What, without values.
    pub prepared: Arc<Prepared>,
    /// Where the values of its operands come from.
    pub operands: Vec<PlanOperand>,
    /// Where its keys come from.
    pub keys: Option<KeysFrom>,
    /// What more rows than this are.
    pub ceiling: Ceiling,
    /// The cursors that it asks between; `prepared` is for values that are not null.
    pub page: Option<FetchPage>,
    /// Whether it may be told to stop at fewer rows.
    pub stops: bool,
}

/// What it means that a fetch finds more rows than it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ceiling {
    /// The most rows.
    pub rows: usize,
    /// Whether the rows were asked for to work on them here: then more are `TOO_COSTLY`, else `TOO_LARGE`.
    pub budget: bool,
}

/// Where the keys of a fetch come from.
#[derive(Clone, Debug)]
pub enum KeysFrom {
    /// A [`KeysStep`].
    Step(StepId),
    /// One key of arguments, in the order of the key's columns.
    Arguments(Vec<PlanOperand>),
}

/// Where an operand's value comes from.
#[derive(Clone, Debug, PartialEq)]
pub enum PlanOperand {
    /// The document, or the planner.
    Literal(Value),
    /// A part of a variable.
    Variable(Slot),
    /// A list of parts.
    List(Vec<PlanOperand>),
    /// The keys of a [`KeysStep`].
    FromStep(StepId),
    /// An integer and one more.
    OneMore(Box<PlanOperand>),
}

/// Keeps rows that meet a predicate.
#[derive(Debug)]
pub struct FilterStep {
    /// The rows.
    pub input: StepId,
    /// The collection they are of.
    pub collection: Arc<lilong_schema::Collection>,
    /// Which field each of their columns is.
    pub columns: Vec<FieldId>,
    /// What they must meet.
    pub predicate: Predicate,
    /// Where the values of its operands come from.
    pub operands: Vec<PlanOperand>,
}

/// Sorts rows; equal ones keep their order.
#[derive(Debug)]
pub struct SortStep {
    /// The rows.
    pub input: StepId,
    /// The columns of the batch to compare, in turn.
    pub terms: Vec<SortTerm>,
    /// Whether rows get a number as their last column: how many before them are equal in all terms.
    pub numbered: bool,
}

/// One side of a key comparison: columns of a batch, and how their values become keys.
#[derive(Clone, Debug)]
pub struct KeyColumns {
    /// Columns of the batch, in key order.
    pub columns: Vec<usize>,
    /// What their cells are.
    pub from: Vec<Scalar>,
    /// What they are compared as; texts after `normalize`.
    pub to: Vec<Scalar>,
    /// Steps on their canonical texts.
    pub normalize: Vec<Normalizer>,
}

/// Collects the different keys of rows; keys with a null are left out.
#[derive(Debug)]
pub struct KeysStep {
    /// The rows.
    pub input: StepId,
    /// What is their key.
    pub key: KeyColumns,
    /// What the keys are made from by a table, in their place.
    pub before: Option<Preimages>,
    /// Whether they are collected to work on them here: then they count against the request's budget of keys.
    pub budget: bool,
}

/// A table read backwards, for keys of one column.
#[derive(Clone, Debug)]
pub struct Preimages {
    /// What becomes a text.
    pub table: HashMap<String, Vec<String>>,
    /// What these are compared as.
    pub to: Scalar,
}

/// Gives each parent row its rows: in their order, made different, without the first `offset`, at most `limit`.
#[derive(Clone, Debug)]
pub struct JoinStep {
    /// The field of the schema that it serves, for messages.
    pub field: Arc<str>,
    /// The source of the rows, for faults; `None`: they are of a union.
    pub source: Option<Arc<str>>,
    /// The rows.
    pub rows: StepId,
    /// The parents; none: there is one, the root.
    pub parent: Option<Parent>,
    /// Only the first row of each different combination of these columns and scalars; empty: all.
    pub distinct: Vec<(usize, Scalar)>,
    /// Rows left out, where the source did not.
    pub offset: Option<PlanOperand>,
    /// The most rows, where the source was not told.
    pub limit: Option<PlanOperand>,
    /// What a parent's rows are to it.
    pub rule: JoinRule,
}

/// The parents of a join.
#[derive(Clone, Debug)]
pub struct Parent {
    /// The join that placed them, or the step that holds them.
    pub step: StepId,
    /// The source that they come from, for faults; `None`: they are of a union, and each row tells.
    pub source: Option<Arc<str>>,
    /// Their keys.
    pub key: KeyColumns,
    /// The keys of the rows.
    pub row_key: KeyColumns,
    /// Whether every key without a null leads to a row: see [`Link::enforced`](lilong_schema::federated::Link::enforced).
    pub enforced: bool,
}

/// What a parent's rows are to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JoinRule {
    /// A list: more than `most` are `TOO_LARGE`.
    List {
        /// The most rows.
        most: usize,
    },
    /// At most one row; a second is `SOURCE_MISMATCH`.
    One,
    /// A page of a list, cut at the limit; whether that cut anything is remembered.
    Page {
        /// The most rows.
        most: usize,
        /// Whether the last row is the first of the page.
        reversed: bool,
    },
    /// Rows that are counted, not given out.
    Count,
}

/// A field of the answer.
#[derive(Debug)]
pub struct Output {
    /// Its response key.
    pub key: Arc<str>,
    /// `"key":`, escaped and ready to be written.
    pub prefix: Box<[u8]>,
    /// Its value.
    pub value: OutputValue,
}

/// How a value is written.
#[derive(Debug)]
pub enum OutputValue {
    /// Bytes known since planning.
    Constant(Box<[u8]>),
    /// `__schema` that is packed, and unpacked while it is sent.
    Schema(Arc<LongSchema>),
    /// `__type(name: $name)`
    TypeByName {
        /// Where the name comes from.
        name: PlanOperand,
        /// What is wanted of it.
        selection: Vec<Field>,
    },
    /// `_sources`
    Sources(Vec<SourceOutput>),
    /// An object of the same row as what is around it, or of none: a department's namespace.
    Object(Vec<Output>),
    /// Such an object that is null as a whole if one of its joins has a fault instead of rows.
    Whole(WholeOutput),
    /// A cell of the row.
    Cell(Cell),
    /// The rows that a join gives the row.
    Rows(RowsOutput),
    /// A page of them.
    Connection(Box<ConnectionOutput>),
}

/// Rows as a list or an object.
#[derive(Debug)]
pub struct RowsOutput {
    /// What gives them their places.
    pub join: StepId,
    /// The source the rows come from, for errors.
    pub source: SourceId,
    /// Whether it is a list.
    pub list: bool,
    /// The fields of each row.
    pub fields: Vec<Output>,
}

impl PlanOperand {
    /// The value in one request; `None` if it is a step's, or if the variable is not there.
    pub fn value(&self, variables: &Variables) -> Option<Value> {
        match self {
            PlanOperand::Literal(value) => Some(value.clone()),
            PlanOperand::Variable(slot) => variables.get(slot).and_then(argument_value),
            PlanOperand::List(items) => {
                items.iter().map(|item| item.value(variables)).collect::<Option<_>>().map(Value::List)
            }
            PlanOperand::OneMore(operand) => match operand.value(variables)? {
                Value::Integer(number) => Some(Value::Integer(number + 1)),
                _ => None,
            },
            PlanOperand::FromStep(_) => None,
        }
    }

    /// Where an argument's value comes from: the variable it stands in, or the document.
    pub fn of(argument: &Argument) -> PlanOperand {
        match (&argument.slot, &argument.form) {
            (Some(slot), _) => PlanOperand::Variable(slot.clone()),
            (None, Form::List(items)) => PlanOperand::List(items.iter().map(PlanOperand::of).collect()),
            (None, _) => PlanOperand::Literal(argument_value(argument).unwrap_or(Value::Null)),
        }
    }
}

/// The value of an argument that is a leaf or a list of leaves.
fn argument_value(argument: &Argument) -> Option<Value> {
    Some(match &argument.form {
        Form::Null => Value::Null,
        Form::Leaf(value) => value.clone(),
        Form::Enum(name) => Value::Text(name.to_string()),
        Form::List(items) => Value::List(items.iter().map(argument_value).collect::<Option<_>>()?),
        Form::Object(_) => return None,
    })
}

/// An integer that an operand stands for.
pub(crate) fn integer(operand: &PlanOperand, variables: &Variables) -> Option<i64> {
    match operand.value(variables)? {
        Value::Integer(number) => i64::try_from(number).ok(),
        _ => None,
    }
}
