//! `…Aggregate` of a collection and of a list link: figures, and the rows beside them.

use std::sync::Arc;

use lilong_connectors::{Function, Predicate};
use lilong_schema::federated::{CollectionId, FoldType};

use super::figures::Figures;
use super::{Asked, AssignStep, FoldKey, Folding};
use crate::error::RequestError;
use crate::operation::Field;
use crate::plan::build::{Builder, unknown};
use crate::plan::keys::{department, key_scalars, parent_key};
use crate::plan::output::output;
use crate::plan::read::Via;
use crate::plan::union::Silence;
use crate::plan::{KeyColumns, Output, OutputValue, Parent, RowsOutput, Step, StepId, WholeOutput};

impl Builder<'_> {
    /// Which rows a field with the arguments of a list asks for.
    pub(in crate::plan) fn asked(&mut self, id: CollectionId, field: &Field) -> Result<Asked, RequestError> {
        let mut operands = Vec::new();
        let predicate = match field.argument("where") {
            Some(argument) => self.predicate(id, argument, &mut operands, field.location)?,
            None => Predicate::TRUE,
        };
        Ok(Asked { predicate, operands, given: self.given(id, field)? })
    }

    /// The steps of `residentAggregate` or `vaccinationsAggregate`: one fold for all that it is asked to compute, beside it
    /// one list for each `nodes`.
    pub(in crate::plan) fn aggregates(
        &mut self,
        field: &Field,
        id: CollectionId,
        via: Via<'_>,
    ) -> Result<OutputValue, RequestError> {
        let federated = self.world.federated;
        let asked = self.asked(id, field)?;
        let (key, base) = match via {
            Via::Link { link, parent, columns } => {
                (FoldKey::Parents { link, parent, columns }, federated.link(link).to_columns.len())
            }
            _ => (FoldKey::None, 0),
        };
        let mut figures = Figures::default();
        let mut computed = Vec::new();
        for child in field.selection.iter().filter(|child| &*child.name == "aggregate") {
            computed.push(self.figure_outputs(id, &child.selection, base, &mut figures)?);
        }
        let figures = figures.0;
        let assigned = if figures.is_empty() { None } else { Some(self.assigned(field, id, key, figures, &asked)?) };
        let source = federated.collection(id).source;
        let is_union = federated.union_of(id).is_some();
        let mut joins: Vec<StepId> = assigned.into_iter().filter(|_| is_union).collect();
        let mut computed = computed.into_iter();
        let mut outputs: Vec<Output> = Vec::with_capacity(field.selection.len());
        for child in &field.selection {
            let value = match &*child.name {
                "__typename" => self.fold_type_name(id, FoldType::Aggregate),
                "aggregate" => {
                    let fields = computed.next().unwrap_or_default();
                    match assigned {
                        Some(join) => OutputValue::Rows(RowsOutput { join, source, list: false, fields }),
                        None => OutputValue::Object(fields),
                    }
                }
                "nodes" => {
                    let nodes = Field { name: field.name.clone(), ..child.clone() };
                    let nodes = self.listed(&nodes, id, via, asked.clone())?;
                    if let (OutputValue::Rows(rows), true) = (&nodes, is_union) {
                        // They are no list of their own, but a part of what is told of all rows.
                        let silence = match via {
                            Via::Link { .. } => Silence::Refused,
                            _ => self.unless_partial(field, id),
                        };
                        self.bear(rows.join, silence);
                        joins.push(rows.join);
                    }
                    nodes
                }
                _ => return Err(unknown(child)),
            };
            outputs.push(output(child, value));
        }
        if joins.is_empty() {
            return Ok(OutputValue::Object(outputs));
        }
        // Without one of its members a union tells nothing of all rows.
        Ok(OutputValue::Whole(WholeOutput { joins, fields: outputs }))
    }

    fn assigned(
        &mut self,
        field: &Field,
        id: CollectionId,
        key: FoldKey<'_>,
        figures: Vec<lilong_connectors::Aggregate>,
        asked: &Asked,
    ) -> Result<usize, RequestError> {
        let federated = self.world.federated;
        let link = self.link_of(&key).cloned();
        let base = link.as_ref().map_or(0, |link| link.to_columns.len());
        let counts = figures
            .iter()
            .enumerate()
            .filter(|(_, figure)| matches!(figure.function, Function::Count | Function::CountDistinct))
            .map(|(at, _)| base + at)
            .collect();
        let folding =
            Folding { field, collection: id, key, by: Vec::new(), figures, asked: asked.clone(), groups: None };
        let rows = self.fold(folding)?.rows;
        let parent = match (key, link) {
            (FoldKey::Parents { parent, columns, .. }, Some(link)) => {
                let scalars = key_scalars(federated, &link);
                Some(Parent {
                    step: parent,
                    source: department(federated, link.from),
                    key: parent_key(federated, &link, columns),
                    row_key: KeyColumns::first(scalars),
                    enforced: false,
                })
            }
            _ => None,
        };
        Ok(self.add(Step::Assign(AssignStep { rows, parent, counts })))
    }
}

/// A field that stands for something that no document names.
pub(in crate::plan) fn field_named(name: &Arc<str>, location: crate::error::Location) -> Field {
    Field { key: name.clone(), name: name.clone(), arguments: Vec::new(), selection: Vec::new(), location }
}
