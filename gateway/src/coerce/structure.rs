//! What of the variables a plan depends on.
//!
//! In: coerced variables. Out: bytes, equal for requests that can share a plan. *Invariant*: holds presence, nulls, keys
//! of objects in order, lengths of lists of objects and enums, enum values and booleans, and no other value; different
//! structures never give equal bytes.

use lilong_schema::Value;

use crate::operation::{Argument, Form, Variables};

/// The part of variables that plans are kept by.
pub fn structure(variables: &Variables) -> Vec<u8> {
    let mut out = Vec::with_capacity(variables.0.len() * 2);
    for variable in &variables.0 {
        match variable {
            None => out.push(b'-'),
            Some(argument) => write(argument, &mut out),
        }
    }
    out
}

fn write(argument: &Argument, out: &mut Vec<u8>) {
    match &argument.form {
        Form::Null => out.push(b'0'),
        Form::Leaf(Value::Boolean(value)) => out.push(if *value { b't' } else { b'f' }),
        Form::Leaf(_) => out.push(b'*'),
        Form::Enum(value) => {
            out.push(b'e');
            write_text(value, out);
        }
        Form::List(items) if !items.is_empty() && items.iter().all(is_plain) => out.push(b'%'),
        Form::List(items) => {
            out.push(b'[');
            write_length(items.len(), out);
            for item in items {
                write(item, out);
            }
        }
        Form::Object(entries) => {
            out.push(b'{');
            write_length(entries.len(), out);
            for (key, part) in entries {
                write_text(key, out);
                write(part, out);
            }
        }
    }
}

fn is_plain(item: &Argument) -> bool {
    matches!(&item.form, Form::Leaf(value) if !matches!(value, Value::Boolean(_)))
}

fn write_length(length: usize, out: &mut Vec<u8>) {
    out.extend_from_slice(&(length as u64).to_le_bytes());
}

fn write_text(text: &str, out: &mut Vec<u8>) {
    write_length(text.len(), out);
    out.extend_from_slice(text.as_bytes());
}
