//! What an index computes: an expression over one column, recognised as functions that normalise it.
//!
//! In: the text of an expression, or of a whole `CREATE INDEX`, as a database gives it. Out: an [`ExpressionIndex`].
//! *Invariant*: what is not known for certain is not recognised; nothing of the text but what is recognised gets into a
//! statement.

use lilong_schema::{Collection, ExpressionIndex, KeyFunction};

/// A token of an expression.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Word(String),
    /// A name between quotes.
    Name(String),
    /// A text literal.
    Text(String),
    Symbol(char),
    /// `::`
    Cast,
}

/// Recognises an expression over a column of a collection; `quote` writes a name. `None`: it is something else.
pub(crate) fn of_expression(text: &str, collection: &Collection, quote: fn(&str) -> String) -> Option<ExpressionIndex> {
    let tokens = tokens(text)?;
    let mut reader = Reader { tokens: &tokens, collection, quote };
    let part = reader.expression()?;
    reader.tokens.is_empty().then(|| part.index()).flatten()
}

/// Recognises the first part of a `CREATE INDEX`.
pub(crate) fn of_statement(text: &str, collection: &Collection, quote: fn(&str) -> String) -> Option<ExpressionIndex> {
    let tokens = tokens(text)?;
    let on = tokens.iter().position(|token| is_word(token, "on"))?;
    let mut reader = Reader { tokens: tokens.get(on + 2..)?, collection, quote };
    reader.symbol('(')?;
    let part = reader.expression()?;
    if reader.word("collate").is_some() {
        reader.next()?;
    }
    let _ = reader.word("asc").or_else(|| reader.word("desc"));
    reader.symbol(',').or_else(|| reader.symbol(')'))?;
    part.index()
}

/// What was read of an expression so far.
struct Part {
    column: String,
    functions: Vec<KeyFunction>,
    native: String,
}

impl Part {
    fn index(self) -> Option<ExpressionIndex> {
        let Part { column, functions, native } = self;
        (!functions.is_empty()).then_some(ExpressionIndex { column, functions, native })
    }

    fn through(mut self, functions: &[KeyFunction], native: impl FnOnce(&str) -> String) -> Part {
        self.functions.extend(functions);
        self.native = native(&self.native);
        self
    }
}

struct Reader<'a> {
    tokens: &'a [Token],
    collection: &'a Collection,
    quote: fn(&str) -> String,
}

