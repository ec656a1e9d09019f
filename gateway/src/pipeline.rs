//! The engine's table of contents: parse → validate → normalize → plan → execute → respond.

use std::sync::Arc;

use lilong_connectors::evaluate::Pattern;
use lilong_schema::Slice;
use lilong_schema::catalog::Limits;

use crate::coerce::{self, Scope};
use crate::cursor::CursorKey;
use crate::error::RequestError;
use crate::execute::{self, execute};
use crate::introspect::Kept;
use crate::limits;
use crate::model::Model;
use crate::normalize::normalize;
use crate::operation::Variables;
use crate::packed::Packed;
use crate::parse::parse;
use crate::pieces::Pieces;
use crate::plan::{self, Output, OutputValue, Plan};
use crate::plan_cache::PlanCache;
use crate::ran::ran;
use crate::refusal::write_refusal;
use crate::request::{Answer, Request};
use crate::respond::{self, Ahead, respond};
use crate::validate::validate;

/// What requests are answered by: a model, and what is kept between requests.
pub(crate) struct Engine<'a> {
    pub(crate) model: &'a Model,
    pub(crate) limits: &'a Limits,
    pub(crate) plans: &'a PlanCache,
    pub(crate) schemas: &'a Kept,
    pub(crate) cursors: &'a CursorKey,
}

impl Engine<'_> {
    /// From a request to its answer.
    pub(crate) async fn run(&self, request: &Request) -> Answer<Pieces> {
        let Engine { model, limits, cursors, .. } = *self;
        // As long as the patterns are held nobody compiles them again.
        let (plan, variables, _patterns) = match self.prepare(request) {
            Ok(prepared) => prepared,
            Err(errors) => return refused(&errors, &request.trace),
        };
        let schemas = match self.texts(&plan, &request.slice).await {
            Ok(texts) => texts,
            Err(error) => return refused(&[error], &request.trace),
        };
        let world = respond::World {
            model,
            slice: &request.slice,
            variables: &variables,
            trace: &request.trace,
            cursors,
            schemas: &schemas,
        };
        let ahead = Ahead::new(&plan, &world);
        let fetched = execute(
            &plan,
            execute::World {
                sources: &model.sources,
                variables: &variables,
                limits,
                trace: request.trace.clone(),
                watched: request.plan,
                arrived: &|step, rows| ahead.arrived(step, rows),
            },
        )
        .await;
        let ran = fetched.seen.as_ref().map(|seen| ran(&plan, model, &fetched, seen));
        let (body, errors) = respond(&plan, &fetched, ahead, ran.as_ref(), &world);
        // The state of a source and the course of a plan are true for a moment only; a long schema has no tag.
        let unkept = |field: &Output| matches!(field.value, OutputValue::Sources(_) | OutputValue::Schema(_));
        let passing = errors > 0 || ran.is_some() || plan.output.iter().any(unkept);
        Answer { body, refused: None, errors, kept: fetched.age.kept.filter(|_| !passing) }
    }

    /// The texts of the long schemas that a plan answers with.
    async fn texts(&self, plan: &Plan, slice: &Slice) -> Result<Vec<Arc<Packed>>, RequestError> {
        let mut texts = Vec::new();
        for output in &plan.output {
            if let OutputValue::Schema(long) = &output.value {
                texts.push(self.schemas.text(&self.model.federated, slice, long).await?);
            }
        }
        Ok(texts)
    }

    /// Everything that asks nobody: from a request to its plan, variables and patterns.
    pub(crate) fn prepare(
        &self,
        request: &Request,
    ) -> Result<(Arc<Plan>, Variables, Vec<Arc<Pattern>>), Vec<RequestError>> {
        let Engine { model, limits, plans, cursors, .. } = *self;
        let federated = &*model.federated;
        let slice = &request.slice;
        let name = request.operation_name.as_deref();
        let shape = plans.shape(federated.version, slice, &request.query, name, || {
            let parsed = parse(&request.query, limits).map_err(|error| vec![error])?;
            limits::check(&parsed, federated, limits).map_err(|error| vec![error])?;
            validate(parsed, federated, slice)
        })?;
        let operation = shape.valid.operation(name).map_err(|error| vec![error])?;
        let scope = Scope { valid: &shape.valid, operation, federated, slice };
        let variables = coerce::variables(scope, &request.variables)?;
        let make = || {
            let operation = normalize(&shape.valid, operation, &variables, federated, slice)?;
            let capabilities = |source: usize| model.capabilities(source);
            let sources = &model.sources;
            plan::plan(&operation, plan::World { federated, slice, capabilities: &capabilities, sources, limits })
        };
        let mut structure = coerce::structure(&variables);
        let mut plan = plans.plan(shape.id, structure.clone(), make)?;
        let case = plan.other_case(&variables);
        if !case.is_empty() {
            // No structure ends so: each part of one is known by its first byte.
            structure.push(b'?');
            structure.extend(case);
            plan = plans.plan(shape.id, structure, make)?;
        }
        let patterns = plan.check(&variables).map_err(|error| vec![error])?;
        let variables = plan.open_cursors(variables, cursors, &model.sources).map_err(|error| vec![error])?;
        Ok((plan, variables, patterns))
    }
}

