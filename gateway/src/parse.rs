//! Text → syntax tree.
//!
//! In: a document and the limits. Out: a [`Parsed`], or why the text is refused: `PARSE_FAILED`, `TOO_COSTLY` (tokens)
//! or `TOO_DEEP` (brackets). *Invariant*: costs time linear in the text, and never more stack than `NESTING`
//! levels need.

mod lines;
mod scan;

use apollo_compiler::ast;
use apollo_compiler::diagnostic::ToCliReport;
use apollo_compiler::parser::{Parser, SourceSpan};
use lilong_schema::catalog::Limits;

use crate::error::{Code, Location, RequestError};
use lines::Lines;

/// A document that is GraphQL, not yet known to fit the schema.
#[derive(Clone, Debug)]
pub struct Parsed {
    document: ast::Document,
    lines: Lines,
}

impl Parsed {
    /// The syntax tree.
    pub fn document(&self) -> &ast::Document {
        &self.document
    }

    /// Where something stands; for what stands nowhere, the beginning.
    pub fn location(&self, span: Option<SourceSpan>) -> Location {
        let text = self.document.sources.values().next().map_or("", |file| file.source_text());
        self.lines.location(text, span.map_or(0, |span| span.offset()))
    }

    /// The part of the document that a place covers; of none, nothing.
    pub(crate) fn text(&self, span: Option<SourceSpan>) -> &str {
        let text = self.document.sources.values().next().map_or("", |file| file.source_text());
        span.and_then(|span| text.get(span.offset()..span.end_offset())).unwrap_or("")
    }

    /// A refusal that points at a place in the document.
    pub(crate) fn refuse(&self, code: Code, message: impl Into<String>, span: Option<SourceSpan>) -> RequestError {
        RequestError::at(code, message, self.location(span))
    }
}

/// Parses a document.
pub fn parse(text: &str, limits: &Limits) -> Result<Parsed, RequestError> {
    let lines = Lines::new(text);
    scan::check(text, limits.tokens)
        .map_err(|refusal| RequestError::at(refusal.code, refusal.message, lines.location(text, refusal.offset)))?;
    match Parser::new().parse_ast(text, "document") {
        Ok(document) => Ok(Parsed { document, lines }),
        Err(failure) => {
            let Some(first) = failure.errors.iter().next() else {
                return Err(RequestError::new(Code::ParseFailed, "This is not a GraphQL document."));
            };
            let offset = first.error.location().map_or(0, |span| span.offset());
            let message = cut(&sentence(&first.error.to_string()));
            Err(RequestError::at(Code::ParseFailed, message, lines.location(text, offset)))
        }
    }
}

/// A message for clients from a fault's own words: begins with a capital letter.
pub(crate) fn sentence(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// At most about 200 characters of a message that may quote the client's own text.
pub(crate) fn cut(message: &str) -> String {
    const MOST: usize = 200;
    match message.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", &message[..end]),
        None => message.to_owned(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn refused(text: &str) -> RequestError {
        parse(text, &Limits::default()).unwrap_err()
    }

    #[test]
    fn what_is_not_graphql_is_refused_with_its_place() {
        let error = refused("{\n  a(x: }\n}");
        assert_eq!(error.code, Code::ParseFailed);
        assert_eq!(error.locations, [Location { line: 2, column: 8 }]);
        for text in
            ["", "   # nothing", "{", "{}", "{ a(b: \"\\uD800 \\u0000\") }", "query { a ", "{ a(b: \"x) }", "}{"]
        {
            assert_eq!(refused(text).code, Code::ParseFailed, "{text}");
        }
    }

    #[test]
    fn deep_nesting_is_refused_before_it_is_parsed() {
        let deep = 20_000;
        for (open, close) in [("{a", "}"), ("[", "]"), ("{a:", "}"), ("... {", "}")] {
            let text = format!("{{ a(x: {}{}) }}", open.repeat(deep), close.repeat(deep));
            assert_eq!(refused(&text).code, Code::TooDeep);
        }
        let variable = format!("query($v: {}Int{}) {{ a }}", "[".repeat(deep), "]".repeat(deep));
        assert_eq!(refused(&variable).code, Code::TooDeep);
    }

    #[test]
    fn brackets_in_strings_and_comments_do_not_nest() {
        let text = format!("{{ a(x: \"{0}\\\"{0}\", y: \"\"\"{0}\\\"\"\"{0}\"\"\") # {0}\n}}", "{[(".repeat(300));
        parse(&text, &Limits::default()).unwrap();
    }

    #[test]
    fn too_many_tokens_are_refused_wherever_they_hide() {
        let limits = Limits { tokens: 100, ..Limits::default() };
        parse(&format!("{{ {} }}", "a ".repeat(98)), &limits).unwrap();
        for text in [format!("{{ {} }}", "a ".repeat(99)), format!("{{ a {} }}", ",#x\n".repeat(100))] {
            assert_eq!(parse(&text, &limits).unwrap_err().code, Code::TooCostly);
        }
    }

    #[test]
    fn a_message_never_quotes_much_of_the_document() {
        let error = refused(&format!("{{ a(x: {}!) }}", "y".repeat(100_000)));
        assert!(error.message.len() < 1_000, "{}", error.message.len());
    }

    #[test]
    fn deep_but_allowed_nesting_is_parsed() {
        let text = format!("{{ a(x: {}1{}) }}", "[".repeat(150), "]".repeat(150));
        parse(&text, &Limits::default()).unwrap();
    }
}
