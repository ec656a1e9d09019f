//! What a document may ask for, judged before it is validated: depth, aliases, fetches, introspection, directives.
//!
//! In: a [`Parsed`] document, the model and the limits. Out: nothing, or `TOO_DEEP` or `TOO_COSTLY`. Each operation is
//! judged by itself, with fragments counted as often as they are spread. *Invariant*: linear in the document: every
//! fragment is weighed once and the sums saturate; a document of any shape, cyclic ones included, ends and needs no
//! more than `LEVELS` levels of stack, here and in validation.

use std::collections::HashMap;

use apollo_compiler::Node;
use apollo_compiler::ast::{Definition, DirectiveList, FragmentDefinition, Selection};
use lilong_schema::Federated;
use lilong_schema::catalog::Limits;
use lilong_schema::federated::{FoldType, Member, Root, TypeId};

use crate::error::{Code, RequestError};
use crate::parse::Parsed;

/// How deep selections may nest, fields, inline fragments and spreads counted alike.
const LEVELS: usize = 256;
/// `__schema` and `__type` fields of one operation.
const INTROSPECTIONS: usize = 2;
/// Fields below `__schema` and `__type`; the largest question that tools ask has some 300.
const INTROSPECTED_FIELDS: usize = 1_000;
/// How often lists may stand inside lists below `__schema` and `__type`: each multiplies the answer.
const INTROSPECTED_LISTS: usize = 2;
/// Directives at one place, and in a document.
const DIRECTIVES: (usize, usize) = (20, 1_000);

/// Refuses what is beyond the limits.
pub fn check(parsed: &Parsed, federated: &Federated, limits: &Limits) -> Result<(), RequestError> {
    let mut scale = Scale { parsed, federated, fragments: HashMap::new(), directives: 0 };
    for definition in &parsed.document().definitions {
        if let Definition::FragmentDefinition(fragment) = definition {
            scale.fragments.entry(&fragment.name).or_insert((fragment, State::Unseen));
        }
    }
    for definition in &parsed.document().definitions {
        match definition {
            Definition::OperationDefinition(operation) => {
                scale.count_directives(&operation.directives)?;
                for variable in &operation.variables {
                    scale.count_directives(&variable.directives)?;
                }
                let weight = scale.weigh(&operation.selection_set, Some(TypeId::Query), 0)?;
                judge(&weight, limits).map_err(|(code, message)| parsed.refuse(code, message, operation.location()))?;
            }
            Definition::FragmentDefinition(fragment) => {
                // Fragments that no operation reaches are validated too.
                scale.weigh_fragment(&fragment.name, 0)?;
            }
            _ => {}
        }
    }
    Ok(())
}

fn judge(weight: &Weight, limits: &Limits) -> Result<(), (Code, String)> {
    let deep = |depth: usize, most: usize, what: &str| {
        let message = format!("{what} are nested {depth} deep; at most {most} are allowed.");
        if depth > most { Err((Code::TooDeep, message)) } else { Ok(()) }
    };
    let costly = |count: usize, most: usize, what: &str| {
        let message = format!("The operation has more than {most} {what}, fragments counted.");
        if count > most { Err((Code::TooCostly, message)) } else { Ok(()) }
    };
    deep(weight.levels, LEVELS, "Selections")?;
    deep(weight.depth, limits.depth, "Fields")?;
    deep(weight.introspection_depth, limits.introspection_depth, "Introspection fields")?;
    deep(weight.introspection_lists, INTROSPECTED_LISTS, "Lists of introspection")?;
    costly(weight.aliases, limits.aliases, "aliases")?;
    costly(weight.fetches, limits.collection_fields, "fields that read collections")?;
    costly(weight.introspections, INTROSPECTIONS, "`__schema` or `__type` fields")?;
    costly(weight.introspected, INTROSPECTED_FIELDS, "introspection fields")
}

/// What a selection asks for.
#[derive(Clone, Copy, Default)]
struct Weight {
    levels: usize,
    depth: usize,
    lists: usize,
    fields: usize,
    aliases: usize,
    fetches: usize,
    introspections: usize,
    introspection_depth: usize,
    introspection_lists: usize,
    introspected: usize,
}

