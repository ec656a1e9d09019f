//! Cursors: the place of a row in an order, as text that clients hand back unread.
//!
//! In: the values of an order's terms. Out: base64url of a version, a fingerprint of the order, the values, and a seal
//! (HMAC-SHA256, cut to 16 bytes). *Invariant*: only what this gateway sealed is opened, and only for the order and the
//! collection it was sealed for; every value comes back as precisely what it was.

mod part;

use std::fmt;
use std::io::Write as _;

use base64::Engine;
use base64::display::Base64Display;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use lilong_schema::{Scalar, Secret, Value};
use ring::rand::SecureRandom;
use ring::{digest, hmac, rand};

pub use self::part::Part;

/// The form of what follows; another one is no cursor.
const VERSION: u8 = 1;
const FINGERPRINT: usize = 8;
const SEAL: usize = 16;

/// What cursors are sealed with.
#[derive(Clone)]
pub struct CursorKey(Option<hmac::Key>);

/// Never shows the key.
impl fmt::Debug for CursorKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CursorKey")
    }
}

/// What a cursor belongs to: a collection in an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CursorOrder {
    fingerprint: [u8; FINGERPRINT],
    scalars: Vec<Scalar>,
}

/// Why a text is not opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unopened {
    /// This gateway did not seal it, or it was changed.
    Foreign,
    /// It was sealed for another collection or another order.
    Elsewhere,
}

/// A cursor that cannot be made, because the system gave no random key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoKey;

impl CursorKey {
    /// The key that a secret gives; the same in every process.
    pub fn new(secret: &Secret) -> Self {
        Self(Some(hmac::Key::new(hmac::HMAC_SHA256, secret.reveal().as_bytes())))
    }

    /// A key of this process alone.
    pub fn random() -> Self {
        let mut bytes = [0; 32];
        let filled = rand::SystemRandom::new().fill(&mut bytes);
        Self(filled.ok().map(|()| hmac::Key::new(hmac::HMAC_SHA256, &bytes)))
    }

    /// Writes a cursor, without quotes: it needs no escapes. `payload` is what [`CursorOrder::begin`] began and
    /// [`Part::write`] went on with; it gets the seal.
    pub fn seal(&self, payload: &mut Vec<u8>, out: &mut Vec<u8>) -> Result<(), NoKey> {
        let key = self.0.as_ref().ok_or(NoKey)?;
        let seal = hmac::sign(key, payload);
        payload.extend_from_slice(&seal.as_ref()[..SEAL]);
        // Writing to a `Vec` never fails.
        let _ = write!(out, "{}", Base64Display::new(payload, &URL_SAFE_NO_PAD));
        Ok(())
    }

    /// The values of a cursor, one for each term of the order; [`Value::Null`] among them.
    pub fn open(&self, order: &CursorOrder, text: &str) -> Result<Vec<Value>, Unopened> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| Unopened::Foreign)?;
        let end = bytes.len().checked_sub(SEAL).ok_or(Unopened::Foreign)?;
        let (payload, seal) = bytes.split_at(end);
        let key = self.0.as_ref().ok_or(Unopened::Foreign)?;
        let own = hmac::sign(key, payload);
        if !same(&own.as_ref()[..SEAL], seal) {
            return Err(Unopened::Foreign);
        }
        let (version, rest) = payload.split_first().ok_or(Unopened::Foreign)?;
        if *version != VERSION {
            return Err(Unopened::Foreign);
        }
        let values = rest.strip_prefix(order.fingerprint.as_slice()).ok_or(Unopened::Elsewhere)?;
        part::read_all(values, &order.scalars).ok_or(Unopened::Elsewhere)
    }
}

impl CursorOrder {
    /// The order that some names tell apart from every other; `scalars` are those of its terms.
    pub fn new<'a>(names: impl IntoIterator<Item = &'a str>, scalars: Vec<Scalar>) -> Self {
        let mut context = digest::Context::new(&digest::SHA256);
        let mut add = |text: &str| {
            context.update(&(text.len() as u64).to_le_bytes());
            context.update(text.as_bytes());
        };
        names.into_iter().for_each(&mut add);
        for scalar in &scalars {
            add(scalar.name());
        }
        let mut fingerprint = [0; FINGERPRINT];
        fingerprint.copy_from_slice(&context.finish().as_ref()[..FINGERPRINT]);
        Self { fingerprint, scalars }
    }

    /// Begins a payload anew.
    pub fn begin(&self, payload: &mut Vec<u8>) {
        payload.clear();
        payload.push(VERSION);
        payload.extend_from_slice(&self.fingerprint);
    }

    /// What the values of its terms are.
    pub fn scalars(&self) -> &[Scalar] {
        &self.scalars
    }
}

