//! The whole program, as its users see it.
#![allow(clippy::unwrap_used)]

mod demo;
