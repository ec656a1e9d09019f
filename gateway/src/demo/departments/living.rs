//! What people live in and move with: housing, utilities, transport, the environment.

use rusqlite::{Connection, params};

use super::department::{Department, insert};
use crate::demo::people::{TODAY, days_ago};
use crate::demo::random::Random;
use crate::demo::town::Town;

pub(super) static HOUSING: Department = Department {
    name: "housing",
    title: "Housing Administration 房屋管理局",
    habits: "Tables and columns in Chinese; a flat is numbered FW-000123 where civil affairs says household 123.",
    settings: r#"
[source.rename]
"房屋.地址" = "address"
"#,
    schema: r#"
        create table "房屋" ("房屋ID" integer primary key, "房屋编号" text not null unique, "地址" text, "面积" real,
            "建成年份" integer);
        create table "产权" ("证号" text primary key, "房屋ID" integer not null references "房屋" ("房屋ID"),
            "身份证号" text not null, "份额" decimal(5,2) not null, "登记日期" date);
        create table "电梯" ("注册号" text primary key, "弄号" integer not null, "楼号" integer not null, "上次检验" date);
        create view "无主房屋" as select "房屋ID", "房屋编号", "地址" from "房屋"
            where "房屋ID" not in (select "房屋ID" from "产权");
        create index "产权_房屋" on "产权" ("房屋ID");
        create index "产权_身份证" on "产权" ("身份证号");"#,
    fill: housing,
};

fn housing(silo: &Connection, town: &Town) -> rusqlite::Result<()> {
    let mut houses = insert(silo, "房屋", 5)?;
    let mut owners = insert(silo, "产权", 5)?;
    let mut lifts = silo.prepare("insert or ignore into \"电梯\" values (?, ?, ?, ?)")?;
    for household in &town.households {
        let mut random = household.random("housing");
        let house = 800_000 + household.number;
        let area = f64::from(random.between(280, 1_450)) / 10.0;
        let built = (!random.chance(6)).then(|| random.between(1952, 2023));
        houses.execute(params![house, format!("FW-{:06}", household.number), household.address_zh(), area, built])?;
        if household.building % 3 == 0 {
            let street = household.neighbourhood.street.number;
            let number = format!("DT{street:02}{:04}{:02}", household.lane, household.building);
            let checked = (!random.chance(8)).then(|| days_ago(random.below(500)).to_string());
            lifts.execute(params![number, household.lane, household.building, checked])?;
        }
        let known = household.members.iter().any(|member| member.known);
        if !known && random.chance(24) {
            continue;
        }
        let adults: Vec<_> = household.members.iter().filter(|member| member.age() >= 22).take(2).collect();
        for (place, owner) in (1..).zip(&adults) {
            let share = if adults.len() == 2 { 50.0 } else { 100.0 };
            let registered = (!random.chance(5)).then(|| days_ago(random.between(100, 9_000)).to_string());
            owners.execute(params![
                format!("沪房{:06}{place}", household.number),
                house,
                owner.id_card,
                share,
                registered
            ])?;
        }
    }
    Ok(())
}

pub(super) static UTILITIES: Department = Department {
    name: "utilities",
    title: "Water and Gas Company 水务燃气公司",
    habits: "Knows households, not people: their numbers padded with zeros to nine digits; months as 2026-09.",
    settings: "",
    schema: "
        create table account (account_no text primary key, household_no text not null, opened_on date, closed_on date);
        create table reading (account_no text not null references account (account_no), month text not null,
            water_m3 real, gas_m3 real, primary key (account_no, month)) without rowid;
        create unique index account_household on account (household_no);
        create index account_household_number on account (ltrim(household_no, '0'));",
    fill: utilities,
};

