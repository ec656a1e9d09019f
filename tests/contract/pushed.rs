//! What services are asked to do by themselves: the requests that questions become.
//!
//! In: questions to a gateway over one service. Out: their answers, and the bodies of the requests that were sent.

mod graphql;
mod ndc;
