//! The streets' copies of departments' databases as one: the demo's `unions.toml`.
//!
//! In: how many copies of a department's database every street may have. Out: `[[union]]` blocks over them, and the links that
//! lead from and to them as those of the department itself do. *Invariant*: a union has members, and columns that all of
//! them hold alike whatever rows they were given.

use std::fmt::Write;

use super::links::LINKS;

/// A collection that the streets' copies hold together.
struct Union {
    department: &'static str,
    collection: &'static str,
    /// The root field.
    name: &'static str,
    title: &'static str,
}

const fn union(department: &'static str, collection: &'static str, name: &'static str, title: &'static str) -> Union {
    Union { department, collection, name, title }
}

static UNIONS: [Union; 8] = [
    union("civil", "resident", "streetResidents", "Residents as the streets know them"),
    union("civil", "household", "streetHouseholds", "Households as the streets know them"),
    union("health", "patients", "streetPatients", "Patients of the streets' own clinics"),
    union("health", "vaccinations", "streetVaccinations", "Vaccinations in the streets' own clinics"),
    union("hotline", "cases", "streetCases", "Hotline cases that the streets have taken over"),
    union("grid", "cells", "streetCells", "Grid cells as the streets know them"),
    union("grid", "officers", "streetOfficers", "Grid officers of the streets"),
    union("elderly_care", "seniors", "streetSeniors", "Seniors whom the streets look after"),
];

/// The blocks, where `rounds` tells how many copies of a department's database the first street has.
pub(super) fn unions(rounds: impl Fn(&str) -> usize) -> String {
    let mut text = "\
# The streets' copies of departments' databases as one, and what leads from and to them.
"
    .to_owned();
    for Union { department, collection, name, title } in &UNIONS {
        let rounds = rounds(department);
        if rounds == 0 {
            continue;
        }
        let member = |round: usize| match round {
            1 => format!("\"*_{department}.{collection}\""),
            round => format!("\"*_{department}_{round}.{collection}\""),
        };
        let members: Vec<String> = (1..=rounds).map(member).collect();
        // Writing to a string cannot fail.
        let _ =
            write!(text, "\n[[union]]\nname = \"{name}\"\ntitle = \"{title}\"\nmembers = [{}]\n", members.join(", "));
        for link in LINKS.iter().filter(|link| link.starts_at(department)) {
            if let Some(columns) = link.columns_of(collection) {
                link.write_union(name, columns, &mut text);
            }
        }
        if *name == "streetResidents" {
            text.push_str(
                "\n[[link]]\nfrom = \"streetResidents(id_card)\"\nto = \"civil.resident(id_card)\"\nname = \"resident\"\nback = \"streetResidents\"\n",
            );
        }
    }
    text
}
