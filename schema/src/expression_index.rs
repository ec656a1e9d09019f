//! Indexes over an expression of one column, and the normalised keys whose rows they find.
//!
//! In: what a source's index computes, and a link's `normalize` steps. Out: whether a look-up in the index finds every row of
//! a key. *Invariant*: no row is ever missed; rows too many are found where the source's functions tell less apart than the
//! steps do, and whoever asked compares the steps themselves afterwards.
//!
//! Why none is missed. Let *f* be the steps and *g* the index's functions. Letter functions change letters one by one,
//! and spaces, hyphens and zeros into nothing else: they change places with the other functions freely. So *f* is *A · S*, letter
//! steps after the rest, and *g* is *L · S*: it serves if its rest is the same and it has a letter function wherever *f* has
//! one, because then *L · A = L*, if only *L* treats `a` and `A` alike. From *f(v) = k* follows *L(k) = L(A(S(v))) = L(S(v)) =
//! g(v)*: rows are looked up by *L(k)*. `strip_zeros` leaves a last zero, and sources do not: it must end *S*, and is done to
//! the key once more.

use serde::{Deserialize, Serialize};

use crate::Normalizer;

/// An index whose first part is an expression of one column that normalises it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExpressionIndex {
    /// The column, of scalar `String`.
    pub column: String,
    /// What the expression does, innermost first.
    pub functions: Vec<KeyFunction>,
    /// The expression as its connector writes it, with `{}` for the alias of the table; nobody else reads it.
    pub native: String,
}

/// What a source's function does to a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyFunction {
    /// Letters to upper case, each by itself: ASCII's, and perhaps others too.
    Upper,
    /// Letters to lower case, likewise.
    Lower,
    /// Takes spaces (U+0020) off both ends.
    Trim,
    /// Drops spaces (U+0020).
    DropSpaces,
    /// Drops hyphens.
    DropHyphens,
    /// Drops leading zeros, the last one too.
    StripZeros,
}

impl ExpressionIndex {
    /// Whether every row whose column has a key after these steps is found by [`Self::key_functions`] of the key.
    pub fn serves(&self, steps: &[Normalizer]) -> bool {
        let Some(wanted) = steps.iter().map(functions_of).collect::<Option<Vec<_>>>() else {
            return false;
        };
        let wanted = wanted.concat();
        let shape = Shape::of(&wanted);
        shape.is_some() && shape == Shape::of(&self.functions) && (self.changes_letters() || !change_letters(&wanted))
    }

    /// Whether letters are changed.
    pub fn changes_letters(&self) -> bool {
        change_letters(&self.functions)
    }

    /// What is done to a key, in order, so that it equals the expression of its rows.
    pub fn key_functions(&self) -> impl Iterator<Item = KeyFunction> + '_ {
        self.functions
            .iter()
            .copied()
            .filter(|function| function.is_of_letters() || *function == KeyFunction::StripZeros)
    }
}

impl KeyFunction {
    fn is_of_letters(self) -> bool {
        matches!(self, KeyFunction::Upper | KeyFunction::Lower)
    }
}

fn change_letters(functions: &[KeyFunction]) -> bool {
    functions.iter().any(|function| function.is_of_letters())
}

/// What a step does, as functions; `None`: no index serves it.
pub fn functions_of(step: &Normalizer) -> Option<&'static [KeyFunction]> {
    Some(match step {
        Normalizer::Trim => &[KeyFunction::Trim],
        Normalizer::Uppercase => &[KeyFunction::Upper],
        Normalizer::Lowercase => &[KeyFunction::Lower],
        Normalizer::Compact => &[KeyFunction::DropSpaces, KeyFunction::DropHyphens],
        Normalizer::StripZeros => &[KeyFunction::StripZeros],
        Normalizer::Digits | Normalizer::PadLeft(_) | Normalizer::Date(_) | Normalizer::Map(_) => return None,
    })
}

/// What functions do but for letters; equal shapes do the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Shape {
    spaces: bool,
    hyphens: bool,
    trim: Trimmed,
    zeros: bool,
}

/// Whether ends are trimmed. Once hyphens are gone there may be spaces at the ends that there were not before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Trimmed {
    #[default]
    Never,
    BeforeHyphens,
    AtTheEnd,
}

