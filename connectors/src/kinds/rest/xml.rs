//! XML as the tree that JSON would be.
//!
//! In: a document. Out: its root element's content: an element with children is an object, one that stands several times
//! an array, one with text alone a text; attributes are members that begin with `@`, text beside them is `#text`; prefixes
//! are left out. *Invariant*: no entity of the document's own is ever expanded, nothing outside it is read.

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use serde_json::{Map, Value};

/// Elements inside elements.
const DEPTH: usize = 128;

/// Why a document is not read.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    /// It is no XML.
    #[error("not XML")]
    Syntax(#[source] quick_xml::Error),
    /// An attribute is none.
    #[error("not XML: an attribute")]
    Attribute,
    /// It names something that only it knows.
    #[error("an entity of the document's own")]
    Entity,
    /// It ends too early, or goes on after its root.
    #[error("not one whole element")]
    Shape,
    /// Too many elements inside each other.
    #[error("more than 128 elements inside each other")]
    Depth,
    /// It is not UTF-8.
    #[error("text that is not UTF-8")]
    Encoding,
}

/// An element that has begun.
struct Open {
    name: String,
    members: Map<String, Value>,
    text: String,
    nil: bool,
}

/// Reads a document: an object with one member, the root element.
pub(super) fn read(bytes: &[u8]) -> Result<Value, Fault> {
    let text = std::str::from_utf8(bytes).map_err(|_| Fault::Encoding)?;
    let mut reader = Reader::from_str(text);
    reader.config_mut().expand_empty_elements = true;
    let mut open: Vec<Open> = Vec::new();
    let mut root: Option<(String, Value)> = None;
    loop {
        match reader.read_event().map_err(Fault::Syntax)? {
            Event::Start(start) => {
                if open.len() == DEPTH {
                    return Err(Fault::Depth);
                }
                if root.is_some() {
                    return Err(Fault::Shape);
                }
                open.push(begin(&start)?);
            }
            Event::End(_) => {
                let ended = open.pop().ok_or(Fault::Shape)?;
                let (name, value) = (ended.name.clone(), ended.value());
                match open.last_mut() {
                    Some(parent) => add(&mut parent.members, name, value),
                    None => root = Some((name, value)),
                }
            }
            Event::Text(text) => match open.last_mut() {
                Some(parent) => parent.text.push_str(&text),
                None if text.trim().is_empty() => {}
                None => return Err(Fault::Shape),
            },
            Event::CData(text) => {
                open.last_mut().ok_or(Fault::Shape)?.text.push_str(&text);
            }
            Event::GeneralRef(reference) => {
                let parent = open.last_mut().ok_or(Fault::Shape)?;
                if let Some(character) = reference.resolve_char_ref().map_err(Fault::Syntax)? {
                    parent.text.push(character);
                } else {
                    let text = quick_xml::escape::resolve_predefined_entity(&reference).ok_or(Fault::Entity)?;
                    parent.text.push_str(text);
                }
            }
            Event::Eof => break,
            _ => {}
        }
    }
    let (name, value) = root.filter(|_| open.is_empty()).ok_or(Fault::Shape)?;
    Ok(Value::Object(Map::from_iter([(name, value)])))
}

fn begin(start: &BytesStart<'_>) -> Result<Open, Fault> {
    let name = start.local_name().as_ref().to_owned();
    let mut element = Open { name, members: Map::new(), text: String::new(), nil: false };
    for attribute in start.attributes() {
        let attribute = attribute.map_err(|_| Fault::Attribute)?;
        let key = attribute.key;
        if key.as_ref() == "xmlns" || key.prefix().is_some_and(|prefix| prefix.as_ref() == "xmlns") {
            continue;
        }
        let local = key.local_name();
        let name = local.as_ref();
        let value = quick_xml::escape::unescape(&attribute.value).map_err(|_| Fault::Entity)?.into_owned();
        if name == "nil" && key.prefix().is_some() && (value == "true" || value == "1") {
            element.nil = true;
            continue;
        }
        element.members.insert(format!("@{name}"), Value::String(value));
    }
    Ok(element)
}

impl Open {
    fn value(mut self) -> Value {
        if self.members.is_empty() {
            return if self.nil { Value::Null } else { Value::String(self.text) };
        }
        if !self.text.trim().is_empty() {
            self.members.insert("#text".to_owned(), Value::String(self.text));
        }
        Value::Object(self.members)
    }
}

/// A member that stands again makes a list.
fn add(members: &mut Map<String, Value>, name: String, value: Value) {
    match members.get_mut(&name) {
        None => {
            members.insert(name, value);
        }
        // Only this function makes lists, so that one is never a value itself.
        Some(Value::Array(items)) => items.push(value),
        Some(first) => {
            let first_value = first.take();
            *first = Value::Array(vec![first_value, value]);
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_document_is_the_tree_that_json_would_be() {
        for (document, tree) in [
            ("<trees/>", json!({"trees": ""})),
            (
                "<?xml version=\"1.0\"?><t:trees xmlns:t='urn:t'><t:tree id='1'><name>Oak &amp; &#65;sh</name></t:tree></t:trees>",
                json!({"trees": {"tree": {"@id": "1", "name": "Oak & Ash"}}}),
            ),
            ("<a><b>1</b><b>2</b><b/></a>", json!({"a": {"b": ["1", "2", ""]}})),
            ("<a><b x='1'>text</b></a>", json!({"a": {"b": {"@x": "1", "#text": "text"}}})),
            (
                "<a xmlns:xsi='s'><b xsi:nil='true'/><c><![CDATA[<x>]]></c><!-- no --></a>",
                json!({"a": {"b": null, "c": "<x>"}}),
            ),
        ] {
            assert_eq!(read(document.as_bytes()).unwrap(), tree, "{document}");
        }
    }

    #[test]
    fn what_is_no_document_is_refused() {
        let deep = "<a>".repeat(200);
        let bomb = "<!DOCTYPE a [<!ENTITY b 'x'>]><a>&b;</a>";
        for document in ["", "text", "<a>", "<a></b>", "<a/><b/>", "<a b=1/>", &deep, bomb] {
            assert!(read(document.as_bytes()).is_err(), "{document}");
        }
        assert!(read(b"<a>\xff</a>").is_err());
    }
}
