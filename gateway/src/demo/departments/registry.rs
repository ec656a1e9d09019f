//! Who lives where: civil affairs, the population office, public security.

use rusqlite::{Connection, params};

use super::department::{Department, insert};
use crate::demo::people::{FLU_SEASON, Sex, TODAY, days_ago};
use crate::demo::town::Town;

pub(super) static CIVIL: Department = Department {
    name: "civil",
    title: "Civil Affairs Bureau 民政局",
    habits: "The reference: identity cards of eighteen characters, X in upper case; streets by nine-digit codes. snake_case.",
    settings: "",
    schema: "
        create table district (id integer primary key, name text not null, name_zh text not null, today date not null,
            flu_season_from date not null);
        create table street (id text primary key, name text not null unique, name_zh text not null unique,
            office_phone text);
        create table neighbourhood (id integer primary key, street_id text not null references street (id),
            name text not null, name_zh text not null);
        create table household (id integer primary key, neighbourhood_id integer not null references neighbourhood (id),
            address text not null, address_zh text not null, lane integer, building integer, room text);
        create table resident (id integer primary key, id_card text not null unique, name text not null,
            name_zh text not null, sex text not null, born date not null,
            household_id integer references household (id), mother_id integer references resident (id),
            father_id integer references resident (id), phone text);
        create table marriage (certificate_no text primary key, husband_id integer not null references resident (id),
            wife_id integer not null references resident (id), registered_on date);
        create table minimum_income (resident_id integer primary key references resident (id),
            monthly decimal(10,2) not null, since date not null, until date);
        create view over_eighty as select id, id_card, name, name_zh, born, household_id from resident
            where born <= '1946-10-15';
        create index street_name on street (upper(trim(name)));
        create index neighbourhood_street on neighbourhood (street_id);
        create index household_neighbourhood on household (neighbourhood_id);
        create index resident_household on resident (household_id);
        create index resident_mother on resident (mother_id);
        create index resident_father on resident (father_id);
        create index resident_born on resident (born);
        create index marriage_husband on marriage (husband_id);
        create index marriage_wife on marriage (wife_id);",
    fill: civil,
};

fn civil(silo: &Connection, town: &Town) -> rusqlite::Result<()> {
    insert(silo, "district", 5)?.execute(params![
        1,
        "Lilong District",
        "里弄区",
        TODAY.to_string(),
        FLU_SEASON.to_string()
    ])?;
    let mut streets = insert(silo, "street", 4)?;
    for street in &town.streets {
        let office = format!("{}街道", street.name_zh);
        streets.execute(params![street.id(), street.name, office, format!("100{:08}", street.number)])?;
    }
    let mut neighbourhoods = insert(silo, "neighbourhood", 4)?;
    for neighbourhood in town.neighbourhoods() {
        neighbourhoods.execute(params![
            neighbourhood.number(),
            neighbourhood.street.id(),
            neighbourhood.name(),
            neighbourhood.name_zh()
        ])?;
    }
    let mut households = insert(silo, "household", 7)?;
    let mut residents = insert(silo, "resident", 10)?;
    let mut marriages = insert(silo, "marriage", 4)?;
    let mut incomes = insert(silo, "minimum_income", 4)?;
    for household in &town.households {
        households.execute(params![
            household.number,
            household.neighbourhood.number(),
            household.address(),
            household.address_zh(),
            household.lane,
            household.building,
            household.room.to_string()
        ])?;
        for resident in household.members.iter().filter(|member| !member.gone) {
            let mut random = resident.random("civil");
            residents.execute(params![
                resident.number,
                resident.id_card,
                resident.name.latin,
                resident.name.chinese,
                if resident.sex == Sex::Female { "F" } else { "M" },
                resident.born.to_string(),
                household.number,
                resident.mother,
                resident.father,
                (!random.chance(9)).then(|| resident.phone())
            ])?;
            if random.chance(2) && resident.age() >= 18 {
                let until = random.chance(20).then(|| days_ago(random.below(300)).to_string());
                let monthly = f64::from(random.between(400, 1_510));
                let since = days_ago(random.between(400, 3_000)).to_string();
                incomes.execute(params![resident.number, monthly, since, until])?;
            }
        }
        let mut random = household.random("marriage");
        if let [wife, husband, ..] = household.members.as_slice()
            && (wife.sex, husband.sex) == (Sex::Female, Sex::Male)
            && wife.age().min(husband.age()) >= 22
            && wife.mother.is_none()
            && husband.mother != Some(wife.number)
        {
            let registered = days_ago(random.below((wife.age().min(husband.age()) - 21) * 365));
            let registered = (!random.chance(4)).then(|| registered.to_string());
            let certificate = format!("J990110-{:06}", household.number);
            marriages.execute(params![certificate, husband.number, wife.number, registered])?;
        }
    }
    Ok(())
}

