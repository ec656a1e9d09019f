//! Enterprises: market supervision, taxation, fire safety, urban management.

use rusqlite::{Connection, params};

use super::department::{Department, insert};
use crate::demo::enterprises::RESTAURANT;
use crate::demo::people::days_ago;
use crate::demo::town::Town;

pub(super) static MARKET_SUPERVISION: Department = Department {
    name: "market_supervision",
    title: "Market Supervision Administration 市场监督管理局",
    habits: "The reference for enterprises: unified social credit codes in upper case; streets as two digits of its own \
             register; days as 15/10/2026, so they are text.",
    settings: "",
    schema: "
        create table enterprise (credit_code text primary key, name text not null, name_zh text, trade text,
            owner_id_card text, street_code text, state text not null, founded_on text) without rowid;
        create table licence (credit_code text not null references enterprise (credit_code), kind text not null,
            number text unique, valid_until text, primary key (credit_code, kind)) without rowid;
        create table licence_check (id integer primary key, credit_code text not null, kind text not null,
            checked_on text not null, passed boolean,
            foreign key (credit_code, kind) references licence (credit_code, kind));
        create view open_restaurants as select credit_code, name, name_zh, street_code from enterprise
            where trade = 'restaurant' and state = 'open';
        create index enterprise_owner on enterprise (owner_id_card);
        create index enterprise_street on enterprise (street_code);
        create index licence_check_licence on licence_check (credit_code, kind);",
    fill: market_supervision,
};

fn market_supervision(silo: &Connection, town: &Town) -> rusqlite::Result<()> {
    let mut enterprises = insert(silo, "enterprise", 8)?;
    let mut licences = insert(silo, "licence", 4)?;
    let mut checks =
        silo.prepare("insert into licence_check (credit_code, kind, checked_on, passed) values (?, ?, ?, ?)")?;
    let day = |days| days_ago(days).format("%d/%m/%Y").to_string();
    for enterprise in &town.enterprises {
        let mut random = enterprise.random("market_supervision");
        let state = *random.pick(&["open", "open", "open", "open", "open", "closed", "revoked"]);
        // A street that was merged away long ago, as registers have it.
        let street =
            if random.chance(1) { "13".to_owned() } else { format!("{:02}", enterprise.neighbourhood.street.number) };
        enterprises.execute(params![
            enterprise.code,
            enterprise.name,
            enterprise.name_zh,
            enterprise.trade.name,
            enterprise.owner,
            street,
            state,
            (!random.chance(5)).then(|| day(random.between(300, 9_000)))
        ])?;
        let food = (enterprise.trade == RESTAURANT || enterprise.trade.name == "shop").then_some("food");
        for kind in ["business"].into_iter().chain(food) {
            let until = day(random.below(200));
            licences.execute(params![
                enterprise.code,
                kind,
                format!("{}{:06}", &kind[..1], enterprise.number),
                until
            ])?;
            for _ in 0..random.below(3) {
                let passed = (!random.chance(6)).then(|| random.chance(85));
                checks.execute(params![enterprise.code, kind, day(random.below(800)), passed])?;
            }
        }
    }
    Ok(())
}

pub(super) static TAXATION: Department = Department {
    name: "taxation",
    title: "Taxation Bureau 税务局",
    habits: "Taxpayers by credit code; amounts as decimals; a column named like a keyword (order).",
    settings: "",
    schema: r#"
        create table taxpayer (tax_no text primary key, grade text, "order" integer);
        create table tax_return (tax_no text not null references taxpayer (tax_no), period text not null,
            turnover decimal(14,2), due decimal(14,2) not null, paid_on date, primary key (tax_no, period));
        create index tax_return_unpaid on tax_return (tax_no) where paid_on is null;"#,
    fill: taxation,
};

fn taxation(silo: &Connection, town: &Town) -> rusqlite::Result<()> {
    let mut taxpayers = insert(silo, "taxpayer", 3)?;
    let mut returns = insert(silo, "tax_return", 5)?;
    for enterprise in &town.enterprises {
        let mut random = enterprise.random("taxation");
        if !random.chance(97) {
            continue;
        }
        let grade = (!random.chance(8)).then(|| *random.pick(&["A", "A", "B", "B", "B", "C", "D"]));
        taxpayers.execute(params![enterprise.code, grade, enterprise.number])?;
        for (period, age) in [("2026Q1", 180), ("2026Q2", 90), ("2026Q3", 5)] {
            let turnover = u64::from(random.between(200_000, 400_000_000));
            let paid = random.chance(if age == 5 { 40 } else { 96 }).then(|| days_ago(random.below(age)).to_string());
            let due = turnover * 3 / 100;
            returns.execute(params![enterprise.code, period, turnover as f64 / 100.0, due as f64 / 100.0, paid])?;
        }
    }
    Ok(())
}

