//! `errors` of an answer: entries with path, code, source and trace id; up to 100 a fetch and code, then one that
//! stands for the rest.

use std::collections::HashMap;

use crate::error::Code;
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
    pattern: Vec<u8>,
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
        Self {
            trace: trace.to_owned(),
            out: Vec::new(),
            count: 0,
            rest: HashMap::new(),
        }
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
            if rest.hidden == 1 {
                write_path(path, true, &mut rest.pattern);
            }
            return;
        }
        rest.shown += 1;
        self.begin(message);
        self.out.extend_from_slice(b",\"path\":");
        write_path(path, false, &mut self.out);
        self.extensions(code, source);
        self.out.extend_from_slice(b"}}");
    }

    /// Appends `,"errors":[…]` if there are any; gives their number.
    pub(super) fn finish(mut self, out: &mut Vec<u8>) -> usize {
        let mut rests = std::mem::take(&mut self.rest)
            .into_iter()
            .filter(|(_, rest)| rest.hidden > 0)
            .collect::<Vec<_>>();
        rests.sort_unstable_by_key(|(key, _)| *key);
        for ((_, code), rest) in rests {
            self.begin(&format!("{} more like this", rest.hidden));
            self.extensions(code, rest.source.as_deref());
            self.out.extend_from_slice(b",\"pattern\":");
            self.out.extend_from_slice(&rest.pattern);
            self.out
                .extend_from_slice(format!(",\"count\":{}}}}}", rest.hidden).as_bytes());
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

fn write_path(path: &[Segment<'_>], pattern: bool, out: &mut Vec<u8>) {
    out.push(b'[');
    for (index, segment) in path.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        match segment {
            Segment::Key(key) => json::write_string(key, out),
            Segment::Index(_) if pattern => out.extend_from_slice(b"\"*\""),
            Segment::Index(index) => out.extend_from_slice(index.to_string().as_bytes()),
        }
    }
    out.push(b']');
}