impl Weight {
    fn beside(self, other: Weight) -> Weight {
        Weight {
            levels: self.levels.max(other.levels),
            depth: self.depth.max(other.depth),
            lists: self.lists.max(other.lists),
            fields: self.fields.saturating_add(other.fields),
            aliases: self.aliases.saturating_add(other.aliases),
            fetches: self.fetches.saturating_add(other.fetches),
            introspections: self.introspections.saturating_add(other.introspections),
            introspection_depth: self.introspection_depth.max(other.introspection_depth),
            introspection_lists: self.introspection_lists.max(other.introspection_lists),
            introspected: self.introspected.saturating_add(other.introspected),
        }
    }
}

#[derive(Clone, Copy)]
enum State {
    Unseen,
    Open,
    Weighed(Weight),
}

struct Scale<'a> {
    parsed: &'a Parsed,
    federated: &'a Federated,
    fragments: HashMap<&'a str, (&'a FragmentDefinition, State)>,
    directives: usize,
}

impl<'a> Scale<'a> {
    fn weigh(
        &mut self,
        selections: &'a [Selection],
        parent: Option<TypeId>,
        level: usize,
    ) -> Result<Weight, RequestError> {
        if level > LEVELS {
            return Err(RequestError::new(Code::TooDeep, format!("Selections are nested more than {LEVELS} deep.")));
        }
        let mut sum = Weight::default();
        for selection in selections {
            let weight = match selection {
                Selection::Field(field) => {
                    self.count_directives(&field.directives)?;
                    let (child, fetches) = self.step(parent, &field.name);
                    let mut weight = self.weigh(&field.selection_set, child, level + 1)?;
                    if matches!(field.name.as_str(), "__schema" | "__type") {
                        weight.introspections = weight.introspections.saturating_add(1);
                        weight.introspection_depth = weight.introspection_depth.max(weight.depth + 1);
                        weight.introspection_lists = weight.introspection_lists.max(weight.lists);
                        weight.introspected = weight.introspected.saturating_add(weight.fields);
                        (weight.depth, weight.lists, weight.fields) = (0, 0, 0);
                    }
                    let is_list =
                        matches!(field.name.as_str(), "fields" | "inputFields" | "interfaces" | "possibleTypes");
                    weight.lists += usize::from(is_list);
                    weight.depth += 1;
                    weight.fields = weight.fields.saturating_add(1);
                    weight.fetches = weight.fetches.saturating_add(usize::from(fetches));
                    weight.aliases = weight.aliases.saturating_add(usize::from(field.alias.is_some()));
                    weight
                }
                Selection::InlineFragment(fragment) => {
                    self.count_directives(&fragment.directives)?;
                    let parent = match &fragment.type_condition {
                        Some(name) => self.federated.types.get(name.as_str()).copied(),
                        None => parent,
                    };
                    self.weigh(&fragment.selection_set, parent, level + 1)?
                }
                Selection::FragmentSpread(spread) => {
                    self.count_directives(&spread.directives)?;
                    self.weigh_fragment(&spread.fragment_name, level + 1)?
                }
            };
            sum = sum.beside(Weight { levels: weight.levels + 1, ..weight });
        }
        Ok(sum)
    }

    /// Weighs a fragment once; one that is still being weighed spreads itself, which validation reports.
    fn weigh_fragment(&mut self, name: &str, level: usize) -> Result<Weight, RequestError> {
        let Some((fragment, state)) = self.fragments.get_mut(name) else {
            return Ok(Weight::default());
        };
        let fragment = *fragment;
        match *state {
            State::Weighed(weight) => return Ok(weight),
            State::Open => return Ok(Weight::default()),
            State::Unseen => *state = State::Open,
        }
        self.count_directives(&fragment.directives)?;
        let parent = self.federated.types.get(fragment.type_condition.as_str()).copied();
        let weight = self.weigh(&fragment.selection_set, parent, level)?;
        if let Some((_, state)) = self.fragments.get_mut(name) {
            *state = State::Weighed(weight);
        }
        Ok(weight)
    }

