//! School and work: education, employment.

use rusqlite::{Connection, params};

use super::department::{Department, insert};
use crate::demo::people::days_ago;
use crate::demo::town::Town;

pub(super) static EDUCATION: Department = Department {
    name: "education",
    title: "Education Bureau 教育局",
    habits: "camelCase; identity cards with blanks around them, from a fixed-width file; streets by the name of their office.",
    settings: "",
    schema: "
        create table school (schoolId text primary key, schoolName text not null, streetOffice text, level text not null);
        create table schoolClass (schoolId text not null references school (schoolId), grade integer not null,
            classNo integer not null, teacher text, primary key (schoolId, grade, classNo));
        create table pupil (pupilId integer primary key, idCardNo text not null unique, pupilName text,
            schoolId text not null, grade integer not null, classNo integer not null, guardianIdCard text,
            foreign key (schoolId, grade, classNo) references schoolClass (schoolId, grade, classNo));
        create index pupilIdCard on pupil (trim(idCardNo));
        create index pupilGuardianIdCard on pupil (trim(guardianIdCard));
        create index pupilClass on pupil (schoolId, grade, classNo);
        create index pupilGuardian on pupil (guardianIdCard);",
    fill: education,
};

fn education(silo: &Connection, town: &Town) -> rusqlite::Result<()> {
    let mut schools = insert(silo, "school", 4)?;
    let mut classes = insert(silo, "schoolClass", 4)?;
    for street in &town.streets {
        for (level, first, last) in [("P", 1, 5), ("M", 6, 9)] {
            let school = format!("0{:02}{level}", street.number);
            let kind = if level == "P" { "Primary" } else { "Middle" };
            let office = format!("{}街道", street.name_zh);
            schools.execute(params![school, format!("{} {kind} School", street.name), office, kind.to_lowercase()])?;
            for grade in first..=last {
                for class in 1..=2 {
                    let teacher = (grade + class) % 7 != 0;
                    let teacher = teacher
                        .then(|| format!("Teacher {}", ["Wu", "Yan", "Tao", "Shi"][(grade + class) as usize % 4]));
                    classes.execute(params![school, grade, class, teacher])?;
                }
            }
        }
    }
    let mut pupils = insert(silo, "pupil", 7)?;
    for (household, resident) in town.people().filter(|(_, resident)| (6..15).contains(&resident.age())) {
        let mut random = resident.random("education");
        if !random.chance(96) {
            continue;
        }
        let grade = resident.age() - 5;
        let school = format!("0{:02}{}", household.neighbourhood.street.number, if grade <= 5 { "P" } else { "M" });
        let guardian = resident.mother.or(resident.father);
        let guardian = household.members.iter().find(|member| Some(member.number) == guardian);
        pupils.execute(params![
            resident.number,
            format!(" {}  ", resident.id_card),
            resident.name.chinese,
            school,
            grade,
            random.between(1, 2),
            guardian.filter(|_| !random.chance(5)).map(|guardian| format!("{} ", guardian.id_card))
        ])?;
    }
    Ok(())
}

pub(super) static EMPLOYMENT: Department = Department {
    name: "employment",
    title: "Employment Promotion Centre 就业促进中心",
    habits: "Job seekers by identity card, offers by the employer's credit code in lower case; instants with an offset.",
    settings: "",
    schema: "
        create table job_seeker (id integer primary key, idcard text not null unique, trade text, registered_at timestamp,
            placed boolean);
        create table job_offer (id integer primary key, employer_code text not null, title text not null,
            monthly_pay decimal(10,2), open boolean not null);
        create table application (job_seeker_id integer not null references job_seeker (id),
            job_offer_id integer not null references job_offer (id), sent_on date not null,
            primary key (job_seeker_id, job_offer_id)) without rowid;
        create index job_offer_employer on job_offer (upper(employer_code));
        create index application_offer on application (job_offer_id);",
    fill: employment,
};

fn employment(silo: &Connection, town: &Town) -> rusqlite::Result<()> {
    const TITLES: [&str; 6] = ["cook", "driver", "welder", "programmer", "shop assistant", "teacher"];
    let mut offers = insert(silo, "job_offer", 5)?;
    let mut open = Vec::new();
    for enterprise in &town.enterprises {
        let mut random = enterprise.random("employment");
        if random.chance(40) {
            let pay = random.chance(80).then(|| f64::from(random.between(3_000, 24_000)));
            let title = random.pick(&TITLES);
            offers.execute(params![
                enterprise.number,
                enterprise.code.to_lowercase(),
                title,
                pay,
                random.chance(70)
            ])?;
            open.push(enterprise.number);
        }
    }
    let mut seekers = insert(silo, "job_seeker", 5)?;
    let mut applications = silo.prepare("insert or ignore into application values (?, ?, ?)")?;
    let adults =
        town.people().filter(|(_, resident)| (18..60).contains(&resident.age()) && resident.employer.is_none());
    for (_, resident) in adults {
        let mut random = resident.random("employment");
        if !random.chance(45) {
            continue;
        }
        let registered = format!("{}T{:02}:30:00+08:00", days_ago(random.below(500)), random.between(9, 16));
        let placed = (!random.chance(10)).then(|| random.chance(25));
        seekers.execute(params![resident.number, resident.id_card, random.pick(&TITLES), registered, placed])?;
        if !open.is_empty() {
            for _ in 0..random.below(3) {
                let sent = days_ago(random.below(90)).to_string();
                applications.execute(params![resident.number, random.pick(&open), sent])?;
            }
        }
    }
    Ok(())
}
