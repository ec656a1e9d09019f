//! Health: the health commission, medical insurance, care of mothers and children.

use rusqlite::{Connection, params};

use super::department::{Department, insert};
use crate::demo::people::{FLU_SEASON, Sex, TODAY, days_ago};
use crate::demo::town::Town;

pub(super) static HEALTH: Department = Department {
    name: "health",
    title: "Health Commission 卫生健康委员会",
    habits: "Identity cards in lower case with spaces between their parts (990110 19410316 002x).",
    settings: "",
    schema: "
        create table clinics (id integer primary key, name text not null, street_name text, phone text);
        create table doctors (id integer primary key, name text not null, clinic_id integer references clinics (id),
            phone text);
        create table patients (id integer primary key, id_card_no text not null unique, name text,
            blood_type text, doctor_id integer references doctors (id), registered_on date);
        create table vaccinations (id integer primary key autoincrement,
            patient_id integer not null references patients (id), vaccine text not null, dose integer,
            given_on date, clinic_id integer references clinics (id));
        create table chronic_conditions (patient_id integer not null references patients (id), condition text not null,
            since date, primary key (patient_id, condition)) without rowid;
        create index patients_card on patients (upper(replace(replace(id_card_no, ' ', ''), '-', '')));
        create index doctors_clinic on doctors (clinic_id);
        create index patients_doctor on patients (doctor_id);
        create index vaccinations_patient on vaccinations (patient_id, vaccine, given_on);",
    fill: health,
};

fn health(silo: &Connection, town: &Town) -> rusqlite::Result<()> {
    let mut clinics = insert(silo, "clinics", 4)?;
    let mut doctors = insert(silo, "doctors", 4)?;
    for street in &town.streets {
        for turn in 1..=2 {
            let clinic = street.number * 10 + turn;
            let name = format!("{} Community Health Centre {turn}", street.name);
            clinics.execute(params![clinic, name, street.name, format!("100{:08}", 2_000 + clinic)])?;
            for doctor in 1..=4 {
                let surname = ["Zhou", "Xu", "Shen", "Lu", "Gu", "Fang", "Ni", "Qiu"][((clinic + doctor) % 8) as usize];
                let number = clinic * 10 + doctor;
                doctors.execute(params![
                    number,
                    format!("Dr {surname}"),
                    clinic,
                    format!("100{:08}", 3_000 + number)
                ])?;
            }
        }
    }
    let mut patients = insert(silo, "patients", 6)?;
    let mut vaccinations = silo
        .prepare("insert into vaccinations (patient_id, vaccine, dose, given_on, clinic_id) values (?, ?, ?, ?, ?)")?;
    let mut conditions = insert(silo, "chronic_conditions", 3)?;
    for (household, resident) in town.people() {
        let mut random = resident.random("health");
        if !resident.is_known(&mut random, 94) {
            continue;
        }
        let (age, patient) = (resident.age(), 500_000 + resident.number);
        let clinic = household.neighbourhood.street.number * 10 + random.between(1, 2);
        let doctor = (age >= 60 || random.chance(40)).then(|| clinic * 10 + random.between(1, 4));
        let blood = (!random.chance(35)).then(|| *random.pick(&["O", "A", "B", "AB"]));
        patients.execute(params![
            patient,
            resident.spaced_card(),
            resident.name.chinese,
            blood,
            doctor,
            days_ago(random.between(60, 4_000)).to_string()
        ])?;
        let mut give = |vaccine: &str, dose: u32, days: u32| {
            vaccinations.execute(params![patient, vaccine, dose, days_ago(days).to_string(), clinic])
        };
        let season = (TODAY - FLU_SEASON).num_days() as u32;
        if !resident.known && random.chance(if age >= 60 { 36 } else { 7 }) {
            give("influenza", 1, random.below(season + 1))?;
        }
        if resident.known || random.chance(if age >= 60 { 34 } else { 8 }) {
            give("influenza", 1, random.between(season + 290, season + 340))?;
        }
        if age >= 3 && random.chance(30) {
            give("covid-19", random.between(2, 4), random.between(900, 1_600))?;
        }
        if age >= 65 && (resident.known || random.chance(30)) {
            give("pneumococcal", 1, random.between(100, 1_500))?;
        }
        if age < 12 {
            for dose in 1..=random.between(1, 3) {
                give("hepatitis b", dose, (age * 365).saturating_sub(dose * 60))?;
            }
        }
        if age >= 45 {
            for condition in ["hypertension", "diabetes", "heart disease", "arthritis"] {
                if random.chance(age / 5) {
                    let since = (!random.chance(20)).then(|| days_ago(random.between(100, 6_000)).to_string());
                    conditions.execute(params![patient, condition, since])?;
                }
            }
        }
    }
    // A shot that was noted without a day: it counts as no proof of one this season.
    silo.execute("update vaccinations set given_on = null where id % 211 = 0", [])?;
    Ok(())
}