    /// The type that a field leads to, where fetches lie below it, and whether the field itself causes one.
    fn step(&self, parent: Option<TypeId>, field: &str) -> (Option<TypeId>, bool) {
        use lilong_schema::federated::SourceMember::{Aggregate, ByKey, Connection, Groups, List};
        match parent {
            Some(TypeId::Query) => match self.federated.roots.get(field) {
                Some(Root::Source(source)) => (Some(TypeId::Source(*source)), false),
                Some(Root::Union(source)) => self.step(Some(TypeId::Source(*source)), field),
                None => (None, false),
            },
            Some(TypeId::Source(source)) => match self.federated.sources[source].members.get(field) {
                Some(List(collection) | ByKey(collection, _)) => (Some(TypeId::Collection(*collection)), true),
                Some(Aggregate(collection)) => (Some(TypeId::Fold(*collection, FoldType::Aggregate)), false),
                Some(Groups(_)) => (None, true),
                Some(Connection(collection)) => (Some(TypeId::Connection(*collection)), true),
                None => (None, false),
            },
            Some(TypeId::Collection(id)) => {
                let collection = &self.federated.collections[id];
                let to = |link: &usize| self.federated.links[*link].to;
                match (collection.members.get(field), collection.connections.get(field)) {
                    (Some(Member::Link(link)), _) => (Some(TypeId::Collection(to(link))), true),
                    (Some(Member::Aggregate(link)), _) => (Some(TypeId::Fold(to(link), FoldType::Aggregate)), false),
                    (None, Some(link)) => (Some(TypeId::Connection(to(link))), true),
                    _ => (None, false),
                }
            }
            Some(TypeId::Fold(collection, FoldType::Aggregate)) => match field {
                "aggregate" => (None, true),
                "nodes" => (Some(TypeId::Collection(collection)), true),
                _ => (None, false),
            },
            Some(TypeId::Connection(collection)) => match field {
                "edges" => (Some(TypeId::Edge(collection)), false),
                "nodes" => (Some(TypeId::Collection(collection)), false),
                "totalCount" => (None, true),
                _ => (None, false),
            },
            Some(TypeId::Edge(collection)) if field == "node" => (Some(TypeId::Collection(collection)), false),
            _ => (None, false),
        }
    }

