//! `errors` of an answer: entries with path, code, source and trace id; up to 100 a fetch and code, then one that
//! stands for the rest. Paths of different lengths have no pattern in common: there is one for each length.

use std::collections::{BTreeMap, HashMap};

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

/// What one fetch and code came to.
#[derive(Default)]
struct Told {
    shown: usize,
    /// By the length of the paths.
    rest: BTreeMap<usize, Rest>,
}

/// What is left out.
struct Rest {
    hidden: usize,
    /// A step for each step of the hidden paths; `None`: a position, or keys that differ.
    pattern: Vec<Option<String>>,
    /// The source at fault, if it is the same in all of them.
    source: Option<String>,
}

/// The entries so far, written.
pub(super) struct Errors {
    trace: String,
    out: Vec<u8>,
    count: usize,
    told: HashMap<(usize, Code), Told>,
}

impl Errors {
    pub(super) fn new(trace: &str) -> Self {
        Self { trace: trace.to_owned(), out: Vec::new(), count: 0, told: HashMap::new() }
    }

    /// Whether there is none.
    pub(super) fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Adds an entry; `fetch` is the join it belongs to.
    pub(super) fn add(&mut self, fetch: usize, code: Code, source: Option<&str>, message: &str, path: &[Segment<'_>]) {
        let told = self.told.entry((fetch, code)).or_default();
        if told.shown == MOST {
            told.rest.entry(path.len()).or_insert_with(|| Rest::of(path, source)).cover(path, source);
            return;
        }
        told.shown += 1;
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
        let mut told = std::mem::take(&mut self.told).into_iter().collect::<Vec<_>>();
        told.sort_unstable_by_key(|(key, _)| *key);
        let rests =
            told.into_iter().flat_map(|((_, code), told)| told.rest.into_values().map(move |rest| (code, rest)));
        for (code, rest) in rests {
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
    /// Nothing yet, in the pattern of a path.
    fn of(path: &[Segment<'_>], source: Option<&str>) -> Self {
        let step = |segment: &Segment<'_>| match segment {
            Segment::Key(key) => Some((*key).to_owned()),
            Segment::Index(_) => None,
        };
        Self { hidden: 0, pattern: path.iter().map(step).collect(), source: source.map(str::to_owned) }
    }

    /// Counts a path, and widens the pattern so that it stands for it too.
    fn cover(&mut self, path: &[Segment<'_>], source: Option<&str>) {
        self.hidden += 1;
        if self.source.as_deref() != source {
            self.source = None;
        }
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

    #[test]
    fn what_stands_for_the_rest_is_as_long_as_the_paths_and_names_a_source_that_is_at_fault_in_all() {
        let mut errors = Errors::new("t");
        for row in 0..150 {
            let source = ["civil", "health"][row % 2];
            let edges = ["edges", "node", "born"].map(Segment::Key);
            let [edges, node, born] = edges;
            let root = Segment::Key("residentConnection");
            errors.add(
                0,
                Code::SourceMismatch,
                Some("civil"),
                "wrong",
                &[root, edges, Segment::Index(row), node, born],
            );
            errors.add(
                0,
                Code::SourceMismatch,
                Some(source),
                "wrong",
                &[root, Segment::Key("nodes"), Segment::Index(row), born],
            );
        }
        let mut out = b"{\"data\":null".to_vec();
        assert_eq!(errors.finish(&mut out), 102);
        out.push(b'}');
        let written: Value = serde_json::from_slice(&out).unwrap();
        let rest = |at: usize| {
            let extensions = &written["errors"][at]["extensions"];
            json!([extensions["pattern"], extensions["count"], extensions.get("source")])
        };
        assert_eq!(rest(100), json!([["residentConnection", "nodes", "*", "born"], 100, null]));
        assert_eq!(rest(101), json!([["residentConnection", "edges", "*", "node", "born"], 100, "civil"]));
    }
}
