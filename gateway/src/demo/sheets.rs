//! A department that has no database: the community canteens keep two CSV files and a workbook on a share.
//!
//! In: a town. Out: the files' bytes, and what the catalog says of them. *Invariant*: the same town gives the same bytes.

mod workbook;

use std::fmt::Write;
use std::io;

use self::workbook::{Cell, Sheet};
use super::people::days_ago;
use super::random::Random;
use super::town::Town;

/// Its name in the catalog.
pub(super) const NAME: &str = "meals";
pub(super) const TITLE: &str = "Community Canteens 社区食堂";
/// What is peculiar to its files.
pub(super) const HABITS: &str = "Meals for the elderly, in spreadsheets: customers and meals in CSV, canteens in a \
    workbook. A title stands above each header; \
    identity cards look like numbers until one ends in X. Whoever saves a file changes the answers.";
/// The keys of its `[[source]]` block that say what it is.
pub(super) const CONNECTOR: &str = "connector = \"files\"
path = \"../sheets/*\"
header = 3
";
pub(super) const SETTINGS: &str = "
[source.keys]
\"customers\" = [\"ID Card\"]
\"meals\" = [\"ID Card\", \"Day\"]
\"canteens.canteen\" = [\"No\"]
\"canteens.subsidy\" = [\"From Age\"]

[source.types]
\"customers.ID Card\" = \"String\"
\"meals.ID Card\" = \"String\"
\"meals.Price\" = \"Decimal\"
";

/// One file.
pub(super) struct File {
    pub(super) name: &'static str,
    pub(super) write: fn(&Town) -> io::Result<Vec<u8>>,
}

/// All of them.
pub(super) static FILES: [File; 3] = [
    File { name: "canteens.xlsx", write: canteens },
    File { name: "customers.csv", write: customers },
    File { name: "meals.csv", write: meals },
];

const DIETS: [&str; 4] = ["regular", "soft", "low salt", "diabetic"];
const DISHES: [&str; 8] = [
    "steamed bream",
    "tofu with greens",
    "red-braised pork",
    "egg and tomato",
    "winter melon soup",
    "lion's head",
    "shepherd's purse wontons",
    "congee with pickles",
];
/// Days of which meals are kept.
const DAYS: u32 = 14;

fn canteens(town: &Town) -> io::Result<Vec<u8>> {
    let text = |text: &str| Cell::Text(text.to_owned());
    let header = |names: &[&str]| names.iter().map(|name| text(name)).collect::<Vec<_>>();
    let title = |title: &str| vec![vec![text(title)], vec![Cell::Empty]];
    let mut canteens = title("Community canteens of the district");
    canteens.push(header(&["No", "Name", "Street", "Seats", "Opens", "Inspected"]));
    for street in &town.streets {
        let mut random = Random::of("canteen", u64::from(street.number));
        canteens.push(vec![
            Cell::Number(street.number),
            Cell::Text(format!("{} Canteen", street.name)),
            text(street.name),
            Cell::Number(random.between(4, 15) * 10),
            Cell::Text(format!("10:{}0", random.below(6))),
            Cell::Date(days_ago(random.between(5, 300))),
        ]);
    }
    let mut subsidies = title("What the district adds to a meal");
    subsidies.push(header(&["From Age", "Percent"]));
    subsidies.extend(
        [(60, 10), (70, 20), (80, 30), (90, 50)].map(|(age, percent)| vec![Cell::Number(age), Cell::Number(percent)]),
    );
    workbook::write(&[Sheet { name: "canteen", rows: canteens }, Sheet { name: "subsidy", rows: subsidies }])
}

/// Who eats there, each with the stream that says what.
fn eaters(town: &Town) -> impl Iterator<Item = (u32, &str, bool, Random)> {
    let old = town.people().filter(|(_, resident)| resident.age() >= 60 && !resident.gone);
    old.filter_map(|(household, resident)| {
        let mut random = resident.random(NAME);
        let canteen = household.neighbourhood.street.number;
        resident.is_known(&mut random, 21).then_some((canteen, resident.id_card.as_str(), resident.known, random))
    })
}

// Nothing that stands in these files holds a comma, a quote or a line's end.

#[allow(clippy::unnecessary_wraps)] // as the other files are made
fn customers(town: &Town) -> io::Result<Vec<u8>> {
    let mut text = "Customers of the community canteens\n\nID Card,Canteen No,Diet,Since\n".to_owned();
    for (canteen, card, _, mut random) in eaters(town) {
        let (diet, since) = (*random.pick(&DIETS), days_ago(random.between(DAYS, 1_500)));
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{card},{canteen},{diet},{since}");
    }
    Ok(text.into_bytes())
}

#[allow(clippy::unnecessary_wraps)] // as the other files are made
fn meals(town: &Town) -> io::Result<Vec<u8>> {
    let mut text = "Meals of the last two weeks\n\nID Card,Day,Dish,Price\n".to_owned();
    for (_, card, known, mut random) in eaters(town) {
        for day in 0..DAYS {
            if !random.chance(40) && !known {
                continue;
            }
            let dish = random.pick(&DISHES);
            // Free meals have no price.
            let price = if random.chance(5) {
                String::new()
            } else {
                format!("{}.{}0", random.between(8, 15), random.below(10))
            };
            let _ = writeln!(text, "{card},{},{dish},{price}", days_ago(day));
        }
    }
    Ok(text.into_bytes())
}
