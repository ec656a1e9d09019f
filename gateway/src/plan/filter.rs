//! `where`: from an input object to a predicate. Links inside the source become `Exists`; links that the source cannot
//! check become the keys of the linked side, fetched first.
//!
//! *Invariant*: what is left for the gateway to check holds no `Exists`, as linked rows are not at hand there; and each
//! link is planned once, however deep links nest.

use lilong_connectors::{Comparison, Exists, Predicate};
use lilong_schema::federated::{CollectionId, Link, LinkId, Member};
use lilong_schema::{Scalar, Value};

use super::build::Builder;
use super::choose::{Place, Ways};
use super::limits::CheckKind;
use super::read::push;
use super::{PlanOperand, StepId, pushdown};
use crate::error::{Code, Location, RequestError};
use crate::operation::{Argument, Form};

impl Builder<'_> {
    /// A `…BoolExp`; its operands are added to those of the fetch it belongs to.
    pub(super) fn predicate(
        &mut self,
        id: CollectionId,
        argument: &Argument,
        operands: &mut Vec<PlanOperand>,
        location: Location,
    ) -> Result<Predicate, RequestError> {
        let (place, all) = self.among(id, argument).unzip();
        let argument = all.as_ref().unwrap_or(argument);
        let outer = std::mem::replace(&mut self.place, place.unwrap_or(Place::Open));
        let predicate = self.condition(id, argument, false, operands, location);
        self.place = outer;
        let predicate = predicate?;
        self.tell_whole(&predicate, operands);
        Ok(predicate)
    }

    /// The same; `here`: it stands in an `_or` or a `_not` that the source cannot check all of, so that it is checked
    /// here, and the links in it by their keys.
    pub(super) fn condition(
        &mut self,
        id: CollectionId,
        argument: &Argument,
        here: bool,
        operands: &mut Vec<PlanOperand>,
        location: Location,
    ) -> Result<Predicate, RequestError> {
        let Form::Object(entries) = &argument.form else {
            return Err(null("where", location));
        };
        let order = match self.place {
            Place::Among(_) => self.by_cost(id, entries),
            _ => (0..entries.len()).collect(),
        };
        let mut parts = vec![Predicate::TRUE; entries.len()];
        for at in order {
            let (name, value) = &entries[at];
            let part = match (&**name, &value.form) {
                (_, Form::Null) => return Err(null(name, location)),
                ("_and", Form::List(items)) => Predicate::And(self.conditions(id, items, here, operands, location)?),
                ("_or", Form::List(items)) => {
                    let here = here || !self.checks_beside_links(id, items);
                    Predicate::Or(self.perhaps(|this| this.conditions(id, items, here, operands, location))?)
                }
                ("_not", _) => {
                    let here = here || !self.checks_beside_links(id, std::slice::from_ref(value));
                    Predicate::Not(Box::new(self.perhaps(|this| this.condition(id, value, here, operands, location))?))
                }
                _ => match self.world.federated.member(self.world.slice, id, name) {
                    Some(Member::Field(field)) => {
                        let part = self.comparisons(field, value, operands, location)?;
                        if here {
                            self.compares_here(id, name, &part, location)?;
                        }
                        part
                    }
                    Some(Member::Link(link)) => {
                        self.through_link(location, |this| this.linked(link, value, here, operands, location))?
                    }
                    Some(Member::Aggregate(link)) => self
                        .through_link(location, |this| this.linked_aggregate(link, value, here, operands, location))?,
                    None => return Err(bad_input(format!("`where` has no key `{name}`"), location)),
                },
            };
            self.note_found(&part, operands);
            parts[at] = part;
        }
        Ok(parts.into_iter().fold(Predicate::TRUE, Predicate::and))
    }

    /// What is planned need not hold by itself.
    fn perhaps<T>(&mut self, plan: impl FnOnce(&mut Self) -> T) -> T {
        let must = match &mut self.place {
            Place::Among(among) => std::mem::replace(&mut among.must, false),
            _ => false,
        };
        let planned = plan(self);
        if let Place::Among(among) = &mut self.place {
            among.must = must;
        }
        planned
    }

    fn conditions(
        &mut self,
        id: CollectionId,
        items: &[Argument],
        here: bool,
        operands: &mut Vec<PlanOperand>,
        location: Location,
    ) -> Result<Vec<Predicate>, RequestError> {
        items.iter().map(|item| self.condition(id, item, here, operands, location)).collect()
    }

    /// Whether the source of a collection can check all of a condition, the links in it that it cannot follow by keys.
    pub(super) fn can_check(&self, id: CollectionId, argument: &Argument) -> bool {
        let capabilities = self.capabilities(id);
        let Form::Object(entries) = &argument.form else {
            return true; // null, which is refused
        };
        entries.iter().all(|(name, value)| match (&**name, &value.form) {
            ("_and" | "_or", Form::List(items)) => items.iter().all(|item| self.can_check(id, item)),
            ("_not", _) => self.can_check(id, value),
            (_, form) => match (self.world.federated.member(self.world.slice, id, name), form) {
                (Some(Member::Link(link) | Member::Aggregate(link)), _) => {
                    capabilities.filter && self.world.federated.link(link).normalize.is_empty()
                }
                (Some(Member::Field(_)), Form::Object(operators)) => operators.iter().all(|(name, _)| {
                    comparison(name)
                        .map_or(capabilities.filter, |(comparison, _)| pushdown::can_compare(&capabilities, comparison))
                }),
                _ => true,
            },
        })
    }

    /// A `…ComparisonExp`.
    pub(super) fn comparisons(
        &mut self,
        field: usize,
        argument: &Argument,
        operands: &mut Vec<PlanOperand>,
        location: Location,
    ) -> Result<Predicate, RequestError> {
        let Form::Object(entries) = &argument.form else {
            return Err(null("where", location));
        };
        let mut all = Predicate::TRUE;
        for (name, value) in entries {
            if matches!(value.form, Form::Null) {
                return Err(null(name, location));
            }
            let part = if &**name == "_isNull" {
                match &value.form {
                    Form::Leaf(Value::Boolean(true)) => Predicate::IsNull(field),
                    _ => Predicate::Not(Box::new(Predicate::IsNull(field))),
                }
            } else {
                let (comparison, operator) =
                    comparison(name).ok_or_else(|| bad_input(format!("there is no operator `{name}`"), location))?;
                let operand = PlanOperand::of(value);
                if matches!(comparison, Comparison::Regex | Comparison::IRegex) {
                    let folds = comparison == Comparison::IRegex;
                    self.check_operand(operand.clone(), CheckKind::Pattern { folds }, operator, location)?;
                }
                Predicate::Compare { field, comparison, operand: push(operands, operand) }
            };
            all = all.and(part);
        }
        Ok(all)
    }

    /// A condition that goes through one more link.
    fn through_link(
        &mut self,
        location: Location,
        condition: impl FnOnce(&mut Self) -> Result<Predicate, RequestError>,
    ) -> Result<Predicate, RequestError> {
        self.filter_depth += 1;
        if self.filter_depth > self.world.limits.depth {
            return Err(too_deep("where", self.world.limits.depth, location));
        }
        let predicate = condition(self)?;
        self.filter_depth -= 1;
        Ok(predicate)
    }

    /// *A linked row meets the condition.*
    fn linked(
        &mut self,
        id: LinkId,
        argument: &Argument,
        here: bool,
        operands: &mut Vec<PlanOperand>,
        location: Location,
    ) -> Result<Predicate, RequestError> {
        let federated = self.world.federated;
        let link = federated.link(id);
        let capabilities = self.capabilities(link.from);
        let checks = |argument| self.can_check(link.to, argument) && self.checks_all(link.to, argument);
        if capabilities.exists && !here && self.is_inside(link) && checks(argument) {
            return Ok(Predicate::Exists(Box::new(Exists {
                collection: federated.collection(link.to).described.clone(),
                on: link.pairs().collect(),
                predicate: self.predicate(link.to, argument, operands, location)?,
            })));
        }
        let keys = self.linked_keys(id, argument, location)?;
        let operand = push(operands, PlanOperand::FromStep(keys));
        Ok(Predicate::KeyIn { fields: link.columns.clone(), normalize: link.normalize.clone(), operand })
    }

    /// Whether a source can follow a link by itself: both ends are its own, and their keys compare as they stand.
    pub(super) fn is_inside(&self, link: &Link) -> bool {
        let (from, to) = (self.world.federated.collection(link.from), self.world.federated.collection(link.to));
        from.source == to.source
            && !link.is_normalized()
            && self.follows(link)
            && link.pairs().all(|(one, other)| {
                let scalars = (from.described.fields[one].scalar, to.described.fields[other].scalar);
                let integer = |scalar| matches!(scalar, Scalar::Int | Scalar::BigInt | Scalar::Unsigned);
                match scalars {
                    (one, other) if integer(one) && (integer(other) || other == Scalar::String) => true,
                    (Scalar::String, other) if integer(other) => true,
                    (Scalar::Time | Scalar::LocalDateTime | Scalar::DateTime, _) => false,
                    (one, other) => one == other,
                }
            })
    }

    /// The keys of the linked rows that meet a condition, as the near side's columns compare.
    fn linked_keys(&mut self, id: LinkId, argument: &Argument, location: Location) -> Result<StepId, RequestError> {
        let link = self.world.federated.link(id);
        self.count_fetch(location)?;
        if let Place::AtHand { rows, columns } = self.place.clone() {
            return self.keys_of(id, argument, rows, &columns, location);
        }
        if !self.chooses(id, &[argument]) {
            return self.far_keys(link, argument, location);
        }
        let mut ways = Ways {
            far: &mut |this| this.far_keys(link, argument, location),
            keyed: &mut |this, rows, columns| this.keys_of(id, argument, rows, columns, location),
            folds: false,
        };
        self.choose(id, &[argument], &mut ways, location)
    }
}