impl Shape {
    /// `None`: something is done after zeros are gone.
    fn of(functions: &[KeyFunction]) -> Option<Shape> {
        let mut shape = Shape::default();
        for function in functions {
            match function {
                KeyFunction::Upper | KeyFunction::Lower => {}
                KeyFunction::StripZeros => shape.zeros = true,
                _ if shape.zeros => return None,
                KeyFunction::Trim => shape.trim = Trimmed::AtTheEnd,
                KeyFunction::DropSpaces => shape.spaces = true,
                KeyFunction::DropHyphens => {
                    if shape.trim == Trimmed::AtTheEnd && !shape.hyphens {
                        shape.trim = Trimmed::BeforeHyphens;
                    }
                    shape.hyphens = true;
                }
            }
        }
        if shape.spaces {
            // Without spaces there is nothing to trim.
            shape.trim = Trimmed::Never;
        }
        Some(shape)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// How a source changes letters: by ASCII alone, or one by one with others.
    #[derive(Clone, Copy)]
    enum Letters {
        Ascii,
        All,
    }

    fn one_by_one(text: &str, letters: Letters, upper: bool) -> String {
        let change = |char: char| match (letters, upper) {
            (Letters::Ascii, true) => char.to_ascii_uppercase(),
            (Letters::Ascii, false) => char.to_ascii_lowercase(),
            (Letters::All, true) => {
                Some(char.to_uppercase()).filter(|all| all.len() == 1).map_or(char, |mut all| all.next().unwrap())
            }
            (Letters::All, false) => {
                Some(char.to_lowercase()).filter(|all| all.len() == 1).map_or(char, |mut all| all.next().unwrap())
            }
        };
        text.chars().map(change).collect()
    }

    fn run(functions: impl Iterator<Item = KeyFunction>, text: &str, letters: Letters) -> String {
        functions.fold(text.to_owned(), |text, function| match function {
            KeyFunction::Upper => one_by_one(&text, letters, true),
            KeyFunction::Lower => one_by_one(&text, letters, false),
            KeyFunction::Trim => text.trim_matches(' ').to_owned(),
            KeyFunction::DropSpaces => text.replace(' ', ""),
            KeyFunction::DropHyphens => text.replace('-', ""),
            KeyFunction::StripZeros => text.trim_start_matches('0').to_owned(),
        })
    }

    /// Every sequence of up to three items.
    fn sequences<T: Clone>(items: &[T]) -> Vec<Vec<T>> {
        let mut all: Vec<Vec<T>> = vec![vec![]];
        let mut from = 0;
        for _ in 0..3 {
            let to = all.len();
            for at in from..to {
                for item in items {
                    let mut longer = all[at].clone();
                    longer.push(item.clone());
                    all.push(longer);
                }
            }
            from = to;
        }
        all
    }

    #[test]
    fn an_index_that_serves_never_misses_a_row() {
        let steps = [
            Normalizer::Trim,
            Normalizer::Uppercase,
            Normalizer::Lowercase,
            Normalizer::Compact,
            Normalizer::StripZeros,
        ];
        let functions = [
            KeyFunction::Upper,
            KeyFunction::Lower,
            KeyFunction::Trim,
            KeyFunction::DropSpaces,
            KeyFunction::DropHyphens,
            KeyFunction::StripZeros,
        ];
        let mut texts: Vec<String> =
            sequences(&[' ', '-', '0', 'a', 'ı']).iter().map(|chars| chars.iter().collect()).collect();
        texts.extend(["- 0a -", " -0 0K", "00-0 Äß", "\u{a0}0", "\t 0-"].map(str::to_owned));
        let mut serving = 0;
        for functions in sequences(&functions) {
            let index = ExpressionIndex { column: "c".into(), functions, native: String::new() };
            for steps in sequences(&steps).iter().filter(|steps| index.serves(steps)) {
                serving += 1;
                for text in &texts {
                    let key = Normalizer::apply_all(steps, text).unwrap();
                    for letters in [Letters::Ascii, Letters::All] {
                        let (found, wanted) = (
                            run(index.functions.iter().copied(), text, letters),
                            run(index.key_functions(), &key, letters),
                        );
                        assert_eq!(found, wanted, "{text:?} by {steps:?} in {:?}", index.functions);
                    }
                }
            }
        }
        assert!(serving > 500, "{serving}");
    }

    #[test]
    fn spellings_of_the_same_thing_serve_and_others_do_not() {
        use KeyFunction::{DropHyphens, DropSpaces, Lower, StripZeros, Trim, Upper};
        use Normalizer as N;
        let card = || vec![N::Compact, N::Uppercase];
        let table: [(Vec<KeyFunction>, Vec<N>, bool); 13] = [
            (vec![DropSpaces, DropHyphens, Upper], card(), true),
            (vec![Lower, DropHyphens, Trim, DropSpaces], card(), true),
            (vec![DropSpaces, DropHyphens], card(), false),
            (vec![DropSpaces, Upper], card(), false),
            (vec![DropSpaces, DropHyphens, Upper], vec![N::Compact], true),
            (vec![Trim], vec![N::Trim, N::Trim], true),
            (vec![Trim, Upper], vec![N::Compact], false),
            (vec![Trim, StripZeros], vec![N::Trim, N::StripZeros], true),
            (vec![StripZeros, Trim], vec![N::StripZeros, N::Trim], false),
            (vec![StripZeros], vec![N::Trim, N::StripZeros], false),
            (vec![StripZeros], vec![N::StripZeros, N::PadLeft(6)], false),
            (vec![DropSpaces], vec![N::Digits], false),
            (vec![Upper], vec![], true),
        ];
        for (functions, steps, expected) in table {
            let index = ExpressionIndex { column: "c".into(), functions, native: String::new() };
            assert_eq!(index.serves(&steps), expected, "{:?} for {steps:?}", index.functions);
        }
    }
}
