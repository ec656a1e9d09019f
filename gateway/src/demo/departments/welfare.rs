//! Welfare: social security, veterans, disabled persons, care of the elderly.

use rusqlite::{Connection, params};

use super::department::{Department, insert};
use crate::demo::people::{Sex, days_ago};
use crate::demo::town::Town;

pub(super) static SOCIAL_SECURITY: Department = Department {
    name: "social_security",
    title: "Human Resources and Social Security 人力资源和社会保障局",
    habits: "Upper-case abbreviations of pinyin; the catalog gives them readable names.",
    settings: r#"
[source.rename]
SB_CBR = "insured"
"SB_CBR.GRBH" = "personNo"
"SB_CBR.SFZH" = "idCard"
"SB_CBR.XM" = "name"
"SB_CBR.DWBH" = "employerCode"
"SB_CBR.CBZT" = "state"
"SB_CBR.YLJ" = "monthlyPension"
SB_JF = "contributions"
"SB_JF.GRBH" = "personNo"
"SB_JF.NY" = "month"
"SB_JF.JE" = "amount"
"#,
    schema: "
        create table SB_CBR (GRBH integer primary key, SFZH char(18) not null unique, XM varchar(40), DWBH char(18),
            CBZT varchar(10), YLJ decimal(10,2));
        create table SB_JF (GRBH integer not null references SB_CBR (GRBH), NY char(6) not null, JE decimal(10,2),
            primary key (GRBH, NY));
        create index IDX_SB_CBR_DWBH on SB_CBR (DWBH);",
    fill: social_security,
};

fn social_security(silo: &Connection, town: &Town) -> rusqlite::Result<()> {
    let mut insured = insert(silo, "SB_CBR", 6)?;
    let mut contributions = insert(silo, "SB_JF", 3)?;
    for (_, resident) in town.people().filter(|(_, resident)| resident.age() >= 18) {
        let mut random = resident.random("social_security");
        let retired = resident.age() >= if resident.sex == Sex::Female { 55 } else { 60 };
        if !resident.is_known(&mut random, if resident.employer.is_some() || retired { 96 } else { 30 }) {
            continue;
        }
        let state = match (retired, &resident.employer) {
            (true, _) => "retired",
            (false, Some(_)) => "paying",
            (false, None) => "paused",
        };
        let pension = retired.then(|| f64::from(random.between(280_000, 1_150_000)) / 100.0);
        insured.execute(params![
            resident.number,
            resident.id_card,
            resident.name.chinese,
            resident.employer.as_ref().filter(|_| !retired),
            state,
            pension
        ])?;
        if state == "paying" {
            let monthly = f64::from(random.between(90_000, 400_000)) / 100.0;
            for month in ["202608", "202609"] {
                let paid = (!random.chance(3)).then_some(monthly);
                contributions.execute(params![resident.number, month, paid])?;
            }
        }
    }
    Ok(())
}

pub(super) static VETERANS: Department = Department {
    name: "veterans",
    title: "Veterans Affairs Bureau 退役军人事务局",
    habits: "Names with spaces, as typed into a spreadsheet once; x in lower case; days as 2026/10/15, so they are text.",
    settings: "",
    schema: r#"
        create table "Veteran Register" ("Register No" text primary key, "ID Card" text not null unique, "Full Name" text,
            "Service Branch" text, "Discharged On" text, "Bank Account?" boolean);
        create table "Home Visits" ("Visit No" integer primary key, "Register No" text references "Veteran Register",
            "Visited On" text, "Remark" text);
        create index "register by card" on "Veteran Register" (upper("ID Card"));
        create index "visits by register" on "Home Visits" ("Register No");"#,
    fill: veterans,
};

fn veterans(silo: &Connection, town: &Town) -> rusqlite::Result<()> {
    let mut register = insert(silo, "Veteran Register", 6)?;
    let mut visits = insert(silo, "Home Visits", 4)?;
    for (_, resident) in town.people().filter(|(_, resident)| resident.sex == Sex::Male && resident.age() >= 22) {
        let mut random = resident.random("veterans");
        if !random.chance(3 + resident.age() / 12) {
            continue;
        }
        let number = format!("TY-{:06}", resident.number);
        let discharged = days_ago((resident.age() - 21) * 365 - random.below(200)).format("%Y/%m/%d").to_string();
        register.execute(params![
            number,
            resident.id_card.to_lowercase(),
            resident.name.chinese,
            random.pick(&["army", "navy", "air force", "armed police"]),
            discharged,
            (!random.chance(10)).then(|| random.chance(90))
        ])?;
        if resident.age() >= 70 {
            let visited = days_ago(random.below(365)).format("%Y/%m/%d").to_string();
            let remark = random.chance(40).then_some("new hearing aid wanted");
            visits.execute(params![resident.number, number, visited, remark])?;
        }
    }
    Ok(())
}

