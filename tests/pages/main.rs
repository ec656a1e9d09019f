//! Pages: one Markdown file is one case, with all that goes in and exactly what has to come out.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod problems;