pub(super) static POPULATION: Department = Department {
    name: "population",
    title: "Population Office 人口办",
    habits: "PascalCase; a household book has a head, who is a person of the same table, and people keep standing in it \
             after they have moved out of the district.",
    settings: "",
    schema: "
        create table HouseholdBook (BookNo nvarchar(12) primary key, Address nvarchar(80), HeadPersonID integer
            references Person (PersonID));
        create table Person (PersonID integer primary key autoincrement, IDCard nchar(18) not null unique,
            FullName nvarchar(40), BookNo nvarchar(12) references HouseholdBook (BookNo), RelationToHead nvarchar(20),
            RegisteredOn date, MovedOutOn date);
        create view CurrentPersons as select PersonID, IDCard, FullName, BookNo from Person where MovedOutOn is null;
        create index IX_Person_BookNo on Person (BookNo);
        create index IX_HouseholdBook_Head on HouseholdBook (HeadPersonID);",
    fill: population,
};

fn population(silo: &Connection, town: &Town) -> rusqlite::Result<()> {
    let mut books = insert(silo, "HouseholdBook", 3)?;
    let mut persons = insert(silo, "Person", 7)?;
    for household in &town.households {
        let book = format!("HK-{:07}", household.number);
        books.execute(params![book, household.address_zh(), household.members.first().map(|head| head.number)])?;
        for (place, resident) in household.members.iter().enumerate() {
            let mut random = resident.random("population");
            if !resident.is_known(&mut random, 98) {
                continue;
            }
            let relation = match (place, resident.mother.or(resident.father)) {
                (0, _) => "head",
                (_, Some(_)) => "child",
                (_, None) => "family",
            };
            let registered = days_ago(random.below(resident.age() * 365 + 1)).to_string();
            let moved = resident.gone.then(|| days_ago(random.between(30, 900)).to_string());
            persons.execute(params![
                resident.number,
                resident.id_card,
                resident.name.chinese,
                (!random.chance(1)).then_some(&book),
                relation,
                registered,
                moved
            ])?;
        }
    }
    Ok(())
}

pub(super) static PUBLIC_SECURITY: Department = Department {
    name: "public_security",
    title: "Public Security Sub-bureau 公安分局",
    habits: "Pinyin abbreviations (zjhm: number of the document), which it pads with zeros to twenty characters; \
             dates without separators, so they are text.",
    settings: "",
    schema: "
        create table JZZ (DJBH char(10) primary key, ZJHM char(20) not null unique, XM varchar(40), DJRQ char(8),
            YXQ char(8), PCSBH char(4) references PCS (PCSBH));
        create table PCS (PCSBH char(4) primary key, PCSMC varchar(40) not null, DH varchar(20));
        create table JDC (HPHM varchar(10) primary key, DJBH char(10) references JZZ (DJBH), PP varchar(20));
        create index IDX_JZZ_ZJHM on JZZ (ltrim(ZJHM, '0'));
        create index IDX_JZZ_PCS on JZZ (PCSBH);
        create index IDX_JDC_DJBH on JDC (DJBH);",
    fill: public_security,
};

fn public_security(silo: &Connection, town: &Town) -> rusqlite::Result<()> {
    let mut stations = insert(silo, "PCS", 3)?;
    for street in &town.streets {
        let phone = format!("100{:08}", street.number + 110);
        stations.execute(params![format!("{:04}", street.number), format!("{}派出所", street.name_zh), phone])?;
    }
    let mut permits = insert(silo, "JZZ", 6)?;
    let mut vehicles = insert(silo, "JDC", 3)?;
    for (household, resident) in town.people() {
        let mut random = resident.random("public_security");
        if !resident.is_known(&mut random, 35) {
            continue;
        }
        let permit = format!("JZ{:08}", resident.number);
        let registered = days_ago(random.between(200, 4_000)).format("%Y%m%d").to_string();
        let until = (!random.chance(15)).then(|| (days_ago(0) + chrono::Days::new(400)).format("%Y%m%d").to_string());
        let station = format!("{:04}", household.neighbourhood.street.number);
        permits.execute(params![
            permit,
            format!("{:0>20}", resident.id_card),
            resident.name.chinese,
            registered,
            until,
            station
        ])?;
        if resident.age() >= 20 && random.chance(22) {
            let make = random.pick(&["Roewe", "BYD", "Geely", "NIO", "Chery"]);
            vehicles.execute(params![format!("沪Z{:05}", resident.number), permit, make])?;
        }
    }
    Ok(())
}
