//! What the contract suite does not ask of files: what people do to them.

#![allow(clippy::unwrap_used, clippy::expect_used)]
