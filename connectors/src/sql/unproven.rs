//! What is said of families of servers that there was none of to run against.

/// The warning of each source of a family called `title`; `None`: it has no title, as it was run against a server.
pub(crate) fn warning(family: &str, title: &str) -> Option<String> {
    (!title.is_empty()).then(|| {
        format!("family {family} is written from the documentation of {title}, and was never run against a server")
    })
}