fn refused(errors: &[RequestError], trace: &str) -> Answer<Pieces> {
    let refused = errors.first().map(|error| error.code);
    Answer { body: write_refusal(errors, trace).into(), refused, errors: errors.len(), kept: None }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use lilong_connectors::Source;
    use lilong_connectors::kinds::memory::Memory;
    use lilong_schema::catalog::Tuning;
    use serde_json::{Value, json};
    use tokio::sync::Semaphore;

    use super::*;
    use crate::error::Code;
    use crate::plan_cache::CAPACITY;
    use crate::sample;

    struct Bench {
        model: Model,
        cache: PlanCache,
        limits: Limits,
        schemas: Kept,
        cursors: CursorKey,
    }

    impl Bench {
        fn new() -> Self {
            let federated = sample::model();
            let ceiling = Arc::new(Semaphore::new(1));
            let source = |name: &Arc<str>| {
                let memory = Arc::new(Memory::new(name.clone()));
                Source::new(name.clone(), memory, &Tuning::default(), ceiling.clone())
            };
            let sources = federated.own_sources().iter().map(|known| source(&known.name)).collect();
            let model = Model { federated: Arc::new(federated), sources };
            let limits = Limits::default();
            let schemas = Kept::new(limits.introspection_bytes);
            Self { model, cache: PlanCache::new(), limits, schemas, cursors: CursorKey::random() }
        }

        fn prepare(&self, request: &Request) -> Result<Arc<Plan>, Vec<RequestError>> {
            let Self { model, cache: plans, limits, schemas, cursors } = self;
            Engine { model, limits, plans, schemas, cursors }.prepare(request).map(|(plan, ..)| plan)
        }

        fn plan(&self, query: &str, variables: Value) -> Result<Arc<Plan>, Vec<RequestError>> {
            let Value::Object(variables) = variables else { panic!("no variables") };
            let request = Request { query: query.to_owned(), variables, ..Request::default() };
            self.prepare(&request)
        }

        fn plans(&self) -> u64 {
            self.cache.size().1.0
        }
    }

    const QUERY: &str =
        "query ($where: CivilResidentBoolExp, $ids: [Int!], $limit: Int, $order: [CivilResidentOrderBy!],
        $with: Boolean = true, $id: Int = 1) {
        civil { resident(where: $where, limit: $limit, orderBy: $order) { id street @include(if: $with) { name } }
                some: resident(where: { id: { _in: $ids } }) { id } residentByPk(id: $id) { id } } }";

    #[test]
    fn other_leaf_values_make_no_new_plan() {
        let bench = Bench::new();
        let ask = |name: &str, ids: Value, limit: i32, id: i32| {
            let filter = json!({ "idCard": { "_eq": name }, "_or": [{ "street": { "name": { "_like": name } } }] });
            bench
                .plan(QUERY, json!({ "where": filter, "ids": ids, "limit": limit, "id": id, "order": { "id": "ASC" } }))
        };
        let first = ask("a", json!([1]), 5, 1).unwrap();
        for (name, ids, limit, id) in
            [("b", json!([2, 3, 4]), 0, 7), ("", json!([0]), 10_000, -1), ("%", json!(9), 1, 1)]
        {
            assert!(Arc::ptr_eq(&first, &ask(name, ids, limit, id).unwrap()));
        }
        // A value that is refused is refused with the same plan.
        assert_eq!(ask("a", json!([1]), -1, 1).unwrap_err()[0].code, crate::error::Code::BadInput);
        assert_eq!((bench.cache.size().0.0, bench.plans()), (1, 1));
    }

    #[test]
    fn another_structure_makes_another_plan() {
        let bench = Bench::new();
        let structures = [
            json!({}),
            json!({ "where": null }),
            json!({ "where": {} }),
            json!({ "where": { "id": { "_eq": 1 } } }),
            json!({ "where": { "id": { "_neq": 1 } } }),
            json!({ "where": { "id": { "_eq": 1 }, "idCard": { "_eq": "a" } } }),
            json!({ "where": { "_or": [] } }),
            json!({ "where": { "_or": [{}] } }),
            json!({ "where": { "_or": [{}, {}] } }),
            json!({ "where": { "_and": [{}, {}] } }),
            json!({ "where": { "id": { "_isNull": true } } }),
            json!({ "where": { "id": { "_isNull": false } } }),
            json!({ "where": { "gender": { "_eq": "female" } } }),
            json!({ "order": [{ "id": "ASC" }] }),
            json!({ "order": [{ "id": "DESC" }] }),
            json!({ "order": [{ "id": "ASC" }, { "born": "ASC" }] }),
            json!({ "limit": 1 }),
            json!({ "limit": null }),
            json!({ "with": false }),
        ];
        for (number, variables) in structures.iter().enumerate() {
            let mut variables = variables.clone();
            variables["ids"] = json!([1]);
            let once = bench.plan(QUERY, variables.clone()).unwrap();
            assert!(Arc::ptr_eq(&once, &bench.plan(QUERY, variables.clone()).unwrap()), "{variables}");
            assert_eq!(bench.plans(), number as u64 + 1, "{variables}");
        }
        assert_eq!(bench.cache.size().0.0, 1, "one shape");
    }

    #[test]
    fn a_slice_an_operation_and_a_model_have_plans_of_their_own() {
        let mut bench = Bench::new();
        let text = "query A { civil { resident { id } } } query B { civil { street { id } } }";
        let request = |name: &str, slice: Slice| Request {
            query: text.to_owned(),
            operation_name: Some(name.to_owned()),
            slice,
            ..Request::default()
        };
        for (name, slice) in [("A", Slice::all()), ("B", Slice::all()), ("A", Slice::of([0]))] {
            bench.prepare(&request(name, slice)).unwrap();
        }
        assert_eq!(bench.plans(), 3);
        bench.model.federated = Arc::new(sample::model());
        bench.prepare(&request("A", Slice::all())).unwrap();
        assert_eq!(bench.plans(), 4);
    }

    #[test]
    fn what_is_refused_is_not_kept() {
        let bench = Bench::new();
        for text in ["{", "{ nothing }", "{ civil { resident(limit: -1) { id } } }"] {
            assert!(bench.plan(text, json!({})).is_err());
        }
        assert_eq!(bench.plans(), 0);
    }

    #[test]
    fn patterns_are_compiled_for_each_request_and_no_more_than_some() {
        let bench = Bench::new();
        let names = "query ($where: CivilResidentBoolExp) { civil { resident(where: $where) { id } } }";
        let refused = |patterns: &[String]| {
            let parts: Vec<_> = patterns.iter().map(|pattern| json!({ "idCard": { "_regex": pattern } })).collect();
            bench.plan(names, json!({ "where": { "_or": parts } })).err().map(|errors| errors[0].code)
        };
        let different = (0..2_500).map(|number| format!(r"[\pL&&\p{{Greek}}]{{20}}{number}")).collect::<Vec<_>>();
        assert_eq!(refused(&different), Some(Code::TooCostly));
        assert_eq!(refused(&different[..50]), None);
        assert_eq!(refused(&different[..51]), Some(Code::TooCostly));
        assert_eq!(refused(&vec![different[0].clone(); 500]), None, "it is one, wherever it stands");
        assert_eq!(refused(&["(".to_owned()]), Some(Code::BadInput));
        let literal = "{ civil { resident(where: { idCard: { _regex: \"(\" } }) { id } } }";
        assert_eq!(bench.plan(literal, json!({})).unwrap_err()[0].code, Code::BadInput);
    }

    #[test]
    fn the_caches_grow_no_further_than_their_weight() {
        let bench = Bench::new();
        let numbers = (0..6_000).map(|number| number.to_string()).collect::<Vec<_>>().join(",");
        for number in 0..60 {
            let text =
                format!("{{ civil {{ a{number}: resident(where: {{ id: {{ _in: [{numbers}] }} }}) {{ id }} }} }}");
            bench.plan(&text, json!({})).unwrap();
        }
        let ((shapes, of_shapes), (plans, of_plans)) = bench.cache.size();
        assert!(of_plans <= CAPACITY && of_shapes <= CAPACITY);
        assert!(plans > 0 && plans < 60, "{plans} plans of some hundred kilobytes each");
        assert!(shapes > 0);
        let names = "query ($where: CivilResidentBoolExp) { civil { resident(where: $where) { id } } }";
        for length in 0..40 {
            let parts = vec![json!({ "idCard": { "_eq": "a" } }); 1_000 + length];
            bench.plan(names, json!({ "where": { "_or": parts } })).unwrap();
        }
        let (_, (plans, of_plans)) = bench.cache.size();
        assert!(of_plans <= CAPACITY && plans < 60, "{plans} plans weigh {of_plans}");
    }
}
