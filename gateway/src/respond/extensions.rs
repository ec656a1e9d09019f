//! `extensions.lilong` of an answer: the sources that are missing from lists of unions, those that gave what is older than the
//! catalog allows, and the plan where it is told.
//!
//! *Invariant*: an answer with an old part never goes without saying so.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::missing::Missing;
use crate::json;

/// Appends `,"extensions":{"lilong":{"missing":[…],"stale":[{"source":…,"age":…}],"plan":{…}}}`, if there is anything to say: each
/// source once, ages in whole seconds.
pub(super) fn write(
    missing: &[Missing<'_>],
    stale: &[(Arc<str>, Duration)],
    plan: Option<&serde_json::Value>,
    out: &mut Vec<u8>,
) {
    let missing: BTreeSet<&str> = missing.iter().filter_map(|missing| missing.fault.source.as_deref()).collect();
    if missing.is_empty() && stale.is_empty() && plan.is_none() {
        return;
    }
    out.extend_from_slice(b",\"extensions\":{\"lilong\":{");
    if !missing.is_empty() {
        out.extend_from_slice(b"\"missing\":[");
        for (at, source) in missing.iter().enumerate() {
            if at > 0 {
                out.push(b',');
            }
            json::write_string(source, out);
        }
        out.push(b']');
    }
    if !stale.is_empty() {
        out.extend_from_slice(if missing.is_empty() { b"\"stale\":[" } else { b",\"stale\":[" });
        for (at, (source, age)) in stale.iter().enumerate() {
            out.extend_from_slice(if at > 0 { b",{\"source\":" } else { b"{\"source\":" });
            json::write_string(source, out);
            out.extend_from_slice(format!(",\"age\":{}}}", age.as_secs()).as_bytes());
        }
        out.push(b']');
    }
    if let Some(plan) = plan {
        if !missing.is_empty() || !stale.is_empty() {
            out.push(b',');
        }
        out.extend_from_slice(b"\"plan\":");
        out.extend_from_slice(plan.to_string().as_bytes());
    }
    out.extend_from_slice(b"}}");
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::error::Code;
    use crate::execute::Fault;

    #[test]
    fn what_is_missing_and_what_is_old_stand_side_by_side() {
        let fault = Fault { source: Some("a".into()), ..Fault::new(Code::SourceTimeout, "") };
        let stale = [("b".into(), Duration::from_millis(2_900)), ("c".into(), Duration::ZERO)];
        let (told_missing, told_stale) = (json!(["a"]), json!([{"source": "b", "age": 2}, {"source": "c", "age": 0}]));
        let plan = json!({"steps": []});
        for (missing, old, planned, wanted) in [
            (true, false, false, json!({"missing": told_missing})),
            (false, true, false, json!({"stale": told_stale})),
            (true, true, false, json!({"missing": told_missing, "stale": told_stale})),
            (false, false, true, json!({"plan": plan})),
            (true, true, true, json!({"missing": told_missing, "stale": told_stale, "plan": plan})),
        ] {
            let missing = missing.then(|| Missing { field: "x".to_owned(), fault: &fault });
            let mut out = b"{\"data\":null".to_vec();
            let stale = if old { &stale[..] } else { &[] };
            write(missing.as_slice(), stale, planned.then_some(&plan), &mut out);
            out.push(b'}');
            let written: Value = serde_json::from_slice(&out).unwrap();
            assert_eq!(written["extensions"]["lilong"], wanted);
        }
        let mut out = Vec::new();
        write(&[], &[], None, &mut out);
        assert!(out.is_empty());
    }
}
