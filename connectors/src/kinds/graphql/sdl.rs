//! The keys of a subgraph of Apollo Federation, as its SDL says.
//!
//! In: the text of `_service { sdl }`. Out: for each type the sets of fields that name one entity. *Invariant*: what is
//! between quotes or behind `#` is never taken for a definition; keys through nested fields are left out.

use std::collections::BTreeMap;

/// What stands in a document, as far as it matters here.
#[derive(Debug, PartialEq)]
enum Token {
    Name(String),
    Text(String),
    Sign(char),
}

/// The sets of fields, by type.
pub(super) fn keys(sdl: &str) -> BTreeMap<String, Vec<Vec<String>>> {
    let tokens = tokens(sdl);
    let mut found: BTreeMap<String, Vec<Vec<String>>> = BTreeMap::new();
    let mut depth = 0usize;
    let mut of: Option<&str> = None;
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        match token {
            Token::Sign('{' | '(') => {
                depth += 1;
                if *token == Token::Sign('{') {
                    of = None;
                }
            }
            Token::Sign('}' | ')') => depth = depth.saturating_sub(1),
            Token::Name(word) if depth == 0 && (word == "type" || word == "interface") => {
                of = match tokens.get(at + 1) {
                    Some(Token::Name(name)) => Some(name),
                    _ => None,
                };
                at += 1;
            }
            Token::Sign('@') if depth == 0 => {
                if let (Some(of), Some(fields)) = (of, key(&tokens[at + 1..])) {
                    found.entry(of.to_owned()).or_default().push(fields);
                }
            }
            _ => {}
        }
        at += 1;
    }
    found
}

/// The fields of `key(fields: "…")`, behind its `@`.
fn key(tokens: &[Token]) -> Option<Vec<String>> {
    let [Token::Name(name), Token::Sign('('), rest @ ..] = tokens else { return None };
    if name != "key" && !name.ends_with("__key") {
        return None;
    }
    let end = rest.iter().position(|token| *token == Token::Sign(')'))?;
    let mut fields = None;
    for argument in rest[..end].windows(3) {
        match argument {
            [Token::Name(name), Token::Sign(':'), Token::Text(text)] if name == "fields" => fields = Some(text),
            [Token::Name(name), Token::Sign(':'), Token::Name(value)] if name == "resolvable" && value == "false" => {
                return None;
            }
            _ => {}
        }
    }
    let fields = fields.filter(|fields| !fields.contains(['{', '}', '.', '(']))?;
    Some(fields.split([' ', ',', '\t', '\n', '\r']).filter(|field| !field.is_empty()).map(str::to_owned).collect())
}

fn tokens(text: &str) -> Vec<Token> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        if first == '#' {
            rest = rest.split_once('\n').map_or("", |(_, rest)| rest);
        } else if let Some(block) = rest.strip_prefix("\"\"\"") {
            rest = end_of_block(block);
        } else if let Some(string) = rest.strip_prefix('"') {
            let (value, behind) = end_of_string(string);
            found.push(Token::Text(value));
            rest = behind;
        } else if first.is_ascii_alphabetic() || first == '_' {
            let end = rest.find(|character: char| !character.is_ascii_alphanumeric() && character != '_');
            let (name, behind) = rest.split_at(end.unwrap_or(rest.len()));
            found.push(Token::Name(name.to_owned()));
            rest = behind;
        } else {
            if !first.is_whitespace() {
                found.push(Token::Sign(first));
            }
            rest = &rest[first.len_utf8()..];
        }
    }
    found
}

/// What follows a block string.
fn end_of_block(mut text: &str) -> &str {
    while let Some(at) = text.find("\"\"\"") {
        let escaped = text[..at].ends_with('\\');
        text = &text[at + 3..];
        if !escaped {
            return text;
        }
    }
    ""
}

/// A string and what follows it.
fn end_of_string(text: &str) -> (String, &str) {
    let mut value = String::new();
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return (value, &text[at + 1..]),
            '\\' => value.extend(characters.next().map(|(_, escaped)| escaped)),
            _ => value.push(character),
        }
    }
    (value, "")
}

#[cfg(test)]
mod tests {
    use super::keys;

    #[test]
    fn keys_are_read_from_sdl_and_nothing_else_is() {
        for (sdl, expected) in [
            (r#"type User @key(fields: "id") { id: ID! }"#, "User: id"),
            (
                r#"extend type User @key(fields: "id name") @key(fields: "mail", resolvable: true) { id: ID! }"#,
                "User: id name | mail",
            ),
            (r#"type User implements Node & X @shareable @federation__key(fields: "id") { id: ID! }"#, "User: id"),
            (r#"interface Media @key(fields: "id") { id: ID! }"#, "Media: id"),
            (r#"type A @key(fields: "id", resolvable: false) { id: ID! }"#, ""),
            (r#"type A @key(fields: "organisation { id }") { id: ID! }"#, ""),
            (r#"type A { b(c: String = "type B @key(fields: \"id\")"): Int @key(fields: "x") }"#, ""),
            (
                "# type A @key(fields: \"id\") {}\n\"\"\"type B @key(fields: \"id\") \\\"\"\" {\"\"\" type C { id: ID }",
                "",
            ),
            (r#"scalar D @key(fields: "id") type A { id: ID }"#, ""),
            ("type A @key(fields: \"id\"", ""),
            ("type", ""),
            ("\"", ""),
        ] {
            let found = keys(sdl);
            let found: Vec<String> = found
                .iter()
                .map(|(of, keys)| {
                    let keys: Vec<String> = keys.iter().map(|key| key.join(" ")).collect();
                    format!("{of}: {}", keys.join(" | "))
                })
                .collect();
            assert_eq!(found.join("; "), expected, "{sdl}");
        }
    }
}
