//! Pages: one Markdown file is one case.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod blocks;
mod dialects;
mod golden;
mod problems;
mod readme;
mod tidy;
