//! Syntax tree → a document that fits the schema.
//!
//! In: a [`Parsed`] document and what the request sees of the model. Out: a [`Valid`] document, or at most
//! `MOST_ERRORS` reasons why not. The compiler's own validation is run against a schema made for this document alone,
//! of just the types and fields that it touches; rules that the compiler lacks are added. *Invariant*: a [`Valid`] can
//! only come from here, and its cost never depends on the size of the model.

mod touch;
mod variables;

use std::collections::HashMap;

use apollo_compiler::Node;
use apollo_compiler::ast::{self, Definition, FragmentDefinition, OperationDefinition, OperationType};
use apollo_compiler::diagnostic::ToCliReport;
use apollo_compiler::validation::Valid as Assumed;
use lilong_schema::{Federated, Slice};

use crate::error::{Code, Location, RequestError};
use crate::parse::{Parsed, cut, sentence};

/// How many errors of one document are told.
const MOST_ERRORS: usize = 10;

/// A document of which every operation fits the schema.
#[derive(Clone, Debug)]
pub struct Valid {
    parsed: Parsed,
    /// Positions among the document's definitions.
    operations: Vec<usize>,
    fragments: HashMap<apollo_compiler::Name, usize>,
}

impl Valid {
    /// The syntax tree.
    pub fn document(&self) -> &ast::Document {
        self.parsed.document()
    }

    /// The operation of that name, or the only one; `BAD_INPUT` if there is none or the choice is open.
    pub fn operation(&self, name: Option<&str>) -> Result<&OperationDefinition, RequestError> {
        let mut operations = self.operations.iter().filter_map(|at| match self.document().definitions.get(*at) {
            Some(Definition::OperationDefinition(operation)) => Some(operation),
            _ => None,
        });
        let refuse = |message: String| Err(RequestError::new(Code::BadInput, message));
        match (name, self.operations.len()) {
            (Some(name), _) => {
                match operations.find(|operation| operation.name.as_ref().is_some_and(|own| own == name)) {
                    Some(operation) => Ok(operation),
                    None => refuse(cut(&format!("Unknown operation named \"{name}\"."))),
                }
            }
            (None, 0 | 1) => match operations.next() {
                Some(operation) => Ok(operation),
                None => refuse("Must provide an operation.".into()),
            },
            (None, _) => refuse("Must provide operation name if query contains multiple operations.".into()),
        }
    }

    /// The fragment of that name; every fragment that is spread is there.
    pub fn fragment(&self, name: &str) -> Option<&FragmentDefinition> {
        match self.document().definitions.get(*self.fragments.get(name)?) {
            Some(Definition::FragmentDefinition(fragment)) => Some(fragment),
            _ => None,
        }
    }

    /// Where a part of the document stands.
    pub fn location<T>(&self, node: &Node<T>) -> Location {
        self.parsed.location(node.location())
    }

    /// A refusal that points at a part of the document.
    pub(crate) fn refuse<T>(&self, code: Code, message: impl Into<String>, node: &Node<T>) -> RequestError {
        self.parsed.refuse(code, message, node.location())
    }
}

/// Validates a document. Literals that a custom scalar cannot read are `BAD_INPUT`, all else is `VALIDATION_FAILED`.
///
/// Limits must have been checked before: what is too deep here could need too much stack.
pub fn validate(parsed: Parsed, federated: &Federated, slice: &Slice) -> Result<Valid, Vec<RequestError>> {
    let unsupported = unsupported_operations(&parsed);
    if !unsupported.is_empty() {
        return Err(unsupported);
    }
    let touched = touch::touch(&parsed, federated, slice);
    if let Err(failure) = parsed.document().to_executable_validate(Assumed::assume_valid_ref(&touched.schema)) {
        let errors = failure.errors.iter().filter_map(|diagnostic| {
            let (reason, place) = (diagnostic.error.to_string(), diagnostic.error.location());
            // A selection of which no field is known is empty to the compiler.
            let told_already = reason.contains("must have a subselection set") && parsed.text(place).ends_with('}');
            let message = || in_own_words(cut(&sentence(&reason)));
            (!told_already).then(|| parsed.refuse(Code::ValidationFailed, message(), place))
        });
        return Err(errors.take(MOST_ERRORS).collect());
    }
    let mut errors = touched.repeated;
    errors.extend(variables::check(&parsed, &touched.uses));
    if errors.is_empty() {
        errors = touched.unreadable;
    }
    if !errors.is_empty() {
        errors.truncate(MOST_ERRORS);
        return Err(errors);
    }
    let mut valid = Valid { parsed, operations: Vec::new(), fragments: HashMap::new() };
    for (at, definition) in valid.parsed.document().definitions.iter().enumerate() {
        match definition {
            Definition::OperationDefinition(_) => valid.operations.push(at),
            Definition::FragmentDefinition(fragment) => {
                valid.fragments.insert(fragment.name.clone(), at);
            }
            _ => {}
        }
    }
    Ok(valid)
}