impl Reader<'_> {
    fn next(&mut self) -> Option<Token> {
        let (first, rest) = self.tokens.split_first()?;
        self.tokens = rest;
        Some(first.clone())
    }

    fn take(&mut self, is_wanted: impl FnOnce(&Token) -> bool) -> Option<()> {
        let (first, rest) = self.tokens.split_first()?;
        is_wanted(first).then(|| self.tokens = rest)
    }

    fn symbol(&mut self, symbol: char) -> Option<()> {
        self.take(|token| *token == Token::Symbol(symbol))
    }

    fn word(&mut self, word: &str) -> Option<()> {
        self.take(|token| is_word(token, word))
    }

    fn expression(&mut self) -> Option<Part> {
        let mut part = self.primary()?;
        while self.cast()? {
            part.native.push_str("::text");
        }
        Some(part)
    }

    /// Whether a cast that changes nothing follows; `None`: one that may.
    fn cast(&mut self) -> Option<bool> {
        if self.take(|token| *token == Token::Cast).is_none() {
            return Some(false);
        }
        match self.next()? {
            Token::Word(word) if matches!(word.as_str(), "text" | "varchar") => {}
            Token::Word(word) if word == "character" => self.word("varying")?,
            _ => return None,
        }
        (self.tokens.first() != Some(&Token::Symbol('('))).then_some(true)
    }

    fn primary(&mut self) -> Option<Part> {
        match self.next()? {
            Token::Symbol('(') => {
                let part = self.expression()?;
                self.symbol(')')?;
                Some(part)
            }
            Token::Word(name) if self.symbol('(').is_some() => {
                let part = self.call(&name)?;
                self.symbol(')')?;
                Some(part)
            }
            Token::Word(name) | Token::Name(name) => self.column(&name),
            _ => None,
        }
    }

    fn column(&self, name: &str) -> Option<Part> {
        let fields = &self.collection.fields;
        let field = fields
            .iter()
            .find(|field| field.name == name)
            .or_else(|| fields.iter().find(|field| field.name.eq_ignore_ascii_case(name)))?;
        let quoted = (self.quote)(&field.name);
        // The place of the alias is told by braces.
        (!quoted.contains("{}")).then(|| Part {
            column: field.name.clone(),
            functions: Vec::new(),
            native: format!("{{}}.{quoted}"),
        })
    }

    fn call(&mut self, name: &str) -> Option<Part> {
        match name {
            "upper" | "ucase" => {
                Some(self.expression()?.through(&[KeyFunction::Upper], |inner| format!("upper({inner})")))
            }
            "lower" | "lcase" => {
                Some(self.expression()?.through(&[KeyFunction::Lower], |inner| format!("lower({inner})")))
            }
            "trim" | "btrim" => self.trim(name),
            "ltrim" => {
                let part = self.expression()?;
                self.symbol(',')?;
                (self.literal()? == "0").then_some(())?;
                Some(part.through(&[KeyFunction::StripZeros], |inner| format!("ltrim({inner}, '0')")))
            }
            "replace" | "translate" => {
                let part = self.expression()?;
                self.symbol(',')?;
                let dropped = self.literal()?;
                self.symbol(',')?;
                self.literal()?.is_empty().then_some(())?;
                // The one replaces a text, the other each of its characters.
                if dropped.is_empty() || name == "replace" && dropped.len() > 1 {
                    return None;
                }
                let functions: Vec<KeyFunction> = dropped.chars().map(dropping).collect::<Option<_>>()?;
                Some(part.through(&functions, |inner| format!("{name}({inner}, '{dropped}', '')")))
            }
            _ => None,
        }
    }

    /// `trim(x)`, `trim(x, ' ')`, `trim(both ' ' from x)` and their likes.
    fn trim(&mut self, name: &str) -> Option<Part> {
        let is_side = matches!(self.tokens, [Token::Word(_), next, ..] if matches!(next, Token::Text(_)) || is_word(next, "from") || is_introducer(next));
        let side = if is_side { self.next() } else { None };
        let literal = self.literal();
        if side.is_some() || literal.is_some() {
            self.word("from")?;
            let part = self.expression()?;
            let side = match side {
                Some(Token::Word(side)) => side,
                _ => "both".to_owned(),
            };
            return match (side.as_str(), literal.as_deref()) {
                ("both", None) => Some(part.through(&[KeyFunction::Trim], |inner| format!("trim(both from {inner})"))),
                ("both", Some(" ")) => {
                    Some(part.through(&[KeyFunction::Trim], |inner| format!("trim(both ' ' from {inner})")))
                }
                ("leading", Some("0")) => {
                    Some(part.through(&[KeyFunction::StripZeros], |inner| format!("trim(leading '0' from {inner})")))
                }
                _ => None,
            };
        }
        let part = self.expression()?;
        if self.symbol(',').is_none() {
            return Some(part.through(&[KeyFunction::Trim], |inner| format!("{name}({inner})")));
        }
        (self.literal()? == " ").then_some(())?;
        Some(part.through(&[KeyFunction::Trim], |inner| format!("{name}({inner}, ' ')")))
    }

    fn literal(&mut self) -> Option<String> {
        if matches!(self.tokens, [first, Token::Text(_), ..] if is_introducer(first)) {
            self.next();
        }
        let Some(Token::Text(text)) = self.tokens.first().cloned() else {
            return None;
        };
        self.next();
        while self.cast()? {}
        Some(text)
    }
}

fn dropping(char: char) -> Option<KeyFunction> {
    match char {
        ' ' => Some(KeyFunction::DropSpaces),
        '-' => Some(KeyFunction::DropHyphens),
        _ => None,
    }
}

fn is_word(token: &Token, word: &str) -> bool {
    matches!(token, Token::Word(found) if found == word)
}

/// The character set that MySQL writes before a literal.
fn is_introducer(token: &Token) -> bool {
    matches!(token, Token::Word(word) if word.starts_with("_utf8") || word == "_latin1" || word == "_ascii")
}

/// Words come in lower case; `None`: something is not closed.
fn tokens(text: &str) -> Option<Vec<Token>> {
    let mut tokens = Vec::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start();
        let Some(first) = rest.chars().next() else {
            return Some(tokens);
        };
        if let Some(after) = rest.strip_prefix("--") {
            rest = after.split_once('\n').map_or("", |(_, after)| after);
        } else if let Some(after) = rest.strip_prefix("/*") {
            rest = after.split_once("*/").map_or("", |(_, after)| after);
        } else if let Some(after) = rest.strip_prefix("::") {
            tokens.push(Token::Cast);
            rest = after;
        } else if matches!(first, '\'' | '"' | '`' | '[') {
            let close = if first == '[' { ']' } else { first };
            let (inside, after) = quoted(&rest[1..], close)?;
            tokens.push(if first == '\'' { Token::Text(inside) } else { Token::Name(inside) });
            rest = after;
        } else if is_of_word(first) {
            let end = rest.find(|char| !is_of_word(char)).unwrap_or(rest.len());
            tokens.push(Token::Word(rest[..end].to_ascii_lowercase()));
            rest = &rest[end..];
        } else {
            tokens.push(Token::Symbol(first));
            rest = &rest[first.len_utf8()..];
        }
    }
}

fn is_of_word(char: char) -> bool {
    char.is_alphanumeric() || matches!(char, '_' | '$')
}

