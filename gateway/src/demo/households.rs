//! Who lives together: households drawn by kind, their members by age, parents with their children.

use std::collections::HashMap;

use chrono::{Days, NaiveDate};

use super::enterprises::Enterprise;
use super::people::{KNOWN_BORN, Name, Resident, Sex, TODAY, id_card};
use super::random::Random;
use super::streets::{Neighbourhood, STREETS};

/// A flat and who lives in it.
#[derive(Clone, Debug)]
pub(super) struct Household {
    /// From 1; civil affairs' key.
    pub(super) number: u32,
    pub(super) neighbourhood: Neighbourhood,
    pub(super) lane: u32,
    pub(super) building: u32,
    pub(super) room: u32,
    pub(super) members: Vec<Resident>,
}

impl Household {
    /// In Latin letters.
    pub(super) fn address(&self) -> String {
        let street = self.neighbourhood.street.name;
        format!("Room {}, No. {}, Lane {}, {street}", self.room, self.building, self.lane)
    }

    /// In Chinese.
    pub(super) fn address_zh(&self) -> String {
        let street = self.neighbourhood.street.name_zh;
        format!("{street}{}弄{}号{}室", self.lane, self.building, self.room)
    }

    /// How many of its members live here still.
    pub(super) fn living(&self) -> usize {
        self.members.iter().filter(|member| !member.gone).count()
    }

    /// What one department knows of it, as a stream.
    pub(super) fn random(&self, department: &str) -> Random {
        Random::of(department, u64::from(self.number) + (1 << 41))
    }
}

/// Who lives together.
#[derive(Clone, Copy)]
enum Kind {
    OldAlone,
    OldCouple,
    YoungAlone,
    Couple,
    Family,
    Generations,
    SingleParent,
}

/// How many of a hundred households are of a kind.
const KINDS: [(u32, Kind); 7] = [
    (9, Kind::OldAlone),
    (19, Kind::OldCouple),
    (13, Kind::YoungAlone),
    (15, Kind::Couple),
    (27, Kind::Family),
    (11, Kind::Generations),
    (6, Kind::SingleParent),
];

/// Makes one household after the other, until there are residents enough.
#[derive(Default)]
pub(super) struct Builder {
    rows: usize,
    living: usize,
    people: u32,
    /// How many cards there are by birthday and sex.
    cards: HashMap<(NaiveDate, bool), u32>,
}

impl Builder {
    /// For that many residents.
    pub(super) fn new(rows: usize) -> Self {
        Self { rows, ..Self::default() }
    }

    /// Whether there are enough.
    pub(super) fn is_done(&self) -> bool {
        self.living >= self.rows
    }

    /// The next household; the first is that of the resident whom every department knows.
    pub(super) fn household(&mut self, number: u32, enterprises: &[Enterprise]) -> Household {
        let mut random = Random::of("household", u64::from(number));
        let street = if number == 1 { &STREETS[0] } else { random.pick(&STREETS) };
        let neighbourhood = Neighbourhood::of(street, random.below(8));
        let lane = 100 + neighbourhood.index * 120 + street.number * 7 + random.below(3) * 20;
        let building = random.between(1, 40);
        let room = random.between(1, 18) * 100 + random.between(1, 4);
        let mut household = Household { number, neighbourhood, lane, building, room, members: Vec::new() };
        if number == 1 {
            self.add(
                &mut household,
                &mut random,
                Draft { name: Some(Name::known()), ..Draft::new(Sex::Female, KNOWN_BORN) },
            );
            return household;
        }
        for draft in Self::drafts(&mut random) {
            if self.living < self.rows {
                self.add(&mut household, &mut random, draft);
            }
        }
        for member in &mut household.members {
            if (20..62).contains(&member.age()) && random.chance(68) {
                member.employer = Some(random.pick(enterprises).code.clone());
            }
        }
        household
    }

    /// Who a household has: ages first, names and cards come when they are added.
    fn drafts(random: &mut Random) -> Vec<Draft> {
        let mut left = random.below(100);
        let mut kind = Kind::Family;
        for (share, candidate) in KINDS {
            kind = candidate;
            if left < share {
                break;
            }
            left -= share;
        }
        let mut drafts = Vec::new();
        let adults = match kind {
            // The lower of two draws: there are fewer of the very old.
            Kind::OldAlone => {
                let age = random.between(62, 97).min(random.between(66, 97));
                let sex = if random.chance(66) { Sex::Female } else { Sex::Male };
                drafts.push(Draft::aged(random, sex, age));
                return drafts;
            }
            Kind::OldCouple => random.between(60, 93).min(random.between(60, 93)),
            Kind::YoungAlone | Kind::SingleParent | Kind::Family | Kind::Generations => random.between(27, 52),
            Kind::Couple => random.between(24, 62),
        };
        let single = matches!(kind, Kind::YoungAlone | Kind::SingleParent);
        let mother = if !single || random.chance(55) {
            drafts.push(Draft::aged(random, Sex::Female, adults));
            Some(drafts.len() - 1)
        } else {
            None
        };
        let father = if !single || mother.is_none() {
            let age = adults + random.below(5);
            drafts.push(Draft::aged(random, Sex::Male, age));
            Some(drafts.len() - 1)
        } else {
            None
        };
        if matches!(kind, Kind::Family | Kind::SingleParent | Kind::Generations) {
            for _ in 0..if random.chance(30) { 2 } else { 1 } {
                let sex = if random.chance(48) { Sex::Female } else { Sex::Male };
                let age = (adults - random.between(22, 33).min(adults)).min(26);
                drafts.push(Draft { mother, father, ..Draft::aged(random, sex, age) });
            }
        }
        if let (Kind::Generations, Some(father)) = (kind, father) {
            let age = adults + random.between(23, 33);
            let grandmother = drafts.len();
            drafts.push(Draft::aged(random, Sex::Female, age));
            drafts[father].mother = Some(grandmother);
        }
        drafts
    }

    fn add(&mut self, household: &mut Household, random: &mut Random, draft: Draft) {
        self.people += 1;
        let turn = self.cards.entry((draft.born, draft.sex == Sex::Male)).or_default();
        let id_card = id_card(draft.born, draft.sex, *turn);
        *turn += 1;
        // Members follow each other in number, so a draft's place tells the number; a truncated household has no one after.
        let first = self.people - household.members.len() as u32;
        let family = draft.father.and_then(|father| household.members.get(father)).map(|father| father.name.clone());
        let known = draft.name.is_some();
        let name = draft.name.unwrap_or_else(|| Name::draw(random, draft.sex, draft.born, family.as_ref()));
        let gone = !known && random.below(1_000) < 12;
        self.living += usize::from(!gone);
        household.members.push(Resident {
            number: self.people,
            id_card,
            name,
            sex: draft.sex,
            born: draft.born,
            mother: draft.mother.map(|place| first + place as u32),
            father: draft.father.map(|place| first + place as u32),
            employer: None,
            gone,
            known,
        });
    }
}

struct Draft {
    sex: Sex,
    born: NaiveDate,
    name: Option<Name>,
    /// Places of the parents among the drafts.
    mother: Option<usize>,
    father: Option<usize>,
}

impl Draft {
    fn new(sex: Sex, born: NaiveDate) -> Self {
        Self { sex, born, name: None, mother: None, father: None }
    }

    fn aged(random: &mut Random, sex: Sex, age: u32) -> Self {
        // A year of 365 days less the leap days that have been: nobody is born after today.
        let days = u64::from(age) * 1_461 / 4 + u64::from(random.between(1, 360));
        Self::new(sex, TODAY - Days::new(days))
    }
}