/// Kinds of operation that have no root type, told by their own words.
fn unsupported_operations(parsed: &Parsed) -> Vec<RequestError> {
    let definitions = parsed.document().definitions.iter();
    let errors = definitions.filter_map(|definition| match definition {
        Definition::OperationDefinition(operation) => {
            let message = match operation.operation_type {
                OperationType::Query => return None,
                OperationType::Mutation => "Mutations are not supported yet.",
                OperationType::Subscription => "Subscriptions are not supported yet.",
            };
            Some(parsed.refuse(Code::ValidationFailed, message, operation.location()))
        }
        _ => None,
    });
    errors.take(MOST_ERRORS).collect()
}

/// A reason as the compiler tells it; directives that are known elsewhere are not unknown but not there yet.
fn in_own_words(reason: String) -> String {
    let directive = ["`@defer`", "`@stream`"].into_iter().find(|directive| {
        reason.strip_prefix("Cannot find directive ").is_some_and(|rest| rest.starts_with(directive))
    });
    directive.map_or(reason, |directive| format!("{directive} is not supported yet."))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::sample::{code, model, valid, valid_in};

    #[test]
    fn documents_that_fit_are_accepted() {
        let model = model();
        for text in [
            "{ __typename civil { __typename resident(limit: 3) { id a: id } } }",
            "{ _sources { name state } }",
            "query A($n: Int) { civil { resident(limit: $n) { id } } } query B { civil { __typename } }",
            "query($n: Int = 3) { civil { residentByPk(id: $n) { id } } }",
            "query($id: Int!) { civil { resident(where: {id: {_in: [$id, 2]}}) { id } } }",
            "{ civil { resident(where: {_and: {id: {_in: 1}}}, orderBy: {id: ASC}, distinctOn: id) { id } } }",
            "{ civil { resident(where: {gender: {_eq: female}, balance: {_gt: 1.50}, visits: {_eq: \"99\"}}) { id } } }",
            "{ civil { resident(where: {vaccinations: {given: {_lt: \"2024-01-01T00:00:00Z\"}}}, limit: null) { id } } }",
            "{ __schema { queryType { name } } __type(name: \"Civil\") { fields(includeDeprecated: true) { name } } }",
            "{ ...A } fragment A on Query { __type(name: \"X\") { ...B } } fragment B on __Type { isOneOf name }",
            "query($yes: Boolean!) { civil @include(if: $yes) { __typename @skip(if: false) } }",
            "{ civil { ... on Civil { __typename } ... { __typename } } }",
        ] {
            assert_eq!(valid(&model, text).err(), None, "{text}");
        }
    }

    #[test]
    fn answers_in_parts_are_not_supported_yet_and_said_so() {
        let model = model();
        for text in ["{ ... @defer { __typename } }", "{ ...A @defer(if: false) } fragment A on Query { __typename }"] {
            let errors = valid(&model, text).unwrap_err();
            assert_eq!(errors[0].message, "`@defer` is not supported yet.", "{text}");
        }
        assert!(valid(&model, "{ __typename @other }").unwrap_err()[0].message.contains("`@other`"));
    }

    #[test]
    fn documents_that_do_not_fit_are_refused() {
        let model = model();
        for text in [
            "{ zz }",
            "{ civil }",
            "{ civil { resident { id { x } } } }",
            "{ civil { residentByPk { id } } }",
            "{ civil { resident(zz: 1) { id } } }",
            "{ civil { resident(limit: 1, limit: 1) { id } } }",
            "{ civil { resident(limit: 2147483648) { id } } }",
            "{ civil { resident(limit: \"1\") { id } } }",
            "{ civil { resident(where: {zz: 1}) { id } } }",
            "{ civil { resident(where: {gender: {_eq: \"female\"}}) { id } } }",
            "{ civil { resident(where: {gender: {_eq: other}}) { id } } }",
            "{ civil { resident(where: {id: {_in: [null]}}) { id } } }",
            "{ civil { resident(where: {id: {_eq: 1}, id: {_eq: 2}}) { id } } }",
            "{ civil { resident(distinctOn: [zz]) { id } } }",
            "query($id: Int) { civil { resident(where: {id: {_in: [$id]}}) { id } } }",
            "query($id: Int = null) { civil { residentByPk(id: $id) { id } } }",
            "query($id: Int) { civil { resident(where: {id: {_in: $id}}) { id } } }",
            "query($id: String) { civil { resident(where: {id: {_eq: $id}}) { id } } }",
            "query($x: Civil) { civil { __typename } }",
            "query($x: ID) { civil { __typename @include(if: $x) } }",
            "query($x: Int) { civil { __typename } }",
            "{ civil { resident(limit: $n) { id } } }",
            "query A($n: Int) { ...F } query B { ...F } fragment F on Query { civil { resident(limit: $n) { id } } }",
            "{ civil { a: resident { id } a: street { id } } }",
            "{ civil { resident { x: id ...F } } } fragment F on CivilResident { x: idCard }",
            "{ civil { ... on Health { __typename } } }",
            "{ ... on Int { __typename } }",
            "{ ... on Zz { __typename } }",
            "{ ... on CivilResidentBoolExp { __typename } }",
            "{ __typename } fragment F on Query { __typename }",
            "{ __typename @deprecated }",
            "{ __typename @defer }",
            "query @include(if: true) { __typename }",
            "{ __typename @include(if: true) @include(if: true) }",
            "{ __typename } { __typename }",
            "{ __typename } type Zz { a: Int }",
            "mutation { __typename }",
            "subscription { __typename }",
            "{ __type { name } }",
        ] {
            assert_eq!(code(&model, text), Some(Code::ValidationFailed), "{text}");
        }
    }

    #[test]
    fn a_literal_that_a_custom_scalar_cannot_read_is_bad_input_wherever_it_stands() {
        let model = model();
        let text = "{ __typename } query B { civil @skip(if: true) {\n resident(where: {_or: [{born: {_eq: \"2024-02-30\"}}]}) { id } } }";
        let named = text.replacen("{ __typename }", "query A { __typename }", 1);
        let errors = valid(&model, &named).unwrap_err();
        assert_eq!((errors[0].code, errors[0].locations[0].line), (Code::BadInput, 2));
        assert!(errors[0].message.contains("Date"), "{}", errors[0].message);
        for literal in ["true", "x", "[1]", "{a: 1}", "\"x\""] {
            let text = format!("{{ civil {{ resident(where: {{balance: {{_eq: {literal}}}}}) {{ id }} }} }}");
            assert_eq!(code(&model, &text), Some(Code::BadInput), "{literal}");
        }
    }

    #[test]
    fn a_mistake_is_told_once() {
        let model = model();
        let fragment = "fragment F on CivilResident { zz }";
        let subselection = "Interface, union and object types must have a subselection set";
        for (text, message) in [
            ("{ civil { zz } }".to_owned(), "Type `Civil` does not have a field `zz`"),
            (
                format!("{{ civil {{ resident {{ ...F }} }} }} {fragment}"),
                "Type `CivilResident` does not have a field `zz`",
            ),
            ("{ civil { resident(where: {id: {}}) } }".to_owned(), subselection),
            ("{ civil @include(if: true) }".to_owned(), subselection),
        ] {
            let errors = valid(&model, &text).unwrap_err();
            assert_eq!(errors.iter().map(|error| &*error.message).collect::<Vec<_>>(), [message], "{text}");
        }
    }

    #[test]
    fn at_most_ten_errors_are_told_each_with_its_place() {
        let text = format!("{{ {} }}", (0..500).map(|at| format!("zz{at}")).collect::<Vec<_>>().join("\n"));
        let errors = valid(&model(), &text).unwrap_err();
        assert_eq!(errors.len(), MOST_ERRORS);
        assert_eq!(errors[9].locations, [Location { line: 10, column: 1 }]);
    }

    #[test]
    fn what_is_out_of_the_slice_is_not_there() {
        let model = model();
        let civil = Slice::of([0]);
        valid_in(&model, &civil, "{ civil { resident { id street { name } } } }").unwrap();
        for text in [
            "{ health { __typename } }",
            "{ civil { resident { vaccinations { id } } } }",
            "{ civil { resident(where: {vaccinations: {}}) { id } } }",
            "{ ... on HealthVaccination { id } }",
            "query($x: HealthVaccinationBoolExp) { civil { resident(where: $x) { id } } }",
        ] {
            assert!(valid_in(&model, &civil, text).is_err(), "{text}");
        }
    }

    #[test]
    fn an_operation_is_chosen_by_name() {
        let model = model();
        let two = valid(&model, "query A { __typename } query B { a: __typename }").unwrap();
        assert_eq!(two.operation(Some("B")).unwrap().name.as_ref().unwrap(), "B");
        assert_eq!(two.operation(None).unwrap_err().code, Code::BadInput);
        assert_eq!(two.operation(Some("C")).unwrap_err().message, "Unknown operation named \"C\".");
        let one = valid(&model, "{ __typename }").unwrap();
        assert!(one.operation(None).is_ok());
        assert_eq!(one.operation(Some("A")).unwrap_err().code, Code::BadInput);
    }

    #[test]
    fn no_message_speaks_of_what_lies_behind() {
        let model = model();
        for text in ["{ zz }", "{ __typename @zz }", "{ ...Zz }", "query($x: Zz) { __typename }"] {
            for error in valid(&model, text).unwrap_err() {
                assert!(!error.message.contains("apollo") && !error.message.contains(".rs"), "{}", error.message);
            }
        }
    }
}
