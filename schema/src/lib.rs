//! Nouns and rules of lilong: the catalog, what sources say of themselves, and the federated model made of both.
//!
//! In: a folder of TOML files and stored descriptions. Out: a [`Federated`] model, its SDL and its names.
//! *Invariant*: no async, no network, no database driver.

pub mod capability;
pub mod catalog;
pub mod collection;
pub mod compare;
pub mod definition;
pub mod descriptions;
pub mod expression_index;
pub mod federate;
pub mod federated;
pub mod look_up;
pub mod names;
pub mod normalizer;
pub mod problem;
pub mod scalar;
pub mod sdl;
pub mod secret;
pub mod temporal;
pub mod value;

pub use capability::Capabilities;
pub use catalog::Catalog;
pub use collection::{Collection, Enumeration, Field, ForeignKey, Key, SourceDescription};
pub use expression_index::{ExpressionIndex, KeyFunction};
pub use federate::federate;
pub use federated::{Federated, Slice};
pub use normalizer::Normalizer;
pub use problem::{Problem, Severity};
pub use scalar::Scalar;
pub use secret::Secret;
pub use value::Value;