pub(super) static DISABLED_PERSONS: Department = Department {
    name: "disabled_persons",
    title: "Disabled Persons' Federation 残疾人联合会",
    habits: "A certificate's number is the identity card and two digits for category and grade; renewals refer to the \
             certificate they replace.",
    settings: "",
    schema: "
        create table certificate (number text primary key, id_card text not null, category integer not null
            references category (id), grade integer, issued date, replaces text unique references certificate (number));
        create table category (id integer primary key, name text not null unique, name_zh text not null);
        create table aid (id integer primary key, certificate_number text not null references certificate (number),
            device text not null, lent_on date, returned_on date);
        create index certificate_id_card on certificate (id_card);
        create index aid_certificate on aid (certificate_number);",
    fill: disabled_persons,
};

fn disabled_persons(silo: &Connection, town: &Town) -> rusqlite::Result<()> {
    const CATEGORIES: [(&str, &str); 5] =
        [("sight", "视力"), ("hearing", "听力"), ("speech", "言语"), ("body", "肢体"), ("mind", "智力")];
    let mut categories = insert(silo, "category", 3)?;
    for (number, (name, name_zh)) in (1..).zip(CATEGORIES) {
        categories.execute(params![number, name, name_zh])?;
    }
    let mut certificates = insert(silo, "certificate", 6)?;
    let mut aids = insert(silo, "aid", 5)?;
    for (_, resident) in town.people() {
        let mut random = resident.random("disabled_persons");
        if !random.chance(1 + resident.age() / 18) {
            continue;
        }
        let category = random.between(1, CATEGORIES.len() as u32);
        let grade = random.between(1, 4);
        let number = format!("{}{category}{grade}", resident.id_card);
        let issued = days_ago(random.between(50, 1_500)).to_string();
        let replaces = (grade < 4 && random.chance(15)).then(|| format!("{}{category}{}", resident.id_card, grade + 1));
        if let Some(old) = &replaces {
            let issued = days_ago(random.between(2_000, 4_000)).to_string();
            certificates.execute(params![old, resident.id_card, category, grade + 1, issued, None::<&str>])?;
        }
        certificates.execute(params![number, resident.id_card, category, grade, issued, replaces])?;
        if random.chance(45) {
            let lent = random.between(30, 900);
            let returned = random.chance(30).then(|| days_ago(random.below(lent)).to_string());
            let device = random.pick(&["wheelchair", "hearing aid", "white cane", "walking frame", "bath rail"]);
            aids.execute(params![resident.number, number, device, days_ago(lent).to_string(), returned])?;
        }
    }
    Ok(())
}

pub(super) static ELDERLY_CARE: Department = Department {
    name: "elderly_care",
    title: "Elderly Care Service Centre 养老服务中心",
    habits: "Knows who lives alone, since it asks; writes identity cards as civil affairs does.",
    settings: "",
    schema: "
        create table carers (id integer primary key, name text not null, phone text, team_leader_id integer
            references carers (id));
        create table seniors (id integer primary key, id_card text not null unique, name text, lives_alone boolean,
            care_level integer, meals boolean not null, contact_name text, contact_phone text,
            carer_id integer references carers (id));
        create table visits (id integer primary key, senior_id integer not null references seniors (id), visited_on date,
            carer_id integer references carers (id), note text);
        create index seniors_alone on seniors (lives_alone);
        create index seniors_carer on seniors (carer_id);
        create index visits_senior on visits (senior_id);
        create index visits_carer on visits (carer_id);
        create index carers_leader on carers (team_leader_id);",
    fill: elderly_care,
};

fn elderly_care(silo: &Connection, town: &Town) -> rusqlite::Result<()> {
    let mut carers = insert(silo, "carers", 4)?;
    for street in &town.streets {
        for turn in 0..6 {
            let number = street.number * 10 + turn;
            let name =
                ["Auntie Chen", "Auntie Li", "Uncle Zhou", "Auntie Sun", "Auntie Gao", "Uncle He"][turn as usize];
            let leader = (turn > 0).then_some(street.number * 10);
            carers.execute(params![number, name, format!("100{:08}", 4_000 + number), leader])?;
        }
    }
    let mut seniors = insert(silo, "seniors", 9)?;
    let mut visits = insert(silo, "visits", 5)?;
    for (household, resident) in town.people().filter(|(_, resident)| resident.age() >= 65) {
        let mut random = resident.random("elderly_care");
        if !resident.is_known(&mut random, 93) {
            continue;
        }
        let alone = household.living() == 1 && !resident.gone;
        let carer = (alone || random.chance(25)).then(|| household.neighbourhood.street.number * 10 + random.below(6));
        seniors.execute(params![
            resident.number,
            resident.id_card,
            resident.name.chinese,
            (resident.known || !random.chance(1)).then_some(alone),
            (!random.chance(12)).then(|| random.below(4) + u32::from(resident.age() >= 85)),
            alone && random.chance(50),
            random
                .chance(70)
                .then(|| format!("{} (family)", resident.name.latin.split(' ').next().unwrap_or_default())),
            random.chance(70).then(|| format!("100{:08}", 70_000_000 + resident.number)),
            carer
        ])?;
        if let Some(carer) = carer {
            for visit in 0..random.between(1, 4) {
                let note =
                    random.pick(&[None, None, Some("all well"), Some("heating does not work"), Some("no one at home")]);
                let number = resident.number * 10 + visit;
                let visited = days_ago(random.below(30) + visit * 30).to_string();
                visits.execute(params![number, resident.number, visited, carer, note])?;
            }
        }
    }
    Ok(())
}
