//! `/graphql`: GraphQL over HTTP as the working group's specification has it.
//!
//! In: a GET or POST request. Out: the engine's answer with its media type and status.
//! *Invariant*: nothing but a query is executed by GET, and a body is read only up to its limit and time.

use std::time::Duration;

use apollo_compiler::ast::OperationType;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use lilong_connectors::deadline::within;
use lilong_schema::{Federated, Slice};

use crate::error::Code;
use crate::pieces::Pieces;
use crate::request::Answer;
use crate::server::Shared;
use crate::server::caching;
use crate::server::compress::{as_kept, compress};
use crate::server::envelope::Envelope;
use crate::server::negotiate::{self, Media};
use crate::server::parameters::Parameters;
use crate::server::refusal::{Outcome, Refusal};
use crate::server::room::{Place, overloaded};
use crate::server::stage::Stage;
use crate::server::trace::Trace;

/// How long a client may take to send a body.
const BODY_TIMEOUT: Duration = Duration::from_secs(10);
/// Bytes of a refused body that are read at most, and how long that may take.
const DISCARDED: usize = 32_000_000;
const DISCARD_TIMEOUT: Duration = Duration::from_secs(2);
const METHODS: &str = "GET, HEAD, POST, OPTIONS";

/// Where it is asked.
pub(super) const PATH: &str = "/graphql";

/// Answers a request of any method.
pub(super) async fn handle(shared: &Shared, request: Request<Body>, trace: &Trace) -> Response {
    if request.method() == Method::OPTIONS {
        return (StatusCode::NO_CONTENT, [(header::ALLOW, METHODS)]).into_response();
    }
    let media = negotiate::wanted(request.headers());
    let (parts, mut body) = request.into_parts();
    let mut response = match answer(shared, &parts, &mut body, media, trace).await {
        Ok(response) => response,
        Err(refusal) => {
            // Whoever waits to be told to go on with the body is told the refusal instead.
            if refusal.status != StatusCode::REQUEST_TIMEOUT && !parts.headers.contains_key(header::EXPECT) {
                discard(body).await;
            }
            refusal.response(media.unwrap_or(Media::Json), trace)
        }
    };
    let varies =
        if shared.gateway.tells_plans() { "accept, accept-encoding, lilong-plan" } else { "accept, accept-encoding" };
    response.headers_mut().insert(header::VARY, HeaderValue::from_static(varies));
    compress(&parts.headers, response).await
}

async fn answer(
    shared: &Shared,
    parts: &Parts,
    body: &mut Body,
    media: Option<Media>,
    trace: &Trace,
) -> Result<Response, Refusal> {
    let by_post = match parts.method {
        Method::POST => true,
        Method::GET | Method::HEAD => false,
        _ => {
            let message = "GraphQL is asked by POST, or by GET for queries.";
            return Err(
                Refusal::new(StatusCode::METHOD_NOT_ALLOWED, Code::BadInput, message).with(header::ALLOW, METHODS)
            );
        }
    };
    let media = media.ok_or_else(|| {
        let message = "Answers come as application/graphql-response+json or application/json.";
        Refusal::new(StatusCode::NOT_ACCEPTABLE, Code::BadInput, message)
    })?;
    if *shared.stage.borrow() > Stage::Serving {
        return Err(overloaded("The gateway is stopping."));
    }
    let parameters = Parameters::parse(parts.uri.query()).map_err(|fault| Refusal::bad_input(fault.to_string()))?;
    let envelope = if by_post {
        let body = read(&parts.headers, body, shared.options.limits.body).await?;
        Envelope::from_body(&body)?
    } else {
        let envelope = Envelope::from_parameters(&parameters)?;
        if !reads_only(&envelope, shared) {
            let message = "Only queries may be asked by GET; send other operations by POST.";
            return Err(
                Refusal::new(StatusCode::METHOD_NOT_ALLOWED, Code::BadInput, message).with(header::ALLOW, "POST")
            );
        }
        envelope
    };
    let place = shared.room.place()?;
    // Once for the whole request: sources may join while its body is on its way, and a slice is made of one model's positions.
    let model = shared.gateway.model();
    let slice = slice(&parameters, &model.federated)?;
    let asked = crate::request::Request {
        query: envelope.query,
        operation_name: envelope.operation_name,
        variables: envelope.variables,
        slice,
        trace: trace.0.clone(),
        plan: parts.headers.get("lilong-plan").is_some_and(|value| value == "1"),
    };
    let answer = shared.gateway.answer_over(&model, asked).await;
    let (body, coding) = as_kept(&parts.headers, &shared.gateway, answer.body).await;
    let mut response = respond(Answer { body, ..answer }, place, media, (!by_post).then_some(&parts.headers));
    if let Some(coding) = coding {
        response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static(coding));
    }
    Ok(response)
}

