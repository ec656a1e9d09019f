//! Leisure: the library and the sports bureau, whose databases nobody sees but their own services.

use rusqlite::{Connection, params};

use super::department::{Department, insert};
use crate::demo::people::days_ago;
use crate::demo::town::Town;

pub(in crate::demo) static LIBRARY: Department = Department {
    name: "library",
    title: "District Library 区图书馆",
    habits: "A REST service that an OpenAPI document describes: pages of a hundred rows, a hundred readers or cards at a time.",
    settings: "",
    schema: "
        create table reader (reader_no integer primary key, id_card text not null unique, branch text not null,
            since text not null);
        create table loan (loan_no integer primary key, reader_no integer not null references reader (reader_no),
            title text not null, due text not null, returned text);
        create index loan_reader on loan (reader_no);",
    fill: library,
};

const TITLES: [&str; 12] = [
    "Fortress Besieged",
    "Teahouse",
    "Dream of the Red Chamber",
    "Family",
    "Love in a Fallen City",
    "Border Town",
    "Water Margin",
    "Call to Arms",
    "The True Story of Ah Q",
    "Rickshaw Boy",
    "Journey to the West",
    "Soup for Beginners",
];

fn library(silo: &Connection, town: &Town) -> rusqlite::Result<()> {
    let mut readers = insert(silo, "reader", 4)?;
    let mut loans = insert(silo, "loan", 5)?;
    for (household, resident) in town.people().filter(|(_, resident)| resident.age() >= 6) {
        let mut random = resident.random("library");
        if !resident.is_known(&mut random, 24) {
            continue;
        }
        let number = 700_000 + resident.number;
        let branch = household.neighbourhood.street.name;
        readers.execute(params![number, resident.id_card, branch, days_ago(random.below(4_000)).to_string()])?;
        for turn in 0..random.between(u32::from(resident.known), 3) {
            // Four weeks each; the newest are still out.
            let lent = random.below(200);
            let returned = (lent > 20 && !random.chance(4)).then(|| days_ago(lent - random.between(1, 20)).to_string());
            let due = days_ago(lent) + chrono::Days::new(28);
            loans.execute(params![
                i64::from(number) * 10 + i64::from(turn),
                number,
                *random.pick(&TITLES),
                due.to_string(),
                returned
            ])?;
        }
    }
    Ok(())
}

pub(in crate::demo) static SPORTS: Department = Department {
    name: "sports",
    title: "Sports Bureau 体育局",
    habits: "A GraphQL service with Relay's connections: a lilong of its own over one database, in ../services/sports. It \
             knows citizens by civil affairs' number.",
    settings: "collections = [\"sports.memberConnection\", \"sports.venueConnection\", \"sports.visitConnection\"]

[source.rename]
\"memberConnection\" = \"member\"
\"venueConnection\" = \"venue\"
\"visitConnection\" = \"visits\"
",
    schema: "
        create table venue (id integer primary key, name text not null, street text not null);
        create table member (citizen_id integer primary key, level text not null, joined date not null);
        create table visit (id integer primary key, citizen_id integer not null references member (citizen_id),
            venue_id integer not null references venue (id), at datetime not null, minutes integer);
        create index visit_citizen on visit (citizen_id);
        create index visit_venue on visit (venue_id);",
    fill: sports,
};

/// Kinds of places in every street.
const VENUES: [&str; 3] = ["Swimming Pool", "Table Tennis Hall", "Fitness Path"];

fn sports(silo: &Connection, town: &Town) -> rusqlite::Result<()> {
    let mut venues = insert(silo, "venue", 3)?;
    for street in &town.streets {
        for (turn, kind) in (1..).zip(VENUES) {
            venues.execute(params![street.number * 10 + turn, format!("{} {kind}", street.name), street.name])?;
        }
    }
    let mut members = insert(silo, "member", 3)?;
    let mut visits = insert(silo, "visit", 5)?;
    for (household, resident) in town.people().filter(|(_, resident)| resident.age() >= 14 && !resident.gone) {
        let mut random = resident.random("sports");
        if !resident.is_known(&mut random, 11) {
            continue;
        }
        let level = *random.pick(&["morning", "district", "all venues"]);
        members.execute(params![resident.number, level, days_ago(random.below(2_500)).to_string()])?;
        let street = household.neighbourhood.street.number;
        for turn in 0..random.between(u32::from(resident.known) * 2, 5) {
            let venue = street * 10 + random.between(1, VENUES.len() as u32);
            // Days apart, so that the newest visits are the same in every order.
            let day = days_ago(turn * 12 + random.below(12));
            let at = format!("{day} {:02}:{:02}:00", random.between(6, 20), random.below(60));
            let minutes = (!random.chance(10)).then(|| random.between(20, 120));
            visits.execute(params![resident.number * 10 + turn, resident.number, venue, at, minutes])?;
        }
    }
    Ok(())
}
