//! `errors` of an answer: entries with path, code, source and trace id; up to 100 a fetch and code, then one that
//! stands for the rest.

use std::collections::HashMap;

use crate::error::Code;
use crate::execute::Fault;
use crate::json;

/// Entries of one fetch and code before the rest is summed up.
const MOST: usize = 100;

/// A step of a path.
#[derive(Clone, Copy, Debug)]
pub(super) enum Segment<'a> {
    /// A response key.
    Key(&'a str),
    /// A position in a list.
    Index(usize),
}

/// What is left out for one fetch and code.
struct Rest {
    shown: usize,
    hidden: usize,
    /// A step for each step of the hidden paths; `None`: a position, or keys that differ.
    pattern: Vec<Option<String>>,
    source: Option<String>,
}

/// The entries so far, written.
pub(super) struct Errors {
    trace: String,
    out: Vec<u8>,
    count: usize,
    rest: HashMap<(usize, Code), Rest>,
}

impl Errors {
    pub(super) fn new(trace: &str) -> Self {
        Self { trace: trace.to_owned(), out: Vec::new(), count: 0, rest: HashMap::new() }
    }

    /// Adds an entry; `fetch` is the join it belongs to.
    pub(super) fn add(&mut self, fetch: usize, code: Code, source: Option<&str>, message: &str, path: &[Segment<'_>]) {
        let rest = self.rest.entry((fetch, code)).or_insert_with(|| Rest {
            shown: 0,
            hidden: 0,
            pattern: Vec::new(),
            source: source.map(str::to_owned),
        });
        if rest.shown == MOST {
            rest.hidden += 1;
            rest.cover(path);
            return;
        }
        rest.shown += 1;
        self.begin(message);
        self.out.extend_from_slice(b",\"path\":");
        write_path(path, &mut self.out);
        self.extensions(code, source);
        self.out.extend_from_slice(b"}}");
    }

    /// Adds the entry of a member of a union that a field had to do without; it has no path, as the field has its value.
    pub(super) fn add_missing(&mut self, field: &str, fault: &Fault) {
        self.begin(&fault.message);
        self.extensions(fault.code, fault.source.as_deref());
        self.out.extend_from_slice(b",\"field\":");
        json::write_string(field, &mut self.out);
        self.out.extend_from_slice(b"}}");
    }

    /// Appends `,"errors":[…]` if there are any; gives their number.
    pub(super) fn finish(mut self, out: &mut Vec<u8>) -> usize {
        let mut rests =
            std::mem::take(&mut self.rest).into_iter().filter(|(_, rest)| rest.hidden > 0).collect::<Vec<_>>();
        rests.sort_unstable_by_key(|(key, _)| *key);
        for ((_, code), rest) in rests {
            self.begin(&format!("{} more like this", rest.hidden));
            self.extensions(code, rest.source.as_deref());
            self.out.extend_from_slice(b",\"pattern\":");
            self.out.push(b'[');
            for (index, step) in rest.pattern.iter().enumerate() {
                if index > 0 {
                    self.out.push(b',');
                }
                json::write_string(step.as_deref().unwrap_or("*"), &mut self.out);
            }
            self.out.push(b']');
            self.out.extend_from_slice(format!(",\"count\":{}}}}}", rest.hidden).as_bytes());
        }
        if self.count > 0 {
            out.extend_from_slice(b",\"errors\":[");
            out.append(&mut self.out);
            out.push(b']');
        }
        self.count
    }

    fn begin(&mut self, message: &str) {
        if self.count > 0 {
            self.out.push(b',');
        }
        self.count += 1;
        self.out.extend_from_slice(b"{\"message\":");
        json::write_string(message, &mut self.out);
    }

    /// Leaves the object open.
    fn extensions(&mut self, code: Code, source: Option<&str>) {
        self.out.extend_from_slice(b",\"extensions\":{\"code\":\"");
        self.out.extend_from_slice(code.name().as_bytes());
        self.out.push(b'"');
        if let Some(source) = source {
            self.out.extend_from_slice(b",\"source\":");
            json::write_string(source, &mut self.out);
        }
        self.out.extend_from_slice(b",\"traceId\":");
        json::write_string(&self.trace, &mut self.out);
    }
}

impl Rest {
    /// Widens the pattern so that it stands for a path too; where one is longer, for the part they share.
    fn cover(&mut self, path: &[Segment<'_>]) {
        if self.hidden == 1 {
            self.pattern = path
                .iter()
                .map(|segment| match segment {
                    Segment::Key(key) => Some((*key).to_owned()),
                    Segment::Index(_) => None,
                })
                .collect();
            return;
        }
        self.pattern.truncate(path.len());
        for (step, segment) in self.pattern.iter_mut().zip(path) {
            let same = matches!((&step, segment), (Some(step), Segment::Key(key)) if step == key);
            if !same {
                *step = None;
            }
        }
    }
}

fn write_path(path: &[Segment<'_>], out: &mut Vec<u8>) {
    out.push(b'[');
    for (index, segment) in path.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        match segment {
            Segment::Key(key) => json::write_string(key, out),
            Segment::Index(index) => out.extend_from_slice(index.to_string().as_bytes()),
        }
    }
    out.push(b']');
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn what_stands_for_the_rest_covers_every_hidden_path() {
        let mut errors = Errors::new("t");
        for row in 0..150 {
            for field in ["born", "died"] {
                let path = [Segment::Key("civil"), Segment::Key("resident"), Segment::Index(row), Segment::Key(field)];
                errors.add(0, Code::SourceMismatch, Some("civil"), "wrong", &path);
            }
        }
        let mut out = b"{\"data\":null".to_vec();
        assert_eq!(errors.finish(&mut out), 101);
        out.push(b'}');
        let written: Value = serde_json::from_slice(&out).unwrap();
        assert_eq!(written["errors"][99]["path"], json!(["civil", "resident", 49, "died"]));
        let rest = &written["errors"][100];
        assert_eq!(rest["extensions"]["pattern"], json!(["civil", "resident", "*", "*"]));
        assert_eq!(rest["extensions"]["count"], 200);
        assert!(rest.get("path").is_none());
    }
}