/// The part of the schema that `?sources=` names.
pub(super) fn slice(parameters: &Parameters, federated: &Federated) -> Result<Slice, Refusal> {
    match parameters.once("sources").map_err(|fault| Refusal::bad_input(fault.to_string()))? {
        None => Ok(Slice::all()),
        Some(names) => federated.slice(names.split(',').map(str::trim)).map_err(|name| {
            let name: String = name.chars().take(80).collect();
            Refusal::bad_input(format!(
                "There is no source `{name}`; `sources` takes names of sources, with commas between."
            ))
        }),
    }
}

pub(super) async fn read(headers: &HeaderMap, body: &mut Body, most: usize) -> Result<Bytes, Refusal> {
    let unsupported = |message| Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, Code::BadInput, message);
    if !negotiate::is_json(headers) {
        return Err(unsupported("The body must have the content type application/json, in UTF-8."));
    }
    if !negotiate::is_plain(headers) {
        return Err(unsupported("The body must not be compressed.").with(header::ACCEPT_ENCODING, "identity"));
    }
    let too_large = || {
        let message = format!("The body is larger than the {most} bytes allowed.");
        Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, Code::TooLarge, message)
    };
    let declared = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok())
        .and_then(|text| text.parse::<u64>().ok());
    if declared.is_some_and(|length| length > most as u64) {
        return Err(too_large());
    }
    match within(BODY_TIMEOUT, Limited::new(body, most).collect()).await {
        Err(_) => {
            let message = "The body did not arrive in time.";
            Err(Refusal::new(StatusCode::REQUEST_TIMEOUT, Code::BadInput, message).with(header::CONNECTION, "close"))
        }
        Ok(Err(error)) if error.downcast_ref::<LengthLimitError>().is_some() => Err(too_large()),
        Ok(Err(_)) => Err(Refusal::bad_input("The body ended early.")),
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
    }
}

/// Reads what is left of a refused body and forgets it, within bounds: a client that is still sending when its connection
/// closes never reads why.
async fn discard(mut body: Body) {
    let mut left = DISCARDED;
    let all = async {
        while let Some(Ok(frame)) = body.frame().await {
            match left.checked_sub(frame.data_ref().map_or(0, Bytes::len)) {
                Some(less) => left = less,
                None => return,
            }
        }
    };
    // What has not come by then is left to break off.
    let _ = tokio::time::timeout(DISCARD_TIMEOUT, all).await;
}

/// Whether a document may be asked by GET. What cannot be read is left to the engine, which says why.
fn reads_only(envelope: &Envelope, shared: &Shared) -> bool {
    let Ok(parsed) = crate::parse::parse(&envelope.query, &shared.options.limits) else {
        return true;
    };
    let wanted = envelope.operation_name.as_deref();
    let mut operations =
        parsed.document().definitions.iter().filter_map(|definition| definition.as_operation_definition());
    operations.all(|operation| {
        let other = wanted.is_some() && operation.name.as_deref() != wanted;
        other || operation.operation_type == OperationType::Query
    })
}

/// `asked`: the head of a request that may be told that the client has the answer already.
fn respond(answer: Answer<Pieces>, place: Place, media: Media, asked: Option<&HeaderMap>) -> Response {
    let status = match answer.refused {
        None => StatusCode::OK,
        Some(Code::Forbidden) => StatusCode::FORBIDDEN,
        Some(Code::Overloaded) => StatusCode::SERVICE_UNAVAILABLE,
        Some(Code::Internal) => StatusCode::INTERNAL_SERVER_ERROR,
        Some(_) if media == Media::Json => StatusCode::OK,
        Some(_) => StatusCode::BAD_REQUEST,
    };
    let code = match answer.refused {
        Some(code) => code.name(),
        None if answer.errors > 0 => "PARTIAL",
        None => "OK",
    };
    let times = caching::seconds(answer.kept);
    let tag = if times.is_some() { caching::tag(media.content_type(), answer.body.written()) } else { String::new() };
    let mut response = match asked {
        Some(headers) if times.is_some() && caching::is_known(headers, &tag) => caching::not_modified(),
        _ => {
            let mut response = Response::new(Body::new(place.hold(answer.body)));
            *response.status_mut() = status;
            response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(media.content_type()));
            response
        }
    };
    caching::write(&mut response, times, &tag);
    response.extensions_mut().insert(Outcome { code, errors: answer.errors });
    response
}
