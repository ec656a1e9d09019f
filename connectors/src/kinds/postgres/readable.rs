//! Texts that a type of the server cannot read, told apart once the server has refused a statement.
//!
//! In: the slots of that statement and its values. Out: the slots whose values are no values of their type, to be sent as
//! nulls: what has no place in an order is neither before nor behind anything. *Invariant*: which texts a type reads is for
//! the server alone to say.

use std::sync::Arc;

use lilong_schema::Value;
use sqlx::AssertSqlSafe;

use super::dialect::Slot;
use super::fault;
use super::pool::Pool;
use crate::{BoundFetch, Operand, Result};

/// Whether the server reads values of a statement as types of its own.
pub(super) fn reads(slots: &[Slot]) -> bool {
    slots.iter().any(|slot| matches!(slot, Slot::Value { read_as: Some(_), .. }))
}

/// The positions of the slots whose values their types cannot read.
pub(super) async fn unreadable(pool: &Arc<Pool>, slots: &[Slot], bound: &BoundFetch) -> Result<Vec<usize>> {
    let mut unreadable = vec![];
    for (position, slot) in slots.iter().enumerate() {
        let Slot::Value { operand, read_as: Some(name), .. } = slot else {
            continue;
        };
        if let Some(Operand::Value(Value::Text(text))) = bound.operands.get(*operand)
            && !is_read(pool, name, text).await?
        {
            unreadable.push(position);
        }
    }
    Ok(unreadable)
}

/// Whether a type reads a text.
async fn is_read(pool: &Arc<Pool>, name: &str, text: &str) -> Result<bool> {
    let doing = "asking what a type reads";
    let fault = |error| fault::of(pool.source(), doing, error);
    // No text of the server holds NUL.
    if text.contains('\0') {
        return Ok(false);
    }
    let mut lease = pool.lease(false).await?;
    let connection = lease.begin(pool.tuning().timeout).await.map_err(fault)?;
    let question = format!("SELECT $1::text::{name} IS NULL");
    let asked = sqlx::query(AssertSqlSafe(question)).bind(text).persistent(false).execute(connection).await;
    let read = match asked {
        Ok(_) => true,
        Err(error) if fault::is_of_value(&error) => false,
        Err(error) => return Err(fault(error)),
    };
    lease.give_back().await.map_err(fault)?;
    Ok(read)
}