    fn count_directives(&mut self, directives: &DirectiveList) -> Result<(), RequestError> {
        self.directives += directives.len();
        if directives.len() > DIRECTIVES.0 || self.directives > DIRECTIVES.1 {
            let (here, all) = DIRECTIVES;
            let message =
                format!("More than {here} directives stand at one place, or more than {all} in the document.");
            return Err(self.parsed.refuse(Code::TooCostly, message, directives.first().and_then(Node::location)));
        }
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::sample::{code, model};

    fn nested(depth: usize) -> String {
        format!("{{ civil {{ {}id{} }} }}", "resident { street { ".repeat(depth), " } }".repeat(depth))
    }

    fn doubled(levels: usize, body: impl Fn(usize) -> String) -> String {
        (0..levels).map(body).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn fields_may_be_fifteen_deep() {
        let model = model();
        assert_eq!(code(&model, &nested(6)), None);
        assert_eq!(code(&model, &nested(7)), Some(Code::TooDeep));
    }

    #[test]
    fn what_fragments_multiply_is_counted_and_never_expanded() {
        let model = model();
        let aliases =
            doubled(40, |at| format!("fragment F{at} on Query {{ ...F{0} a{at}: civil {{ ...G }} ...F{0} }}", at + 1));
        let text = format!(
            "{{ ...F0 }} {aliases} fragment F40 on Query {{ __typename }} fragment G on Civil {{ __typename }}"
        );
        assert_eq!(code(&model, &text), Some(Code::TooCostly));
        let fetches = doubled(7, |at| {
            format!(
                "fragment F{at} on CivilResident {{ street {{ resident {{ ...F{0} }} }} vaccinations {{ resident {{ ...F{0} }} }} }}",
                at + 1
            )
        });
        let text = format!("{{ civil {{ resident {{ ...F1 }} }} }} {fetches} fragment F7 on CivilResident {{ id }}");
        assert_eq!(code(&model, &text), Some(Code::TooCostly));
    }

    #[test]
    fn fragments_without_aliases_or_fetches_may_be_spread_at_will() {
        let spread = doubled(40, |at| format!("fragment F{at} on Query {{ ...F{0} ...F{0} __typename }}", at + 1));
        let text = format!("{{ ...F0 }} {spread} fragment F40 on Query {{ __typename }}");
        assert_eq!(code(&model(), &text), None);
    }

    #[test]
    fn circles_end_and_are_left_to_validation() {
        let text = "{ ...A } fragment A on Query { __typename ...B } fragment B on Query { ...A }";
        assert_eq!(code(&model(), text), Some(Code::ValidationFailed));
    }

    #[test]
    fn long_chains_of_fragments_need_no_deep_stack() {
        let chain = doubled(1_500, |at| format!("fragment F{at} on Query {{ ...F{} }}", at + 1));
        let text = format!("{{ ...F0 }} {chain} fragment F1500 on Query {{ __typename }}");
        assert_eq!(code(&model(), &text), Some(Code::TooDeep));
    }

    #[test]
    fn introspection_has_limits_of_its_own() {
        let model = model();
        let of_type = |depth: usize| {
            format!("{{ __schema {{ types {{ {}name{} }} }} }}", "ofType { ".repeat(depth), " }".repeat(depth))
        };
        assert_eq!(code(&model, &of_type(17)), None);
        assert_eq!(code(&model, &of_type(18)), Some(Code::TooDeep));
        let lists = "{ __schema { types { fields { type { fields { type { interfaces { name } } } } } } } }";
        assert_eq!(code(&model, lists), Some(Code::TooDeep));
        let three =
            "{ a: __typename __schema { description } b: __schema { description } c: __type(name: \"X\") { name } }";
        assert_eq!(code(&model, three), Some(Code::TooCostly));
    }

    #[test]
    fn fields_that_read_are_counted_in_each_operation() {
        let model = model();
        let reads =
            |count: usize| (0..count).map(|at| format!("a{at}: resident {{ id }}")).collect::<Vec<_>>().join(" ");
        assert_eq!(code(&model, &format!("{{ civil {{ {} }} }}", reads(50))), None);
        assert_eq!(code(&model, &format!("{{ civil {{ {} }} }}", reads(51))), Some(Code::TooCostly));
        let two = format!("query a {{ civil {{ {0} }} }} query b {{ civil {{ {0} }} }}", reads(30));
        assert_eq!(code(&model, &two), None);
    }

    #[test]
    fn figures_and_the_rows_beside_them_are_counted() {
        let model = model();
        let one = "aggregate { count sum { id } } nodes { id }";
        let reads =
            |count: usize, field: &str| (0..count).map(|at| format!("a{at}: {field}")).collect::<Vec<_>>().join(" ");
        let figures = format!("residentAggregate {{ {one} }}");
        assert_eq!(code(&model, &format!("{{ civil {{ {} }} }}", reads(25, &figures))), None);
        assert_eq!(code(&model, &format!("{{ civil {{ {} }} }}", reads(26, &figures))), Some(Code::TooCostly));
        let groups = "residentGroups(by: [id]) { key { id } aggregate { count } }";
        assert_eq!(code(&model, &format!("{{ civil {{ {} }} }}", reads(50, groups))), None);
        assert_eq!(code(&model, &format!("{{ civil {{ {} }} }}", reads(51, groups))), Some(Code::TooCostly));
        let linked = "resident { vaccinationsAggregate { aggregate { count } nodes { id } } }";
        assert_eq!(code(&model, &format!("{{ civil {{ {} }} }}", reads(16, linked))), None);
        assert_eq!(code(&model, &format!("{{ civil {{ {} }} }}", reads(17, linked))), Some(Code::TooCostly));
    }

    #[test]
    fn directives_are_counted() {
        let many = format!("{{ __typename {} }}", "@include(if: true) ".repeat(21));
        assert_eq!(code(&model(), &many), Some(Code::TooCostly));
    }
}