pub(super) static MEDICAL_INSURANCE: Department = Department {
    name: "medical_insurance",
    title: "Medical Insurance Bureau 医疗保障局",
    habits: "Tables and columns in pinyin; identity cards with hyphens (990110-19410316-002X).",
    settings: "",
    schema: "
        create table can_bao_ren (bian_hao integer primary key, shen_fen_zheng varchar(20) not null unique,
            xing_ming varchar(40), lei_xing varchar(20), zhang_hu_yu_e decimal(12,2), ting_bao boolean);
        create table jie_suan (dan_hao varchar(16) primary key,
            can_bao_ren_id integer not null references can_bao_ren (bian_hao), yi_yuan varchar(60),
            jin_e decimal(12,2) not null, ri_qi date);
        create index can_bao_ren_zheng on can_bao_ren (replace(replace(shen_fen_zheng, ' ', ''), '-', ''));
        create index jie_suan_can_bao_ren on jie_suan (can_bao_ren_id);",
    fill: medical_insurance,
};

fn medical_insurance(silo: &Connection, town: &Town) -> rusqlite::Result<()> {
    let mut insured = insert(silo, "can_bao_ren", 6)?;
    let mut settled = insert(silo, "jie_suan", 5)?;
    for (household, resident) in town.people() {
        let mut random = resident.random("medical_insurance");
        if !resident.is_known(&mut random, 93) {
            continue;
        }
        let kind = if resident.employer.is_some() || resident.age() >= 60 { "employee" } else { "resident" };
        insured.execute(params![
            resident.number,
            resident.hyphened_card(),
            resident.name.chinese,
            kind,
            f64::from(random.below(1_200_000)) / 100.0,
            (!random.chance(3)).then_some(resident.gone)
        ])?;
        let visits = if resident.known { 3 } else { random.below(1 + resident.age() / 22) };
        for visit in 0..visits {
            settled.execute(params![
                format!("YB{:08}{visit:02}", resident.number),
                resident.number,
                format!("{} Hospital", household.neighbourhood.street.name),
                f64::from(random.between(800, 300_000)) / 100.0,
                days_ago(random.below(700)).to_string()
            ])?;
        }
    }
    Ok(())
}

pub(super) static MATERNAL_HEALTH: Department = Department {
    name: "maternal_health",
    title: "Maternal and Child Health Centre 妇幼保健所",
    habits: "camelCase; X in lower case; the child's card is missing until it has one.",
    settings: "",
    schema: "
        create table motherRecords (recordId integer primary key, motherIdCard text not null unique, firstVisit date);
        create table births (birthId integer primary key, recordId integer not null references motherRecords (recordId),
            childIdCard text unique, bornOn date not null, weightGrams integer, hospital text);
        create table checkUps (birthId integer not null references births (birthId), month integer not null,
            heightCm real, weightKg real, primary key (birthId, month));
        create index motherRecordsCard on motherRecords (upper(motherIdCard));
        create index birthsCard on births (upper(childIdCard));
        create index birthsRecord on births (recordId);",
    fill: maternal_health,
};

fn maternal_health(silo: &Connection, town: &Town) -> rusqlite::Result<()> {
    let mut records = insert(silo, "motherRecords", 3)?;
    let mut births = insert(silo, "births", 6)?;
    let mut check_ups = insert(silo, "checkUps", 4)?;
    for household in &town.households {
        let Some(mother) = household.members.first().filter(|first| first.sex == Sex::Female) else {
            continue;
        };
        let children: Vec<_> = household
            .members
            .iter()
            .filter(|child| child.mother == Some(mother.number) && child.age() < 7)
            .filter(|child| child.random("maternal_health").chance(94))
            .collect();
        let Some(first) = children.iter().map(|child| child.born).min() else {
            continue;
        };
        let visit = (first - chrono::Days::new(200)).to_string();
        records.execute(params![mother.number, mother.id_card.to_lowercase(), visit])?;
        for child in children {
            let mut random = child.random("birth");
            let card = (child.age() > 0 || random.chance(60)).then(|| child.id_card.to_lowercase());
            let hospital = random.pick(&["Maternity Hospital One", "Red House Hospital", "District Central Hospital"]);
            let weight = (!random.chance(2)).then(|| random.between(2_300, 4_200));
            births.execute(params![child.number, mother.number, card, child.born.to_string(), weight, hospital])?;
            for month in [1, 6, 12, 24].into_iter().filter(|month| *month <= child.age() * 12) {
                let height = 50.0 + f64::from(month) * 1.4 + f64::from(random.below(40)) / 10.0;
                let kilograms = 3.2 + f64::from(month) * 0.4 + f64::from(random.below(20)) / 10.0;
                check_ups.execute(params![child.number, month, height, (!random.chance(5)).then_some(kilograms)])?;
            }
        }
    }
    Ok(())
}
