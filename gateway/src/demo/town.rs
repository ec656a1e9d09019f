//! The whole district before it is spread over departments: households with their members, and enterprises.
//!
//! In: how many residents. Out: a [`Town`], or the small part of one that a street's copy of a database holds.

use super::enterprises::Enterprise;
use super::households::{Builder, Household};
use super::people::Resident;
use super::streets::{Neighbourhood, STREETS, Street};

/// Households that a street's copy of a database holds.
const PART_HOUSEHOLDS: usize = 8;
/// Enterprises that a street's copy of a database holds.
const PART_ENTERPRISES: usize = 4;

/// A district, or a part of one.
#[derive(Clone, Debug)]
pub(super) struct Town {
    /// The streets it covers.
    pub(super) streets: Vec<&'static Street>,
    pub(super) households: Vec<Household>,
    pub(super) enterprises: Vec<Enterprise>,
}

impl Town {
    /// A district of that many residents; a few more who have moved away are still among the households.
    pub(super) fn new(rows: usize) -> Self {
        let mut enterprises: Vec<Enterprise> = (1..=(rows / 25).max(24) as u32).map(Enterprise::draw).collect();
        let mut builder = Builder::new(rows);
        let mut households = Vec::with_capacity(rows / 2);
        while !builder.is_done() {
            households.push(builder.household(households.len() as u32 + 1, &enterprises));
        }
        for enterprise in &mut enterprises {
            let mut random = enterprise.random("owner");
            let household = random.pick(&households);
            enterprise.owner = household
                .members
                .iter()
                .find(|member| (22..75).contains(&member.age()))
                .map(|owner| owner.id_card.clone());
        }
        Self { streets: STREETS.iter().collect(), households, enterprises }
    }

    /// The part of a street that its `round`th copy of a database holds, counted from 0; empty where the street has no more.
    pub(super) fn part(&self, street: &'static Street, round: usize) -> Self {
        let households = self
            .households
            .iter()
            .filter(|household| household.neighbourhood.street == street)
            .skip(round * PART_HOUSEHOLDS)
            .take(PART_HOUSEHOLDS)
            .cloned()
            .collect();
        let enterprises = self
            .enterprises
            .iter()
            .filter(|enterprise| enterprise.neighbourhood.street == street)
            .skip(round * PART_ENTERPRISES)
            .take(PART_ENTERPRISES)
            .cloned()
            .collect();
        Self { streets: vec![street], households, enterprises }
    }

    /// Everybody, with their household; those who have moved away too.
    pub(super) fn people(&self) -> impl Iterator<Item = (&Household, &Resident)> {
        self.households.iter().flat_map(|household| household.members.iter().map(move |member| (household, member)))
    }

    /// The neighbourhoods of its streets.
    pub(super) fn neighbourhoods(&self) -> impl Iterator<Item = Neighbourhood> {
        self.streets.iter().flat_map(|street| Neighbourhood::all_of(street))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_town_has_the_residents_it_was_asked_for_and_some_who_moved_away() {
        for rows in [100, 3_000] {
            let town = Town::new(rows);
            assert_eq!(town.people().filter(|(_, resident)| !resident.gone).count(), rows);
            let cards: BTreeSet<&str> = town.people().map(|(_, resident)| resident.id_card.as_str()).collect();
            assert_eq!(cards.len(), town.people().count(), "no two people have one card");
        }
    }

    #[test]
    fn ages_are_those_of_an_old_city_district() {
        let town = Town::new(20_000);
        let share = |low: u32, high: u32| {
            let count = town.people().filter(|(_, resident)| (low..high).contains(&resident.age())).count();
            count as f64 * 100.0 / town.people().count() as f64
        };
        let over_eighty = share(80, 130);
        assert!((3.0..5.5).contains(&over_eighty), "{over_eighty} % are over 80");
        assert!((10.0..25.0).contains(&share(0, 18)), "{} % are children", share(0, 18));
        assert!((15.0..32.0).contains(&share(65, 130)), "{} % are over 65", share(65, 130));
        let alone = town.households.iter().filter(|household| household.members.len() == 1).count();
        assert!(alone * 100 / town.households.len() > 10);
    }

    #[test]
    fn parents_are_older_than_their_children_and_live_with_them() {
        let town = Town::new(4_000);
        let mut children = 0;
        for (household, child) in town.people() {
            for parent in [child.mother, child.father].into_iter().flatten() {
                // A grandmother whom the last, cut household no longer has room for is missed by her son alone.
                let Some(parent) = household.members.iter().find(|member| member.number == parent) else {
                    assert_eq!(household.number as usize, town.households.len());
                    continue;
                };
                assert!(parent.born < child.born);
                children += 1;
            }
        }
        assert!(children > 500);
    }

    #[test]
    fn a_part_holds_only_its_street_and_rounds_do_not_overlap() {
        let town = Town::new(4_000);
        let (first, second) = (town.part(&STREETS[0], 0), town.part(&STREETS[0], 1));
        assert_eq!(first.households.len(), PART_HOUSEHOLDS);
        assert!(first.households.iter().all(|household| household.neighbourhood.street.number == 1));
        assert!(first.people().any(|(_, resident)| resident.known));
        assert!(second.households.iter().all(|one| first.households.iter().all(|other| one.number != other.number)));
    }
}
