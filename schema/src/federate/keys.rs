//! Keys: which rows can be asked for by, which columns are unique, what ends an order, what is never null.

use super::draft::Draft;
use super::unions;
use crate::Scalar;
use crate::collection::FieldId;
use crate::federated::{CollectionId, Key, Tie};

/// Resolves the keys of every collection; by-key fields get their names later.
pub(super) fn resolve_keys(draft: &mut Draft<'_>) {
    let unions = draft.sources.len();
    for id in 0..draft.collections.len() {
        if draft.model.collections[id].source == unions {
            unions::take_ties(draft);
        }
        resolve(draft, id);
    }
    unions::mark_sources(draft);
}

fn resolve(draft: &mut Draft<'_>, id: CollectionId) {
    let described = draft.model.collections[id].described.clone();
    let mut keys: Vec<&crate::Key> = described.keys.iter().collect();
    keys.sort_by(|one, other| (!one.primary, &one.columns).cmp(&(!other.primary, &other.columns)));
    let mut resolved: Vec<Key> = Vec::new();
    for key in keys {
        let columns: Option<Vec<FieldId>> = key.columns.iter().map(|name| described.field_id(name)).collect();
        let Some(columns) = columns.filter(|columns| !columns.is_empty()) else {
            let columns = key.columns.join(", ");
            let what = format!("a key of `{}` is left out: there are no such columns: `{columns}`", described.name);
            draft.warn(draft.model.collections[id].source, what, "describe it again");
            continue;
        };
        // A unique key over the same columns says nothing new.
        if !resolved.iter().any(|earlier| earlier.columns == columns) {
            resolved.push(Key { field: "".into(), columns, primary: key.primary });
        }
    }

    draft.collections[id].unique = resolved.iter().map(|key| key.columns.clone()).collect();
    draft.collections[id].primary = resolved.iter().find(|key| key.primary).map(|key| key.columns.clone());
    let scalar = |field: FieldId| described.fields[field].scalar;
    let tie = unions::tie(draft, draft.model.collections[id].source, tie(&described, &resolved));
    let collection = &mut draft.model.collections[id];
    collection.tie = tie;
    if let Some(primary) = &draft.collections[id].primary {
        for column in primary {
            if let Some(field) = &mut collection.fields[*column] {
                field.non_null = !described.fields[*column].nullable;
            }
        }
    }
    resolved.retain(|key| {
        key.columns.iter().all(|column| scalar(*column).is_key() && collection.fields[*column].is_some())
    });
    collection.keys = resolved;
}

fn tie(described: &crate::Collection, keys: &[Key]) -> Tie {
    let is_ordered = |column: &FieldId| described.fields[*column].scalar.is_ordered();
    let never_null = |column: &FieldId| described.fields[*column].holds_no_null();
    let usable = |key: &&Key| key.columns.iter().all(is_ordered) && (key.primary || key.columns.iter().all(never_null));
    if let Some(key) = keys.iter().find(usable) {
        Tie::Key(key.columns.clone())
    } else if described.row_id {
        Tie::RowId
    } else {
        Tie::Everything((0..described.fields.len()).filter(is_ordered).collect())
    }
}

/// How a key's values are written, as far as equal texts are concerned.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Writing {
    Number,
    Text,
    Other(Scalar),
}

fn writing(scalar: Scalar) -> Writing {
    match scalar {
        Scalar::Int | Scalar::BigInt | Scalar::Unsigned | Scalar::Decimal => Writing::Number,
        Scalar::String | Scalar::Enum => Writing::Text,
        other => Writing::Other(other),
    }
}

/// Whether values of the two can ever have the same canonical text; text can meet anything.
pub(super) fn can_meet(one: Scalar, other: Scalar) -> bool {
    let (one, other) = (writing(one), writing(other));
    one == other || one == Writing::Text || other == Writing::Text
}

#[cfg(test)]
mod tests {
    use super::can_meet;
    use crate::Scalar;
    use crate::federate::fixture::{find, model, warnings};
    use crate::federated::Tie;

    #[test]
    fn what_ends_an_order_is_the_best_there_is() {
        let table = [
            ("s.t: a Int, b Int; pk(a, b); unique(b)", Tie::Key(vec![0, 1])),
            ("s.t: a Int, b Int; pk(b)", Tie::Key(vec![1])),
            ("s.t: a Int!, b Int; unique(b); unique(a)", Tie::Key(vec![0])),
            ("s.t: a Int, b Int; unique(a, b); rowid", Tie::RowId),
            ("s.t: a Int, b JSON, c Float", Tie::Everything(vec![0, 2])),
            ("s.t: a Bytes, b Int; pk(a); rowid", Tie::RowId),
            ("s.t: a Float; pk(a); rowid", Tie::Key(vec![0])),
        ];
        for (text, tie) in table {
            assert_eq!(find(&model(text), "s.t").tie, tie, "{text}");
        }
    }

    #[test]
    fn only_a_column_of_the_primary_key_that_is_never_null_is_non_null() {
        let model = model("s.t: a Int!, b Int, c Int!; pk(a, b)");
        let non_null: Vec<bool> = find(&model, "s.t").fields.iter().flatten().map(|field| field.non_null).collect();
        assert_eq!(non_null, [true, false, false]);
    }

    #[test]
    fn keys_that_cannot_be_written_down_have_no_by_key_field() {
        let model = model("s.t: a Float, b Bytes, c JSON, d Int; pk(a); unique(b); unique(c, d); unique(d); unique(d)");
        let keys: Vec<&str> = find(&model, "s.t").keys.iter().map(|key| &*key.field).collect();
        assert_eq!(keys, ["tByD"]);
    }

    #[test]
    fn a_key_of_unknown_columns_is_left_out_with_a_warning() {
        let model = model("s.t: a Int; unique(x)");
        assert!(find(&model, "s.t").keys.is_empty());
        let what = "lilong.toml:1: warning: source s: a key of `t` is left out: there are no such columns: `x` (describe it again)";
        assert_eq!(warnings(&model), [what]);
    }

    #[test]
    fn numbers_meet_numbers_and_text_meets_anything() {
        use Scalar::{BigInt, Boolean, Date, DateTime, Decimal, Enum, Int, LocalDateTime, String, Uuid};
        for (one, other) in [(Int, BigInt), (Decimal, Int), (String, Date), (Uuid, String), (Enum, Int), (Date, Date)] {
            assert!(can_meet(one, other) && can_meet(other, one), "{one:?} {other:?}");
        }
        for (one, other) in
            [(Boolean, Date), (Boolean, Int), (Date, LocalDateTime), (LocalDateTime, DateTime), (Uuid, Int)]
        {
            assert!(!can_meet(one, other) && !can_meet(other, one), "{one:?} {other:?}");
        }
    }
}
