//! What people report and who looks after it: grid inspection, the hotline, letters and visits.

use rusqlite::{Connection, params};

use super::department::{Department, insert};
use crate::demo::people::{TODAY, days_ago};
use crate::demo::random::Random;
use crate::demo::town::Town;

pub(super) static GRID: Department = Department {
    name: "grid",
    title: "Grid Inspection Centre 网格化管理中心",
    habits: "A cell of the grid is a street's number and its own; together they are the key. Written 03-07.",
    settings: "",
    schema: "
        create table cells (street_no integer not null, cell_no integer not null, code text not null unique,
            neighbourhood_no integer, primary key (street_no, cell_no)) without rowid;
        create table officers (badge text primary key, name text not null, phone text, street_no integer, cell_no integer,
            foreign key (street_no, cell_no) references cells (street_no, cell_no));
        create table patrols (id integer primary key, badge text not null references officers (badge),
            walked_on date not null, finding text, settled boolean);
        create index cells_code on cells (replace(replace(code, ' ', ''), '-', ''));
        create index officers_cell on officers (street_no, cell_no);
        create index cells_neighbourhood on cells (neighbourhood_no);
        create index patrols_badge on patrols (badge);",
    fill: grid,
};

fn grid(silo: &Connection, town: &Town) -> rusqlite::Result<()> {
    const NAMES: [&str; 9] =
        ["Tao Lei", "Shi Fang", "Bai Jun", "Fan Ting", "Peng Hao", "Zou Min", "Wen Jie", "Dai Qin", "Meng Bo"];
    const FINDINGS: [&str; 5] =
        ["bicycles in the stairwell", "broken lamp", "loose manhole cover", "rubbish beside the bins", "leaking pipe"];
    let mut cells = insert(silo, "cells", 4)?;
    let mut officers = insert(silo, "officers", 5)?;
    let mut patrols = insert(silo, "patrols", 5)?;
    for neighbourhood in town.neighbourhoods() {
        let street = neighbourhood.street.number;
        for cell in neighbourhood.cells() {
            let place = street * 100 + cell.number;
            let mut random = Random::of("grid", u64::from(place));
            // The committee of a new estate is not known to the grid yet.
            let committee = (!random.chance(4)).then(|| neighbourhood.number());
            cells.execute(params![street, cell.number, cell.code(), committee])?;
            let first = random.below(9);
            for turn in 1..=random.between(1, 2) {
                let badge = format!("WG{place:04}{turn}");
                officers.execute(params![
                    badge,
                    NAMES[((first + turn * 4) % 9) as usize],
                    format!("100{:08}", 5_000_000 + place * 10 + turn),
                    street,
                    cell.number
                ])?;
                for walk in 0..5 {
                    let finding = random.chance(60).then(|| *random.pick(&FINDINGS));
                    let settled = finding.map(|_| random.chance(75));
                    let walked = days_ago(walk * 7 + random.below(7)).to_string();
                    patrols.execute(params![(place * 10 + turn) * 10 + walk, badge, walked, finding, settled])?;
                }
            }
        }
    }
    // An officer who has not been given a cell yet.
    officers.execute(params!["WG00000", "Hao Nan", None::<&str>, None::<u32>, None::<u32>])?;
    Ok(())
}

pub(super) static HOTLINE: Department = Department {
    name: "hotline",
    title: "Citizens' Hotline 12345 市民服务热线",
    habits: "Numbers the streets in the order in which they joined; grid cells without the hyphen (0307); \
             callers may stay unnamed.",
    settings: "",
    schema: "
        create table cases (case_no text primary key, received_at datetime not null, category text not null,
            status text not null, summary text, street_no integer not null, grid_code text, caller_id_card text,
            caller_phone text, repeats text references cases (case_no));
        create table answers (case_no text not null references cases (case_no), turn integer not null,
            answered_at datetime not null, text text not null, satisfied boolean, primary key (case_no, turn));
        create table bulletins (day date primary key, headline text not null);
        create index cases_open on cases (category, status);
        create index cases_caller on cases (caller_id_card);
        create index cases_grid on cases (grid_code);
        create index cases_street on cases (street_no);
        create index cases_repeats on cases (repeats);",
    fill: hotline,
};

