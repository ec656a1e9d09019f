//! What kinds of source over HTTP share: their settings, how they log in, and the one client that asks.
//!
//! In: the keys of a block. Out: a [`Client`]; opening one needs no network. *Invariant*: only hosts that the catalog names
//! are ever asked, and of those no address that is a machine's own neighbourhood (link-local, cloud metadata).

mod address;
mod auth;
mod client;
mod settings;
mod token;

pub use client::{Answer, Client, Request};
pub use reqwest::{Method, StatusCode, Url, header};
pub use settings::{KEYS, Settings};