pub(super) fn comparison(name: &str) -> Option<(Comparison, &'static str)> {
    Some(match name {
        "_eq" => (Comparison::Equal, "_eq"),
        "_neq" => (Comparison::NotEqual, "_neq"),
        "_in" => (Comparison::In, "_in"),
        "_nin" => (Comparison::NotIn, "_nin"),
        "_gt" => (Comparison::Greater, "_gt"),
        "_gte" => (Comparison::GreaterOrEqual, "_gte"),
        "_lt" => (Comparison::Less, "_lt"),
        "_lte" => (Comparison::LessOrEqual, "_lte"),
        "_like" => (Comparison::Like, "_like"),
        "_nlike" => (Comparison::NotLike, "_nlike"),
        "_ilike" => (Comparison::ILike, "_ilike"),
        "_nilike" => (Comparison::NotILike, "_nilike"),
        "_startsWith" => (Comparison::StartsWith, "_startsWith"),
        "_endsWith" => (Comparison::EndsWith, "_endsWith"),
        "_contains" => (Comparison::Contains, "_contains"),
        "_regex" => (Comparison::Regex, "_regex"),
        "_iregex" => (Comparison::IRegex, "_iregex"),
        _ => return None,
    })
}

/// Databases refuse statements that are nested without end, and would say so only when asked.
pub(super) fn too_deep(argument: &str, most: usize, location: Location) -> RequestError {
    let message = format!("`{argument}` goes through more than {most} links, one inside the other");
    RequestError::at(Code::TooDeep, message, location)
}

pub(super) fn bad_input(message: String, location: Location) -> RequestError {
    RequestError::at(Code::BadInput, message, location)
}

pub(super) fn null(name: &str, location: Location) -> RequestError {
    let message = match name {
        "_isNull" => "`_isNull` is true or false, and cannot be null".to_owned(),
        "_and" | "_or" | "_not" => format!("`{name}` cannot be null"),
        _ => format!("`{name}` cannot be compared with null; `_isNull` asks for nulls"),
    };
    bad_input(message, location)
}
