//! Figures: what a selection, a condition or an order asks to be computed, none twice, and how they are written.

use lilong_connectors::{Aggregate, Function};
use lilong_schema::federated::{CollectionId, FieldName, FoldType, Member, Statistic, TypeId};
use lilong_schema::{Field as Described, Scalar, Value};

use crate::error::RequestError;
use crate::operation::{Field, Form};
use crate::plan::build::{Builder, unknown};
use crate::plan::output::{output, text_constant};
use crate::plan::{Cell, Output, OutputValue};

/// What is computed of each group, none twice; a figure's column stands behind those of keys.
#[derive(Default)]
pub(in crate::plan) struct Figures(pub(in crate::plan) Vec<Aggregate>);

impl Figures {
    /// The position of a figure.
    pub(in crate::plan) fn want(&mut self, aggregate: Aggregate) -> usize {
        if let Some(position) = self.0.iter().position(|own| *own == aggregate) {
            return position;
        }
        self.0.push(aggregate);
        self.0.len() - 1
    }
}

/// How a statistic is computed.
pub(in crate::plan) fn function(statistic: Statistic) -> Function {
    match statistic {
        Statistic::Sum => Function::Sum,
        Statistic::Avg => Function::Average,
        Statistic::Stddev => Function::Deviation,
        Statistic::StddevPop => Function::DeviationPopulation,
        Statistic::Variance => Function::Variance,
        Statistic::VarPop => Function::VariancePopulation,
        Statistic::Min => Function::Minimum,
        Statistic::Max => Function::Maximum,
    }
}

/// How many rows.
pub(in crate::plan) fn count() -> Aggregate {
    Aggregate { function: Function::Count, fields: Vec::new() }
}

impl Builder<'_> {
    /// A statistic of the column of that name.
    pub(in crate::plan) fn figure(&self, id: CollectionId, statistic: Statistic, column: &str) -> Option<Aggregate> {
        match self.world.federated.member(self.world.slice, id, column) {
            Some(Member::Field(field)) => Some(Aggregate { function: function(statistic), fields: vec![field] }),
            _ => None,
        }
    }

    /// The fields of `…AggregateFields`; figures stand behind `base` other columns.
    pub(in crate::plan) fn figure_outputs(
        &self,
        id: CollectionId,
        selection: &[Field],
        base: usize,
        figures: &mut Figures,
    ) -> Result<Vec<Output>, RequestError> {
        let collection = self.world.federated.collection(id);
        let mut cell = |aggregate: Aggregate| {
            let described = aggregate.describe(&collection.described, String::new());
            let non_null = matches!(aggregate.function, Function::Count | Function::CountDistinct);
            let name = aggregate.fields.first().and_then(|field| collection.fields[*field].as_ref());
            OutputValue::Cell(Cell { non_null, ..self.cell(base + figures.want(aggregate), &described, name) })
        };
        selection
            .iter()
            .map(|field| {
                let value = match (&*field.name, Statistic::from_name(&field.name)) {
                    ("__typename", _) => self.fold_type_name(id, FoldType::AggregateFields),
                    ("count", _) => cell(self.counted(id, field)?),
                    (_, Some(statistic)) => {
                        let columns = field.selection.iter().map(|column| {
                            let value = match &*column.name {
                                "__typename" => self.fold_type_name(id, FoldType::Fields(statistic)),
                                name => cell(self.figure(id, statistic, name).ok_or_else(|| unknown(column))?),
                            };
                            Ok(output(column, value))
                        });
                        OutputValue::Object(columns.collect::<Result<_, RequestError>>()?)
                    }
                    _ => return Err(unknown(field)),
                };
                Ok(output(field, value))
            })
            .collect()
    }

    /// `count(columns, distinct)`: without columns, of rows.
    fn counted(&self, id: CollectionId, field: &Field) -> Result<Aggregate, RequestError> {
        let fields = self.select_columns(id, field, "columns")?;
        let distinct = field
            .argument("distinct")
            .is_some_and(|argument| matches!(argument.form, Form::Leaf(Value::Boolean(true))));
        let function = if distinct && !fields.is_empty() { Function::CountDistinct } else { Function::Count };
        Ok(Aggregate { function, fields })
    }

    /// The cell of a column of an answer, which is called so where it comes from.
    pub(in crate::plan) fn cell(&self, column: usize, described: &Described, name: Option<&FieldName>) -> Cell {
        let enumeration = name.and_then(|name| name.enumeration).filter(|_| described.scalar == Scalar::Enum);
        let values = enumeration.map(|id| &self.world.federated.enumerations[id].described.values);
        Cell {
            column,
            scalar: described.scalar,
            scale: described.scale.unwrap_or_default() as usize,
            values: values.map(|values| values.iter().cloned().collect()),
            non_null: false,
            source: None,
        }
    }

    pub(in crate::plan) fn fold_type_name(&self, id: CollectionId, kind: FoldType) -> OutputValue {
        text_constant(&self.world.federated.type_name(TypeId::Fold(id, kind)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_says_of_every_figure_what_the_connectors_give() {
        for statistic in Statistic::ALL {
            for scalar in Scalar::NAMED.into_iter().chain([Scalar::Enum, Scalar::Unsigned]) {
                assert_eq!(function(statistic).scalar(scalar), statistic.scalar(scalar), "{statistic:?} {scalar:?}");
            }
        }
    }
}