/// Compares in the same time wherever they differ.
fn same(one: &[u8], other: &[u8]) -> bool {
    one.len() == other.len() && one.iter().zip(other).fold(0, |sum, (one, other)| sum | (one ^ other)) == 0
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const SCALARS: [Scalar; 9] = [
        Scalar::Int,
        Scalar::BigInt,
        Scalar::Float,
        Scalar::Boolean,
        Scalar::String,
        Scalar::Decimal,
        Scalar::Date,
        Scalar::DateTime,
        Scalar::String,
    ];

    fn order(names: &[&str]) -> CursorOrder {
        CursorOrder::new(names.iter().copied(), SCALARS.to_vec())
    }

    fn parts() -> [Part<'static>; 9] {
        [
            Part::Integer(-1),
            Part::Integer(i64::MIN),
            Part::Float(0.1),
            Part::Boolean(true),
            Part::Text(""),
            Part::Decimal("-0.10000000000000000000000000001"),
            Part::Date(-719_162),
            Part::Instant(253_402_300_799_999_999),
            Part::Null,
        ]
    }

    fn sealed(key: &CursorKey, order: &CursorOrder) -> String {
        let (mut payload, mut out) = (Vec::new(), Vec::new());
        order.begin(&mut payload);
        for part in parts() {
            part.write(&mut payload);
        }
        key.seal(&mut payload, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn values_come_back_as_they_went() {
        let key = CursorKey::new(&Secret::new("a secret that is long"));
        let order = order(&["civil", "resident"]);
        let text = sealed(&key, &order);
        assert!(text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_'));
        let expected = [
            Value::Integer(-1),
            Value::Integer(i64::MIN.into()),
            Value::Float(0.1),
            Value::Boolean(true),
            Value::Text(String::new()),
            Value::Decimal("-0.10000000000000000000000000001".into()),
            Value::Date(-719_162),
            Value::DateTime(253_402_300_799_999_999),
            Value::Null,
        ];
        assert_eq!(key.open(&order, &text).unwrap(), expected);
        let again = CursorKey::new(&Secret::new("a secret that is long"));
        assert!(again.open(&order, &text).is_ok());
    }

    #[test]
    fn whatever_is_changed_is_not_opened() {
        let key = CursorKey::random();
        let order = order(&["civil", "resident"]);
        let text = sealed(&key, &order);
        let bytes = URL_SAFE_NO_PAD.decode(&text).unwrap();
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            let changed = URL_SAFE_NO_PAD.encode(changed);
            assert_eq!(key.open(&order, &changed), Err(Unopened::Foreign), "byte {at}");
            let cut = URL_SAFE_NO_PAD.encode(&bytes[..at]);
            assert_eq!(key.open(&order, &cut), Err(Unopened::Foreign), "cut at {at}");
        }
        for garbage in ["", "=", "a", "AAAA", "é", "null", &format!("{text}="), &format!("{text}A")] {
            assert_eq!(key.open(&order, garbage), Err(Unopened::Foreign), "{garbage}");
        }
        assert_eq!(CursorKey::random().open(&order, &text), Err(Unopened::Foreign));
    }

    #[test]
    fn a_cursor_of_another_order_is_told_apart() {
        let key = CursorKey::random();
        let text = sealed(&key, &order(&["civil", "resident"]));
        for names in [&["civil", "street"][..], &["civilresident"], &["civil", "resident", "id"], &[]] {
            assert_eq!(key.open(&order(names), &text), Err(Unopened::Elsewhere), "{names:?}");
        }
        let others = CursorOrder::new(["civil", "resident"], vec![Scalar::Int; 9]);
        assert_eq!(key.open(&others, &text), Err(Unopened::Elsewhere));
    }
}
