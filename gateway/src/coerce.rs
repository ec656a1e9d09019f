//! Variables and arguments → coerced values (GraphQL specification §3 and §6.1.2).
//!
//! In: JSON and literals. Out: [`Variables`] by position and [`Argument`]s that remember which part of which variable
//! they came from. *Invariant*: what is coerced fits its type whole: unknown fields, missing fields and nulls in wrong
//! places never come through.

mod literal;
mod scope;
mod structure;
mod variable;

use std::sync::Arc;

use apollo_compiler::Node;
use apollo_compiler::ast;
use lilong_schema::definition::InputValue;

use crate::error::RequestError;
use crate::operation::{Argument, Variables};

pub use scope::Scope;
pub use structure::structure;

/// Coerces the variables of a request; `BAD_VARIABLES`, at most ten of them, naming the variable and the path in it.
///
/// What the operation does not declare is ignored; an absent variable without a default stays absent.
pub fn variables(
    scope: Scope<'_>,
    raw: &serde_json::Map<String, serde_json::Value>,
) -> Result<Variables, Vec<RequestError>> {
    variable::variables(scope, raw)
}

/// Coerces the arguments of a field. An argument whose variable is absent is absent; defaults are those of variables,
/// for the model's arguments have none.
pub fn arguments(
    scope: Scope<'_>,
    given: &[Node<ast::Argument>],
    definitions: &[InputValue],
    variables: &Variables,
) -> Result<Vec<(Arc<str>, Argument)>, RequestError> {
    let mut coerced = Vec::with_capacity(given.len());
    for argument in given {
        let Some(definition) = definitions.iter().find(|own| *own.name == *argument.name.as_str()) else {
            continue;
        };
        if let Some(value) = literal::coerce(scope, Some(variables), &definition.ty, &argument.value)? {
            coerced.push((definition.name.clone(), value));
        }
    }
    Ok(coerced)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use lilong_schema::Value;
    use serde_json::json;

    use super::*;
    use crate::error::Code;
    use crate::operation::{Field, Form, Slot};
    use crate::sample::{model, normalized};

    const BY_WHERE: &str = "query($w: CivilResidentBoolExp) { civil { resident(where: $w) { id } } }";

    fn coerced(text: &str, raw: serde_json::Value) -> Variables {
        normalized(&model(), text, raw).unwrap().0
    }

    fn refused(text: &str, raw: serde_json::Value) -> String {
        let error = normalized(&model(), text, raw).unwrap_err().remove(0);
        assert_eq!(error.code, Code::BadVariables);
        error.message
    }

    fn resident(text: &str, raw: serde_json::Value) -> Field {
        normalized(&model(), text, raw).unwrap().1.selection.remove(0).selection.remove(0)
    }

    #[test]
    fn mistakes_are_told_with_variable_and_path() {
        let cases = [
            (
                json!({"w": {"_or": [{}, {"id": {"_eq": 1.5}}]}}),
                "at \"w._or[1].id._eq\"; Expected type \"Int\", a whole number",
            ),
            (json!({"w": {"zz": 1}}), "Field \"zz\" is not defined by type \"CivilResidentBoolExp\"."),
            (
                json!({"w": {"id": {"_in": [1, null]}}}),
                "at \"w.id._in[1]\"; Expected non-nullable type \"Int!\" not to be null.",
            ),
            (json!({"w": 5}), "got invalid value 5; Expected type \"CivilResidentBoolExp\" to be an object."),
            (json!({"w": {"gender": {"_eq": "other"}}}), "Value does not exist in \"CivilGender\" enum."),
            (json!({"w": {"gender": {"_eq": 1}}}), "Enum \"CivilGender\" cannot represent non-string value."),
            (json!({"w": {"born": {"_eq": "2024-02-30"}}}), "Expected type \"Date\", a date such as"),
        ];
        for (raw, part) in cases {
            let message = refused(BY_WHERE, raw);
            assert!(message.starts_with("Variable \"$w\" got invalid value ") && message.contains(part), "{message}");
        }
        let required = "query($n: Int!) { civil { residentByPk(id: $n) { id } } }";
        assert_eq!(refused(required, json!({})), "Variable \"$n\" of required type \"Int!\" was not provided.");
        assert_eq!(
            refused(required, json!({"n": null})),
            "Variable \"$n\" of non-null type \"Int!\" must not be null."
        );
    }

    #[test]
    fn at_most_ten_mistakes_are_told() {
        let list: Vec<_> = (0..100).map(|_| json!({"zz": 1})).collect();
        let fields: serde_json::Map<_, _> = (0..100).map(|at| (format!("zz{at}"), json!(list))).collect();
        assert_eq!(normalized(&model(), BY_WHERE, json!({"w": fields})).unwrap_err().len(), 10);
    }

    #[test]
    fn absent_null_and_default_are_three_things() {
        let text = "query($n: Int = 7) { civil { resident(limit: $n) { id } } }";
        let leaf = |number| Some(Form::Leaf(Value::Integer(number)));
        let form = |variables: &Variables| variables.0[0].as_ref().map(|argument| argument.form.clone());
        assert_eq!(form(&coerced(text, json!({}))), leaf(7));
        assert_eq!(form(&coerced(text, json!({"n": null}))), Some(Form::Null));
        assert_eq!(form(&coerced(text, json!({"n": 3, "unknown": {}}))), leaf(3));
        let bare = text.replace(" = 7", "");
        assert_eq!(form(&coerced(&bare, json!({}))), None);
        assert!(resident(&bare, json!({})).arguments.is_empty());
        assert_eq!(resident(&bare, json!({"n": null})).arguments.len(), 1);
    }

    fn check(part: &Argument, variables: &Variables) -> usize {
        assert_eq!(variables.get(part.slot.as_ref().unwrap()), Some(part));
        1 + match &part.form {
            Form::List(items) => items.iter().map(|item| check(item, variables)).sum(),
            Form::Object(entries) => entries.iter().map(|(_, item)| check(item, variables)).sum::<usize>(),
            _ => 0,
        }
    }

    #[test]
    fn slots_find_the_parts_they_came_from() {
        let raw = json!({"w": {"_or": [{"id": {"_in": [1, 2]}}, {"gender": {"_eq": "male"}}]}});
        let (variables, operation) = normalized(&model(), BY_WHERE, raw).unwrap();
        let field = &operation.selection[0].selection[0];
        assert_eq!(check(field.argument("where").unwrap(), &variables), 10);
    }

    #[test]
    fn literals_and_variables_mix() {
        let text = "query($a: Int, $b: [Int!]) { civil { resident(where: {id: {_eq: $a, _in: $b}, streetId: {_in: 5}}) { id } } }";
        let field = resident(text, json!({"b": 4}));
        let Form::Object(entries) = &field.argument("where").unwrap().form else { panic!("an object") };
        let Form::Object(id) = &entries[0].1.form else { panic!("an object") };
        assert_eq!(id.len(), 1, "the absent variable leaves no key");
        let four = Argument { form: Form::Leaf(Value::Integer(4)), slot: Some(Slot { variable: 1, path: vec![0] }) };
        assert_eq!(id[0].1, Argument { form: Form::List(vec![four]), slot: Some(Slot { variable: 1, path: vec![] }) });
        let five = Argument { form: Form::Leaf(Value::Integer(5)), slot: None };
        let list = Argument { form: Form::List(vec![five]), slot: None };
        assert_eq!(entries[1].1, Argument { form: Form::Object(vec![("_in".into(), list)]), slot: None });
    }

    #[test]
    fn a_null_variable_never_reaches_a_place_that_takes_none() {
        let text = "query($n: Int = 1) { civil { residentByPk(id: $n) { id } } }";
        assert!(refused(text, json!({"n": null})).contains("must not be null"));
        assert_eq!(resident(text, json!({})).arguments.len(), 1);
    }

    #[test]
    fn custom_scalars_are_read_by_their_text() {
        let text = "{ civil { resident(where: {balance: {_eq: 12345678901234567890.10}, visits: {_eq: 18446744073709551615}}) { id } } }";
        let written = format!("{:?}", resident(text, json!({})).arguments);
        assert!(written.contains("Decimal(\"12345678901234567890.1\")"), "{written}");
        assert!(written.contains("Integer(18446744073709551615)"), "{written}");
    }

    #[test]
    fn requests_share_a_plan_if_only_leaves_differ() {
        let shape = |raw| structure(&coerced(BY_WHERE, raw));
        let same = [
            (json!({"w": {"id": {"_eq": 1}}}), json!({"w": {"id": {"_eq": 2}}})),
            (json!({"w": {"id": {"_in": [1]}}}), json!({"w": {"id": {"_in": [1, 2, 3]}}})),
            (json!({"w": {"idCard": {"_eq": ""}}}), json!({"w": {"idCard": {"_eq": "x"}}})),
        ];
        for (one, other) in same {
            assert_eq!(shape(one), shape(other));
        }
        let different = [
            json!({}),
            json!({"w": null}),
            json!({"w": {}}),
            json!({"w": {"id": {"_eq": 1}}}),
            json!({"w": {"id": {"_eq": null}}}),
            json!({"w": {"id": {"_gt": 1}}}),
            json!({"w": {"id": {"_gt": 1, "_lt": 1}}}),
            json!({"w": {"id": {"_lt": 1, "_gt": 1}}}),
            json!({"w": {"id": {"_in": []}}}),
            json!({"w": {"id": {"_isNull": true}}}),
            json!({"w": {"id": {"_isNull": false}}}),
            json!({"w": {"gender": {"_eq": "male"}}}),
            json!({"w": {"gender": {"_eq": "female"}}}),
            json!({"w": {"_or": []}}),
            json!({"w": {"_or": [{}]}}),
            json!({"w": {"_or": [{}, {}]}}),
        ];
        let shapes: std::collections::HashSet<_> = different.iter().map(|raw| shape(raw.clone())).collect();
        assert_eq!(shapes.len(), different.len());
    }
}