fn utilities(silo: &Connection, town: &Town) -> rusqlite::Result<()> {
    let mut accounts = insert(silo, "account", 4)?;
    let mut readings = insert(silo, "reading", 4)?;
    for household in &town.households {
        let mut random = household.random("utilities");
        if !random.chance(96) && household.number != 1 {
            continue;
        }
        let account = format!("SQ{:08}", household.number);
        let closed = (household.living() == 0).then(|| days_ago(random.between(30, 300)).to_string());
        let opened = days_ago(random.between(400, 8_000)).to_string();
        accounts.execute(params![account, format!("{:09}", household.number), opened, closed])?;
        for month in ["2026-07", "2026-08", "2026-09"] {
            let people = household.members.len() as u32;
            let water = f64::from(random.between(15, 60) * people) / 10.0;
            let gas = (!random.chance(7)).then(|| f64::from(random.between(40, 160) + 20 * people) / 10.0);
            readings.execute(params![account, month, water, gas])?;
        }
    }
    Ok(())
}

pub(super) static TRANSPORT: Department = Department {
    name: "transport",
    title: "Transport Commission 交通委员会",
    habits: "PascalCase; cards for the elderly, holders' identity cards with hyphens; trips are summed by month.",
    settings: "",
    schema: "
        create table SeniorCard (CardNumber char(16) not null primary key, HolderIdCard varchar(20) not null unique,
            IssuedAt datetime not null, Blocked bit);
        create table MonthlyTrips (CardNumber char(16) not null references SeniorCard (CardNumber), Month char(7) not null,
            Bus integer, Metro integer, primary key (CardNumber, Month));
        create index SeniorCardHolder on SeniorCard (replace(replace(HolderIdCard, ' ', ''), '-', ''));",
    fill: transport,
};

fn transport(silo: &Connection, town: &Town) -> rusqlite::Result<()> {
    let mut cards = insert(silo, "SeniorCard", 4)?;
    let mut trips = insert(silo, "MonthlyTrips", 4)?;
    for (_, resident) in town.people().filter(|(_, resident)| resident.age() >= 65) {
        let mut random = resident.random("transport");
        if !resident.is_known(&mut random, 81) {
            continue;
        }
        let card = format!("6200-{:07}-{}", resident.number, resident.number % 10);
        let issued = format!(
            "{} {:02}:{:02}:00",
            days_ago(random.below((resident.age() - 64) * 365)),
            random.between(8, 17),
            random.below(60)
        );
        cards.execute(params![card, resident.hyphened_card(), issued, random.chance(3)])?;
        for month in ["2026-08", "2026-09"] {
            if random.chance(70) || resident.known {
                trips.execute(params![
                    card,
                    month,
                    random.below(60),
                    (!random.chance(30)).then(|| random.below(30))
                ])?;
            }
        }
    }
    Ok(())
}

pub(super) static ENVIRONMENT: Department = Department {
    name: "environment",
    title: "Ecology and Environment Bureau 生态环境局",
    habits: "Names streets by their Chinese names without the word for a street office (civil affairs has it).",
    settings: "",
    schema: "
        create table station (code text primary key, street text, height_m real, installed date);
        create table measurement (station_code text not null references station (code), day date not null,
            pm25 real, noise_db integer, primary key (station_code, day));
        create index station_street on station (trim(street));",
    fill: environment,
};

fn environment(silo: &Connection, town: &Town) -> rusqlite::Result<()> {
    let mut stations = insert(silo, "station", 4)?;
    let mut measurements = insert(silo, "measurement", 4)?;
    for street in &town.streets {
        for turn in 1..=2 {
            let mut random = Random::of("environment", u64::from(street.number * 10 + turn));
            let code = format!("HB-{:02}{turn}", street.number);
            let height = f64::from(random.between(30, 250)) / 10.0;
            stations.execute(params![
                code,
                street.name_zh,
                height,
                days_ago(random.between(500, 3_000)).to_string()
            ])?;
            for day in TODAY.iter_days().rev().take(30) {
                let dust = (!random.chance(4)).then(|| f64::from(random.between(60, 900)) / 10.0);
                measurements.execute(params![code, day.to_string(), dust, random.between(42, 78)])?;
            }
        }
    }
    Ok(())
}
