//! Living together: community service centres and volunteers.

use rusqlite::{Connection, params};

use super::department::{Department, insert};
use crate::demo::people::days_ago;
use crate::demo::town::Town;

pub(super) static COMMUNITY_CENTRES: Department = Department {
    name: "community_centres",
    title: "Community Service Centres 社区服务中心",
    habits: "Streets by their names in capitals; identity cards in lower case.",
    settings: "",
    schema: "
        create table centre (id integer primary key, street text not null unique, opens time, phone text);
        create table activity (id integer primary key, centre_id integer not null references centre (id), title text not null,
            starts_at datetime, places integer);
        create table member (member_no integer primary key, id_card text not null unique,
            centre_id integer references centre (id));
        create table sign_up (activity_id integer not null references activity (id),
            member_no integer not null references member (member_no), attended boolean,
            primary key (activity_id, member_no)) without rowid;
        create index centre_street on centre (upper(trim(street)));
        create index member_card on member (upper(id_card));
        create index activity_centre on activity (centre_id);
        create index member_centre on member (centre_id);
        create index sign_up_member on sign_up (member_no);",
    fill: community_centres,
};

fn community_centres(silo: &Connection, town: &Town) -> rusqlite::Result<()> {
    const TITLES: [&str; 6] =
        ["Tai chi in the morning", "Calligraphy", "Using a smartphone", "Choir", "Dumplings together", "Chess evening"];
    let mut centres = insert(silo, "centre", 4)?;
    let mut activities = insert(silo, "activity", 5)?;
    for street in &town.streets {
        let opens = format!("{:02}:30", 7 + street.number % 3);
        centres.execute(params![
            street.number,
            street.name.to_uppercase(),
            opens,
            format!("100{:08}", 900 + street.number)
        ])?;
        for (turn, title) in (1..).zip(TITLES) {
            let starts = format!("{} {:02}:00:00", days_ago(turn * 9 + street.number), 8 + turn);
            activities.execute(params![street.number * 10 + turn, street.number, title, starts, 10 + turn * 5])?;
        }
    }
    let mut members = insert(silo, "member", 3)?;
    let mut sign_ups = silo.prepare("insert or ignore into sign_up values (?, ?, ?)")?;
    for (household, resident) in town.people().filter(|(_, resident)| resident.age() >= 12) {
        let mut random = resident.random("community_centres");
        if !resident.is_known(&mut random, if resident.age() >= 60 { 38 } else { 8 }) {
            continue;
        }
        let street = household.neighbourhood.street.number;
        let centre = (resident.known || !random.chance(3)).then_some(street);
        members.execute(params![resident.number, resident.id_card.to_lowercase(), centre])?;
        for _ in 0..random.below(4) {
            let attended = (!random.chance(15)).then(|| random.chance(80));
            sign_ups.execute(params![street * 10 + random.between(1, 6), resident.number, attended])?;
        }
    }
    Ok(())
}

pub(super) static VOLUNTEERS: Department = Department {
    name: "volunteers",
    title: "Volunteers' Association 志愿者协会",
    habits: "Abbreviated names; blanks around identity cards; whom a volunteer visits is an identity card too.",
    settings: "",
    schema: "
        create table vol (vno integer primary key, idno text not null unique, nm text, tel text);
        create table svc (sno integer primary key, vno integer not null references vol (vno), what text not null,
            hrs real, for_idno text, dt date);
        create index vol_idno on vol (trim(idno));
        create index svc_vno on svc (vno);
        create index svc_for on svc (for_idno);",
    fill: volunteers,
};

fn volunteers(silo: &Connection, town: &Town) -> rusqlite::Result<()> {
    let mut people = insert(silo, "vol", 4)?;
    let mut services = insert(silo, "svc", 6)?;
    let lonely: Vec<&str> = town
        .people()
        .filter(|(household, resident)| resident.age() >= 75 && household.living() == 1)
        .map(|(_, resident)| resident.id_card.as_str())
        .collect();
    for (_, resident) in town.people().filter(|(_, resident)| (16..75).contains(&resident.age())) {
        let mut random = resident.random("volunteers");
        if !random.chance(6) {
            continue;
        }
        let phone = (!random.chance(25)).then(|| resident.phone());
        people.execute(params![resident.number, format!("{} ", resident.id_card), resident.name.latin, phone])?;
        for turn in 0..random.between(1, 3) {
            let visited = (!lonely.is_empty() && random.chance(50)).then(|| *random.pick(&lonely));
            services.execute(params![
                resident.number * 10 + turn,
                resident.number,
                if visited.is_some() {
                    "visit"
                } else {
                    *random.pick(&["crossing guard", "park cleaning", "vaccination queue"])
                },
                f64::from(random.between(2, 12)) / 2.0,
                visited,
                days_ago(random.below(365)).to_string()
            ])?;
        }
    }
    Ok(())
}