/// What stands up to the closing quote, doubled ones undone, and what follows.
fn quoted(text: &str, close: char) -> Option<(String, &str)> {
    let mut inside = String::new();
    let mut rest = text;
    loop {
        let at = rest.find(close)?;
        inside.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        match rest.strip_prefix(close) {
            Some(after) if close != ']' => {
                inside.push(close);
                rest = after;
            }
            _ => return Some((inside, rest)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn collection() -> Collection {
        let field = |name: &str| lilong_schema::Field {
            name: name.to_owned(),
            scalar: lilong_schema::Scalar::String,
            native: String::new(),
            nullable: true,
            comment: None,
            scale: None,
            enumeration: None,
            details: std::collections::BTreeMap::new(),
        };
        Collection { fields: vec![field("id"), field("Odd \"one\""), field("{}")], ..Collection::default() }
    }

    fn quote(name: &str) -> String {
        format!("\"{}\"", name.replace('"', "\"\""))
    }

    #[test]
    fn expressions_are_recognised_in_each_engine_s_spelling() {
        use KeyFunction::{DropHyphens, DropSpaces, Lower, StripZeros, Trim, Upper};
        let table: [(&str, Vec<KeyFunction>, &str); 13] = [
            ("upper(id)", vec![Upper], "upper({}.\"id\")"),
            ("LOWER ( ( \"ID\" ) )", vec![Lower], "lower({}.\"id\")"),
            ("upper((id)::text)", vec![Upper], "upper({}.\"id\"::text)"),
            ("lower(btrim((id)::character varying::text))", vec![Trim, Lower], "lower(btrim({}.\"id\"::text::text))"),
            (
                "upper(replace(replace(id, ' '::text, ''::text), '-'::text, ''::text))",
                vec![DropSpaces, DropHyphens, Upper],
                "upper(replace(replace({}.\"id\", ' ', ''), '-', ''))",
            ),
            ("translate(id, '- ', '')", vec![DropHyphens, DropSpaces], "translate({}.\"id\", '- ', '')"),
            ("ucase(trim(`id`))", vec![Trim, Upper], "upper(trim({}.\"id\"))"),
            ("trim(leading '0' from `id`)", vec![StripZeros], "trim(leading '0' from {}.\"id\")"),
            ("TRIM(BOTH FROM id)", vec![Trim], "trim(both from {}.\"id\")"),
            ("trim(both _utf8mb4' ' from `id`)", vec![Trim], "trim(both ' ' from {}.\"id\")"),
            ("ltrim(trim(id, ' '), '0')", vec![Trim, StripZeros], "ltrim(trim({}.\"id\", ' '), '0')"),
            ("replace(`id`,_utf8mb4' ',_utf8mb4'')", vec![DropSpaces], "replace({}.\"id\", ' ', '')"),
            ("upper(\"Odd \"\"one\"\"\")", vec![Upper], "upper({}.\"Odd \"\"one\"\"\")"),
        ];
        for (text, functions, native) in table {
            let found = of_expression(text, &collection(), quote).unwrap_or_else(|| panic!("{text}"));
            assert_eq!((found.functions, found.native.as_str()), (functions, native), "{text}");
        }
    }

    #[test]
    fn what_is_not_certain_is_not_recognised() {
        for text in [
            "id",
            "upper(none)",
            "upper(id) || 'x'",
            "upper(id, 'x')",
            "upper((id)::character varying(5))",
            "upper((id)::bpchar)",
            "replace(id, ' ', 'x')",
            "replace(id, ' -', '')",
            "replace(id, ' ', '') COLLATE \"C\"",
            "translate(id, 'a', '')",
            "ltrim(id)",
            "ltrim(id, '00')",
            "trim(trailing '0' from id)",
            "trim(id, '0')",
            "coalesce(id, '')",
            "pg_temp.upper(id)",
            "upper(\"{}\")",
            "upper('id",
            "upper(id",
            "",
        ] {
            assert_eq!(of_expression(text, &collection(), quote), None, "{text}");
        }
    }

    #[test]
    fn the_first_part_of_a_statement_is_read() {
        for text in [
            "CREATE INDEX \"on\" ON t (upper(id))",
            "create unique index if not exists main.i on [a (table)](upper(id) collate binary desc, other) where id > 0",
            "CREATE INDEX i -- on the way (\n ON 't' ( /* a, b */ upper ( \"id\" ) ASC , b )",
        ] {
            let found = of_statement(text, &collection(), quote).unwrap_or_else(|| panic!("{text}"));
            assert_eq!(found.native, "upper({}.\"id\")", "{text}");
        }
        assert_eq!(of_statement("CREATE INDEX i ON t (id, upper(id))", &collection(), quote), None);
        assert_eq!(of_statement("CREATE INDEX i ON t (upper(id) = 'X')", &collection(), quote), None);
    }
}
