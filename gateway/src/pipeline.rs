//! The engine's table of contents: parse → validate → normalize → plan → execute → respond.

use std::sync::Arc;

use lilong_schema::catalog::Limits;

use crate::coerce::{self, Scope};
use crate::error::RequestError;
use crate::execute::{self, execute};
use crate::limits;
use crate::model::Model;
use crate::normalize::normalize;
use crate::operation::Variables;
use crate::parse::parse;
use crate::plan::{self, Plan};
use crate::plan_cache::PlanCache;
use crate::refusal::write_refusal;
use crate::request::{Answer, Request};
use crate::respond::{self, respond};
use crate::validate::validate;

/// From a request to its answer.
pub(crate) async fn run(model: &Model, limits: &Limits, cache: &PlanCache, request: &Request) -> Answer {
    let (plan, variables) = match prepare(model, limits, cache, request) {
        Ok(prepared) => prepared,
        Err(errors) => return refused(&errors, &request.trace),
    };
    let world = execute::World {
        sources: &model.sources,
        variables: &variables,
        limits,
        trace: request.trace.clone(),
    };
    let fetched = execute(&plan, world).await;
    let world = respond::World {
        model,
        slice: &request.slice,
        variables: &variables,
        trace: &request.trace,
    };
    let (body, errors) = respond(&plan, &fetched, &world);
    Answer {
        body,
        refused: None,
        errors,
    }
}

/// Everything that asks nobody: from a request to its plan and variables.
pub(crate) fn prepare(
    model: &Model,
    limits: &Limits,
    cache: &PlanCache,
    request: &Request,
) -> Result<(Arc<Plan>, Variables), Vec<RequestError>> {
    let federated = &*model.federated;
    let slice = &request.slice;
    let name = request.operation_name.as_deref();
    let shape = cache.shape(federated.version, slice, &request.query, name, || {
        let parsed = parse(&request.query, limits).map_err(|error| vec![error])?;
        limits::check(&parsed, federated, limits).map_err(|error| vec![error])?;
        validate(parsed, federated, slice)
    })?;
    let operation = shape.valid.operation(name).map_err(|error| vec![error])?;
    let scope = Scope {
        valid: &shape.valid,
        operation,
        federated,
        slice,
    };
    let variables = coerce::variables(scope, &request.variables)?;
    let plan = cache.plan(shape.id, coerce::structure(&variables), || {
        let operation = normalize(&shape.valid, operation, &variables, federated, slice)?;
        let capabilities = |source: usize| model.sources[source].capabilities();
        plan::plan(
            &operation,
            plan::World {
                federated,
                slice,
                capabilities: &capabilities,
                limits,
            },
        )
    })?;
    plan.check(&variables).map_err(|error| vec![error])?;
    Ok((plan, variables))
}

fn refused(errors: &[RequestError], trace: &str) -> Answer {
    Answer {
        body: write_refusal(errors, trace),
        refused: errors.first().map(|error| error.code),
        errors: errors.len(),
    }
}
