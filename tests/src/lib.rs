//! What the suites share: the program itself, and small cities of silos to point it at.

pub mod city;
pub mod contract;
pub mod engine;
pub mod in_process;
pub mod mirror;
pub mod program;
pub mod proxy;
pub mod silo;

pub use in_process::serve;
