//! The right answers to the demo's questions, by plain SQL over its databases and sheets: an oracle that knows nothing of lilong.

use std::path::Path;

use rusqlite::{Connection, Row};
use serde_json::{Value, json};

/// The cases about elevators that are open, oldest first, at most so many a street.
const ELEVATORS: usize = 3;

/// The right answers to the first four questions (`data` of each), by plain SQL over the databases of a district.
pub(super) fn expected(folder: &Path) -> Vec<Value> {
    let city = City::open(folder);
    vec![city.resident("99011019410316002X"), city.without_flu_shot(), city.elevators(), city.restaurants()]
}

/// All the department's databases as one, identity cards and codes brought to one form by SQL functions of the test's own.
pub(super) struct City(Connection);

impl City {
    pub(super) fn open(folder: &Path) -> Self {
        let city = Connection::open_in_memory().unwrap();
        // SQLite joins ten databases at most, so the tables that are asked for are copied together.
        for (department, tables) in [
            ("civil", &["resident", "household", "neighbourhood", "street"][..]),
            ("health", &["patients", "vaccinations", "doctors"]),
            ("medical_insurance", &["can_bao_ren"]),
            ("social_security", &["SB_CBR"]),
            ("housing", &["房屋", "产权"]),
            ("elderly_care", &["seniors", "carers"]),
            ("transport", &["SeniorCard", "MonthlyTrips"]),
            ("community_centres", &["member", "centre"]),
            ("utilities", &["account", "reading"]),
            ("hotline", &["cases"]),
            ("grid", &["cells", "officers"]),
            ("market_supervision", &["enterprise"]),
            ("fire_safety", &["fire_checks", "findings"]),
            ("taxation", &["taxpayer"]),
            ("urban_management", &["tblOffence"]),
        ] {
            let path = folder.join(format!("databases/{department}.sqlite"));
            city.execute("attach ? as silo", [path.to_str().unwrap()]).unwrap();
            for table in tables {
                city.execute_batch(&format!("create table \"{table}\" as select * from silo.\"{table}\"")).unwrap();
            }
            city.execute_batch("detach silo").unwrap();
        }
        for (service, tables) in [("library", &["reader", "loan"][..]), ("sports", &["member", "visit", "venue"])] {
            let path = folder.join(format!("services/{service}/{service}.sqlite"));
            city.execute("attach ? as silo", [path.to_str().unwrap()]).unwrap();
            for table in tables {
                city.execute_batch(&format!("create table {service}_{table} as select * from silo.\"{table}\""))
                    .unwrap();
            }
            city.execute_batch("detach silo").unwrap();
        }
        for (sheet, columns) in [("customers", "card, canteen, diet, since"), ("meals", "card, day, dish, price")] {
            city.execute_batch(&format!("create table sheet_{sheet} ({columns})")).unwrap();
            let text = std::fs::read_to_string(folder.join(format!("sheets/{sheet}.csv"))).unwrap();
            // A title, a blank line and the header stand above the rows.
            for line in text.lines().skip(3) {
                let values = line.split(',').map(|value| Some(value).filter(|value| !value.is_empty()));
                let into = format!("insert into sheet_{sheet} values (?, ?, ?, ?)");
                city.execute(&into, rusqlite::params_from_iter(values)).unwrap();
            }
        }
        Self(city)
    }

