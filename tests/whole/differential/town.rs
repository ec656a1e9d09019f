//! The generated database of large tables beside small ones: what a filter across sources reads of the large one shows.
//!
//! Whatever a link leads to or from has an index, by a unique constraint that begins with it.

use rusqlite::types::Value;

use super::databases::{Database, Table};
use super::generated::{column, foreign, sometimes, text};
use super::random::Random;

const RESIDENTS: i64 = 3_000;
const SHOTS: i64 = 12_000;
const MEMBERS: i64 = 5_000;

/// A few streets, clinics and clubs; thousands of residents, of shots and of members. Some rows are rare.
pub(super) fn town() -> Database {
    let mut random = Random::new(23);
    let streets = (1..=20).map(|id| vec![Value::Integer(id), text(format!("Street {}", id % 15))]).collect();
    let clinics =
        (1..=8).map(|id| vec![Value::Integer(id), text(format!("Clinic {id}")), Value::Integer(id * 3 % 22)]).collect();
    let clubs = (1..=15)
        .map(|id| {
            let leader = random.below(3_100) as i64;
            vec![
                Value::Integer(id),
                text(format!("Club {}", id % 9)),
                sometimes(&mut random, 80, Value::Integer(leader)),
            ]
        })
        .collect();
    let residents = (1..=RESIDENTS)
        .map(|id| {
            let street = random.below(22) as i64;
            let born = text(format!("19{:02}-{:02}-{:02}", random.below(100), id % 12 + 1, id % 28 + 1));
            vec![
                Value::Integer(id),
                text(format!("Name {}", random.below(400))),
                sometimes(&mut random, 90, Value::Integer(street)),
                sometimes(&mut random, 90, born),
            ]
        })
        .collect();
    let shots = (1..=SHOTS)
        .map(|id| {
            // What the generator asks for stands among the first rows.
            let kind =
                if id < 60 { random.below(3) } else { usize::from(id % 400 == 7) + usize::from(id % 4_000 == 7) };
            let (resident, clinic) = (random.below(3_100) as i64, random.below(9) as i64);
            let dose = Value::Integer(random.below(3) as i64);
            vec![
                Value::Integer(id),
                sometimes(&mut random, 95, Value::Integer(resident)),
                text(["flu", "measles", "rare"][kind]),
                sometimes(&mut random, 95, Value::Integer(clinic)),
                sometimes(&mut random, 90, dose),
            ]
        })
        .collect();
    let members = (1..=MEMBERS)
        .map(|id| {
            let (club, resident) = (random.below(16) as i64, random.below(3_050) as i64);
            let since = text(format!("20{:02}-01-{:02}", id % 20, id % 28 + 1));
            vec![Value::Integer(club), Value::Integer(resident), sometimes(&mut random, 90, since)]
        })
        .collect();
    let table = |name, columns: &[(&'static str, &'static str)], key: &[usize], constraints, foreign, rows| Table {
        name,
        columns: columns.iter().map(|(name, declared)| column(name, declared)).collect(),
        key: key.to_vec(),
        constraints,
        foreign,
        rows,
        is_asked: true,
        ..Table::default()
    };
    let (id, street) = (("id", "INTEGER"), ("street_id", "INTEGER"));
    let (resident, clinic) = (("resident_id", "INTEGER"), ("clinic_id", "INTEGER"));
    Database {
        tables: vec![
            table("street", &[id, ("name", "TEXT")], &[0], "", vec![], streets),
            table(
                "resident",
                &[id, ("name", "TEXT"), street, ("born", "DATE")],
                &[0],
                "UNIQUE (street_id, id)",
                vec![foreign(&[2], 0, &[0])],
                residents,
            ),
            table(
                "shot",
                &[id, resident, ("vaccine", "TEXT"), clinic, ("dose", "INTEGER")],
                &[0],
                "UNIQUE (resident_id, id), UNIQUE (clinic_id, id), UNIQUE (vaccine, id)",
                vec![foreign(&[1], 1, &[0]), foreign(&[3], 3, &[0])],
                shots,
            ),
            table("clinic", &[id, ("name", "TEXT"), street], &[0], "", vec![foreign(&[2], 0, &[0])], clinics),
            table("club", &[id, ("title", "TEXT"), resident], &[0], "", vec![foreign(&[2], 1, &[0])], clubs),
            table(
                "member",
                &[("club_id", "INTEGER"), resident, ("since", "DATE")],
                &[0, 1],
                "UNIQUE (resident_id, club_id)",
                vec![foreign(&[0], 4, &[0]), foreign(&[1], 1, &[0])],
                members,
            ),
        ],
    }
}