fn hotline(silo: &Connection, town: &Town) -> rusqlite::Result<()> {
    const CATEGORIES: [(&str, &str); 8] = [
        ("elevator", "lift stuck between floors"),
        ("noise", "dancing on the square until late"),
        ("water", "brown water from the tap"),
        ("parking", "cars on the fire lane"),
        ("heating", "no gas since yesterday"),
        ("rubbish", "sorting point overflows"),
        ("property", "management does not answer"),
        ("food", "smell of oil from a kitchen"),
    ];
    let mut cases = insert(silo, "cases", 10)?;
    let mut answers = insert(silo, "answers", 5)?;
    let adults = town.people().filter(|(_, resident)| resident.age() >= 20 && !resident.gone);
    for (household, resident) in adults {
        let mut random = resident.random("hotline");
        let calls = if resident.known { 2 } else { random.below(7).saturating_sub(4) };
        let mut before = None;
        for call in 0..calls {
            let number = format!("HL2026-{:07}{call}", resident.number);
            let (category, summary) =
                if before.is_some() || resident.known && call == 0 { CATEGORIES[0] } else { *random.pick(&CATEGORIES) };
            let days = random.below(120) + 120 * (calls - call - 1);
            let minute = random.between(8 * 60, 20 * 60);
            let received = format!("{} {:02}:{:02}:{:02}", days_ago(days), minute / 60, minute % 60, random.below(60));
            let status = *random.pick(&["open", "open", "assigned", "closed", "closed", "closed", "closed"]);
            // 99 stands for a caller who would not say where.
            let street = if random.chance(2) { 99 } else { household.neighbourhood.street.hotline_number };
            let cell = household.neighbourhood.cell_of(household.building).code().replace('-', "");
            cases.execute(params![
                number,
                received,
                category,
                status,
                summary,
                street,
                (!random.chance(5)).then_some(cell),
                (resident.known || random.chance(60)).then_some(&resident.id_card),
                random.chance(85).then(|| resident.phone()),
                before
            ])?;
            if status == "closed" || random.chance(30) {
                let answered = format!("{} 17:00:00", days_ago(days.saturating_sub(random.between(1, 9))));
                let satisfied = (!random.chance(45)).then(|| random.chance(70));
                answers.execute(params![number, 1, answered, "passed on to the street office", satisfied])?;
            }
            before = (category == "elevator").then_some(number);
        }
    }
    let mut bulletins = insert(silo, "bulletins", 2)?;
    for day in TODAY.iter_days().rev().take(365) {
        let headline = if day.to_string().ends_with("-01") { "Monthly review" } else { "Cases of the day" };
        bulletins.execute(params![day.to_string(), headline])?;
    }
    Ok(())
}

pub(super) static LETTERS_VISITS: Department = Department {
    name: "letters_visits",
    title: "Letters and Visits Office 信访办",
    habits: "Identity cards in lower case with spaces; days as 15/10/2026, so they are text and meet other departments' \
             days by a date normaliser only.",
    settings: "",
    schema: "
        create table petition (petition_no text primary key, petitioner text, received text not null, subject text not null,
            state text);
        create table hand_over (petition_no text not null references petition (petition_no), to_department text not null,
            on_day text, primary key (petition_no, to_department));
        create index petition_petitioner on petition (upper(replace(replace(petitioner, ' ', ''), '-', '')));",
    fill: letters_visits,
};

fn letters_visits(silo: &Connection, town: &Town) -> rusqlite::Result<()> {
    let mut petitions = insert(silo, "petition", 5)?;
    let mut hand_overs = insert(silo, "hand_over", 3)?;
    let day = |days| days_ago(days).format("%d/%m/%Y").to_string();
    for (_, resident) in town.people().filter(|(_, resident)| resident.age() >= 25) {
        let mut random = resident.random("letters_visits");
        if !random.chance(4) {
            continue;
        }
        let number = format!("XF{:07}", resident.number);
        let days = random.below(400);
        let (subject, department) = *random.pick(&[
            ("compensation for a demolished house", "housing"),
            ("pension calculated wrongly", "social_security"),
            ("extra floor on the neighbour's roof", "urban_management"),
            ("school place refused", "education"),
        ]);
        let petitioner = (!random.chance(12)).then(|| resident.spaced_card());
        let state = (!random.chance(8)).then(|| *random.pick(&["received", "handed over", "answered"]));
        petitions.execute(params![number, petitioner, day(days), subject, state])?;
        if state.is_some_and(|state| state != "received") {
            let handed = (!random.chance(10)).then(|| day(days.saturating_sub(3)));
            hand_overs.execute(params![number, department, handed])?;
        }
    }
    Ok(())
}