    pub(super) fn rows<T>(
        &self,
        sql: &str,
        given: &[&str],
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Vec<T> {
        let mut statement = self.0.prepare(sql).unwrap();
        let rows = statement.query_map(rusqlite::params_from_iter(given), read).unwrap();
        rows.collect::<Result<_, _>>().unwrap()
    }

    /// The rows of a statement as a list of objects, keys as the statement names its columns; `_` in front: a boolean.
    fn list(&self, sql: &str, given: &[&str]) -> Value {
        let names: Vec<String> = self.0.prepare(sql).unwrap().column_names().map(str::to_owned).collect();
        let read =
            |row: &Row<'_>| names.iter().enumerate().map(|(index, name)| Ok((name.clone(), row.get(index)?))).collect();
        let rows: Vec<Vec<(String, rusqlite::types::Value)>> = self.rows(sql, given, read);
        rows.into_iter()
            .map(|row| row.into_iter().map(|(name, value)| json_of(name, value)).collect::<Value>())
            .collect()
    }

    /// The one row of a statement; null if there is none.
    fn one(&self, sql: &str, given: &[&str]) -> Value {
        let mut rows = self.list(sql, given);
        assert!(rows.as_array().unwrap().len() < 2, "{sql} gives several rows");
        rows.get_mut(0).map(Value::take).unwrap_or_default()
    }

    fn resident(&self, card: &str) -> Value {
        let mut resident = self
            .one("select id_card as idCard, name, name_zh as nameZh, born from resident where id_card = ?", &[card]);
        let household: String = self
            .rows("select household_id from resident where id_card = ?", &[card], |row| row.get::<_, i64>(0))[0]
            .to_string();
        resident["household"] = self.one("select address from household where id = ?", &[&household]);
        resident["household"]["neighbourhood"] = self.one(
            "select n.name from neighbourhood n join household h on h.neighbourhood_id = n.id where h.id = ?",
            &[&household],
        );
        resident["household"]["neighbourhood"]["street"] = self.one(
            "select s.name from street s join neighbourhood n on n.street_id = s.id
             join household h on h.neighbourhood_id = n.id where h.id = ?",
            &[&household],
        );
        let account = "cast(household_no as integer) = cast(? as integer)";
        resident["household"]["utilityAccount"] =
            self.one(&format!("select account_no as accountNo from account where {account}"), &[&household]);
        resident["household"]["utilityAccount"]["reading"] = self.list(
            &format!(
                "select month, water_m3 as waterM3 from reading
                 where account_no = (select account_no from account where {account}) order by month desc limit 2"
            ),
            &[&household],
        );
        let patient = "upper(replace(id_card_no, ' ', '')) = ?";
        resident["healthRecord"] =
            self.one(&format!("select blood_type as bloodType from patients where {patient}"), &[card]);
        resident["healthRecord"]["doctor"] = self.one(
            &format!("select d.name, d.phone from doctors d join patients p on p.doctor_id = d.id where {patient}"),
            &[card],
        );
        resident["healthRecord"]["vaccinations"] = self.list(
            &format!(
                "select vaccine, given_on as givenOn from vaccinations where patient_id =
                 (select id from patients where {patient}) order by given_on desc nulls first, id limit 3"
            ),
            &[card],
        );
        resident["medicalInsurance"] = self.one(
            "select lei_xing as leiXing, printf('%.2f', zhang_hu_yu_e) as zhangHuYuE from can_bao_ren
             where replace(shen_fen_zheng, '-', '') = ?",
            &[card],
        );
        resident["socialSecurity"] =
            self.one("select CBZT as state, printf('%.2f', YLJ) as monthlyPension from SB_CBR where SFZH = ?", &[card]);
        let homes = self.list(
            "select f.\"地址\" as address, f.\"面积\" as mianJi from \"产权\" c join \"房屋\" f on f.\"房屋ID\" = c.\"房屋ID\"
             where c.\"身份证号\" = ? order by c.\"证号\"",
            &[card],
        );
        resident["homes"] = homes.as_array().unwrap().iter().map(|home| json!({ "fangWu": home })).collect();
        resident["elderlyCare"] = self
            .one("select lives_alone as _livesAlone, care_level as careLevel from seniors where id_card = ?", &[card]);
        resident["elderlyCare"]["carer"] =
            self.one("select c.name from carers c join seniors s on s.carer_id = c.id where s.id_card = ?", &[card]);
        let senior = "replace(HolderIdCard, '-', '') = ?";
        resident["seniorCard"] =
            self.one(&format!("select CardNumber as cardNumber from SeniorCard where {senior}"), &[card]);
        resident["seniorCard"]["monthlyTrips"] = self.list(
            &format!(
                "select Month as month, Bus as bus, Metro as metro from MonthlyTrips
                 where CardNumber = (select CardNumber from SeniorCard where {senior}) order by Month desc"
            ),
            &[card],
        );
        resident["communityMember"] =
            self.one("select member_no as memberNo from member where upper(id_card) = ?", &[card]);
        resident["communityMember"]["centre"] = self.one(
            "select c.phone from centre c join member m on m.centre_id = c.id where upper(m.id_card) = ?",
            &[card],
        );
        resident["hotlineCases"] = self.list(
            "select case_no as caseNo, replace(received_at, ' ', 'T') as receivedAt, category, status from cases
             where caller_id_card = ? order by received_at desc, case_no limit 3",
            &[card],
        );
        resident["libraryCards"] =
            self.list("select reader_no as readerNo from library_reader where id_card = ? order by reader_no", &[card]);
        for reader in resident["libraryCards"].as_array_mut().unwrap() {
            let number = reader["readerNo"].to_string();
            reader["loans"] = self.list(
                "select title, due, returned from library_loan where reader_no = cast(? as integer)
                 order by due desc, loan_no limit 2",
                &[&number],
            );
        }
        let citizen = "(select id from resident where id_card = ?)";
        resident["sportsMember"] =
            self.one(&format!("select level from sports_member where citizen_id = {citizen}"), &[card]);
        let mut visits = self.list(
            &format!(
                "select replace(v.at, ' ', 'T') as at, p.name as venue from sports_visit v
                 join sports_venue p on p.id = v.venue_id where v.citizen_id = {citizen}
                 order by v.at desc, v.id limit 2"
            ),
            &[card],
        );
        for visit in visits.as_array_mut().unwrap() {
            visit["venue"] = json!({ "name": visit["venue"].take() });
        }
        resident["sportsMember"]["visits"] = visits;
        resident["mealCustomer"] = self.one("select diet from sheet_customers where card = ?", &[card]);
        // What the workbook calls the canteens, written down once more.
        resident["mealCustomer"]["canteen"] = self.one(
            "select s.name || ' Canteen' as name from sheet_customers c
             join street s on substr(s.id, 7) + 0 = c.canteen + 0 where c.card = ?",
            &[card],
        );
        resident["mealCustomer"]["meals"] = self.list(
            "select day, dish, rtrim(rtrim(price, '0'), '.') as price from sheet_meals where card = ?
             order by day desc limit 2",
            &[card],
        );
        json!({ "civil": { "resident": [resident] } })
    }

    fn without_flu_shot(&self) -> Value {
        let cards: Vec<String> = self.rows(
            "select r.id_card from resident r
             where r.born <= '1946-10-15'
               and r.id_card in (select id_card from seniors where lives_alone = 1)
               and r.id_card not in (select upper(replace(p.id_card_no, ' ', '')) from patients p
                   join vaccinations v on v.patient_id = p.id
                   where v.vaccine = 'influenza' and v.given_on >= '2026-09-01')
             order by r.born, r.id limit 20",
            &[],
            |row| row.get(0),
        );
        let residents: Vec<Value> = cards
            .iter()
            .map(|card| {
                let mut resident = self.one(
                    "select id_card as idCard, name_zh as nameZh, born from resident where id_card = ?",
                    &[card],
                );
                resident["household"] = self.one(
                    "select h.address from household h join resident r on r.household_id = h.id where r.id_card = ?",
                    &[card],
                );
                resident["elderlyCare"] = self.one(
                    "select care_level as careLevel, contact_phone as contactPhone from seniors where id_card = ?",
                    &[card],
                );
                let patient = "upper(replace(p.id_card_no, ' ', '')) = ?";
                let known = self.one(&format!("select 1 as found from patients p where {patient}"), &[card]);
                resident["healthRecord"] = if known.is_null() {
                    Value::Null
                } else {
                    json!({ "doctor": self.one(
                        &format!("select d.name, d.phone from doctors d join patients p on p.doctor_id = d.id where {patient}"),
                        &[card],
                    ) })
                };
                resident
            })
            .collect();
        json!({ "civil": { "resident": residents } })
    }

    fn elevators(&self) -> Value {
        // The hotline's numbers by civil affairs' codes, written down once more.
        let numbers = ["7", "3", "11", "1", "9", "12", "2", "5", "10", "4", "8", "6"];
        let mut streets = self.list("select name, name_zh as nameZh from street order by id", &[]);
        for (street, number) in streets.as_array_mut().unwrap().iter_mut().zip(numbers) {
            let mut cases = self.list(
                "select case_no as caseNo, replace(received_at, ' ', 'T') as receivedAt, grid_code as gridCell from cases
                 where category = 'elevator' and status = 'open' and street_no = cast(? as integer)
                 order by received_at, case_no",
                &[number],
            );
            let cases = cases.as_array_mut().unwrap();
            cases.truncate(ELEVATORS);
            for case in &mut *cases {
                let Some(code) = case["gridCell"].as_str().map(str::to_owned) else {
                    continue;
                };
                let mut cell = self.one("select code from cells where replace(code, '-', '') = ?", &[&code]);
                cell["officers"] = self.list(
                    "select o.name, o.phone from officers o join cells c using (street_no, cell_no)
                     where replace(c.code, '-', '') = ? order by o.badge",
                    &[&code],
                );
                case["gridCell"] = cell;
            }
            street["hotlineCases"] = cases.clone().into();
        }
        json!({ "civil": { "street": streets } })
    }

    fn restaurants(&self) -> Value {
        let mut found = self.list(
            "select credit_code as creditCode, name from enterprise e
             where trade = 'restaurant' and state = 'open'
               and exists (select 1 from fire_checks f where upper(f.credit_code) = e.credit_code
                   and f.result = 'failed' and f.checked_at >= '2026-01-01T00:00:00Z')
               and exists (select 1 from taxpayer t where t.tax_no = e.credit_code and t.grade in ('C', 'D'))
             order by credit_code limit 10",
            &[],
        );
        for enterprise in found.as_array_mut().unwrap() {
            let code = enterprise["creditCode"].as_str().unwrap().to_owned();
            enterprise["street"] = self.one(
                "select s.name from street s join enterprise e on s.id = '9901100' || e.street_code where e.credit_code = ?",
                &[&code],
            );
            enterprise["owner"] = self.one(
                "select r.name_zh as nameZh, r.phone from resident r join enterprise e on e.owner_id_card = r.id_card
                 where e.credit_code = ?",
                &[&code],
            );
            let failed = "upper(credit_code) = ? and result = 'failed' order by checked_at desc, id limit 1";
            let mut checks =
                self.list(&format!("select checked_at as checkedAt from fire_checks where {failed}"), &[&code]);
            checks[0]["findings"] = self.list(
                &format!(
                    "select text, remedied as _remedied from findings
                     where fire_check_id = (select id from fire_checks where {failed}) order by line"
                ),
                &[&code],
            );
            enterprise["fireChecks"] = checks;
            enterprise["taxpayer"] = self.one("select grade from taxpayer where tax_no = ?", &[&code]);
            enterprise["offences"] = self.list(
                "select strKind, dtmNoted from tblOffence where replace(strCreditCode, '-', '') = ?
                 order by dtmNoted desc, lngOffenceID",
                &[&code],
            );
        }
        json!({ "marketSupervision": { "enterprise": found } })
    }
}

fn json_of(name: String, value: rusqlite::types::Value) -> (String, Value) {
    use rusqlite::types::Value as Stored;
    match (name.strip_prefix('_'), value) {
        (Some(name), Stored::Integer(number)) => (name.to_owned(), json!(number == 1)),
        (Some(name), _) => (name.to_owned(), Value::Null),
        (None, Stored::Null) => (name, Value::Null),
        (None, Stored::Integer(number)) => (name, json!(number)),
        (None, Stored::Real(number)) => (name, json!(number)),
        (None, Stored::Text(text)) => (name, json!(text)),
        (None, Stored::Blob(_)) => panic!("the demo stores no blobs"),
    }
}