pub(super) static FIRE_SAFETY: Department = Department {
    name: "fire_safety",
    title: "Fire and Rescue Brigade 消防救援支队",
    habits: "Credit codes in lower case; instants in UTC.",
    settings: "",
    schema: "
        create table fire_checks (id integer primary key autoincrement, credit_code text not null, checked_at timestamp not null,
            result text not null, inspector text, follows integer references fire_checks (id));
        create table findings (fire_check_id integer not null references fire_checks (id), line integer not null,
            text text not null, remedied boolean, primary key (fire_check_id, line));
        create table hydrants (code text primary key, lane integer, working boolean);
        create index fire_checks_code on fire_checks (upper(credit_code));
        create index fire_checks_result on fire_checks (result);
        create index fire_checks_follows on fire_checks (follows);",
    fill: fire_safety,
};

fn fire_safety(silo: &Connection, town: &Town) -> rusqlite::Result<()> {
    const FINDINGS: [&str; 5] = [
        "emergency exit blocked",
        "extinguisher expired",
        "cables over the stove",
        "smoke detector missing",
        "no escape plan",
    ];
    let mut checks = silo.prepare(
        "insert into fire_checks (credit_code, checked_at, result, inspector, follows) values (?, ?, ?, ?, ?)",
    )?;
    let mut findings = insert(silo, "findings", 4)?;
    for enterprise in &town.enterprises {
        let mut random = enterprise.random("fire_safety");
        let mut days = random.between(60, 500);
        let mut before = None;
        for _ in 0..random.below(4) {
            let failed = random.chance(if enterprise.trade == RESTAURANT { 55 } else { 15 });
            let at = format!("{}T{:02}:{:02}:00Z", days_ago(days), random.between(1, 9), random.below(60));
            let inspector = (!random.chance(10)).then(|| *random.pick(&["Sgt Luo", "Sgt Qin", "Lt Wei"]));
            let result = if failed { "failed" } else { "passed" };
            checks.execute(params![enterprise.code.to_lowercase(), at, result, inspector, before])?;
            let check = silo.last_insert_rowid();
            if failed {
                let first = random.below(5);
                for line in 1..=random.between(1, 3) {
                    let remedied = (!random.chance(15)).then(|| random.chance(50));
                    findings.execute(params![check, line, FINDINGS[((first + line) % 5) as usize], remedied])?;
                }
            }
            before = failed.then_some(check);
            days = random.below(days);
        }
    }
    let mut hydrants = insert(silo, "hydrants", 3)?;
    for neighbourhood in town.neighbourhoods() {
        for cell in neighbourhood.cells() {
            hydrants.execute(params![format!("XHS-{}", cell.code()), cell.number * 10, cell.number % 11 != 0])?;
        }
    }
    Ok(())
}

pub(super) static URBAN_MANAGEMENT: Department = Department {
    name: "urban_management",
    title: "Urban Management Bureau 城市管理行政执法局",
    habits: "Hungarian notation; credit codes with hyphens; some offenders are no enterprise it can name.",
    settings: "",
    schema: "
        create table tblOffence (lngOffenceID integer primary key, strCreditCode text, strKind text not null,
            dtmNoted date, curFine decimal(8,2), blnPaid boolean, lngOfficerID integer references tblOfficer);
        create table tblOfficer (lngOfficerID integer primary key, strName text not null, strBadge text unique);
        create index idxOffenceCode on tblOffence (replace(replace(strCreditCode, ' ', ''), '-', ''));
        create index idxOffenceOfficer on tblOffence (lngOfficerID);",
    fill: urban_management,
};

fn urban_management(silo: &Connection, town: &Town) -> rusqlite::Result<()> {
    let mut officers = insert(silo, "tblOfficer", 3)?;
    for street in &town.streets {
        let name = ["Jiang", "Cheng", "Bao", "Yu"][street.number as usize % 4];
        officers.execute(params![street.number, format!("Officer {name}"), format!("CG{:04}", street.number * 7)])?;
    }
    let mut offences = insert(silo, "tblOffence", 7)?;
    for enterprise in &town.enterprises {
        let mut random = enterprise.random("urban_management");
        for turn in 0..random.below(5).saturating_sub(1) {
            let code = &enterprise.code;
            let code = (!random.chance(10)).then(|| format!("{}-{}-{}", &code[..2], &code[2..8], &code[8..]));
            offences.execute(params![
                enterprise.number * 10 + turn,
                code,
                random.pick(&["goods on the pavement", "loud music", "kitchen waste", "unlicensed sign"]),
                days_ago(random.below(600)).to_string(),
                (!random.chance(20)).then(|| f64::from(random.between(2, 40) * 50)),
                random.chance(70),
                enterprise.neighbourhood.street.number
            ])?;
        }
    }
    Ok(())
}
