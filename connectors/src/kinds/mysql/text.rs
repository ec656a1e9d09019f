//! SQL that is written with numbered marks in the places of values, and what is sent instead.
//!
//! In: text with `?1`, `?2` … outside quotes, the numbers of [`Statement::slot`](crate::sql::statement::Statement).
//! Out: pieces; written out they are text with plain `?` marks, each value in its place. *Invariant*: marks inside
//! quotes are names, never values.

/// A part of a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// SQL as it stands.
    Sql(String),
    /// The position of a slot; it may stand in several places.
    Slot(usize),
}

/// Cuts a statement at its marks.
pub(super) fn cut(text: &str) -> Vec<Piece> {
    let mut pieces = vec![];
    let mut sql = String::new();
    let mut quote: Option<char> = None;
    let mut chars = text.chars().peekable();
    while let Some(char) = chars.next() {
        if let Some(open) = quote {
            if char == open {
                quote = None;
            }
        } else if matches!(char, '`' | '\'') {
            quote = Some(char);
        } else if char == '?' {
            let mut number = 0_usize;
            while let Some(digit) = chars.peek().and_then(|char| char.to_digit(10)) {
                number = number * 10 + digit as usize;
                chars.next();
            }
            if let Some(slot) = number.checked_sub(1) {
                pieces.push(Piece::Sql(std::mem::take(&mut sql)));
                pieces.push(Piece::Slot(slot));
                continue;
            }
        }
        sql.push(char);
    }
    if !sql.is_empty() {
        pieces.push(Piece::Sql(sql));
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_in_names_and_texts_are_left_alone() {
        let pieces = cut("SELECT `a?1``?2` FROM t WHERE '?3''' = ?12 AND b = ?1");
        let expected = [
            Piece::Sql("SELECT `a?1``?2` FROM t WHERE '?3''' = ".to_owned()),
            Piece::Slot(11),
            Piece::Sql(" AND b = ".to_owned()),
            Piece::Slot(0),
        ];
        assert_eq!(pieces, expected);
    }
}
