//! Every type of every engine, with the values at its edges, through the whole pipeline: read, filtered by each operator of
//! its scalar, ordered, and told apart.
//!
//! A page of [`Type`]s for each kind says what each value is in SQL and what it becomes. What operators give is worked out
//! from that; what depends on the source's own order is asked of the source itself, in plain SQL. What is reached from a row
//! has to be what its column is.
//! `cargo test -p lilong-tests --test contract edges` runs it.

pub(crate) mod ask;
mod mysql;
mod oracle;
mod postgres;
mod reached;
mod sqlite;
mod store;

use futures::StreamExt;
use serde_json::{Value, json};
use tokio::sync::Mutex;

use self::ask::Asker;
use self::oracle::{Cell, equal};
use self::store::Store;

/// A declared type, what it is in GraphQL, and some of its values.
#[derive(Clone, Copy)]
struct Type {
    declared: &'static str,
    scalar: &'static str,
    /// In SQL, and what it becomes; `None`: it cannot be represented.
    values: &'static [(&'static str, Option<&'static str>)],
    /// Operands, as JSON, that are none of the values.
    others: &'static [&'static str],
    /// Operands that the type itself cannot hold, and that have no place in its order.
    strangers: &'static [&'static str],
    /// What the values are ordered by, in SQL; `{}` stands for the column.
    order: &'static str,
}

/// What a value becomes that cannot be represented.
const FAULT: Option<&str> = None;

const fn of(
    declared: &'static str,
    scalar: &'static str,
    values: &'static [(&'static str, Option<&'static str>)],
) -> Type {
    Type { declared, scalar, values, others: &[], strangers: &[], order: "{}" }
}

impl Type {
    const fn others(mut self, others: &'static [&'static str]) -> Self {
        self.others = others;
        self
    }

    const fn strangers(mut self, strangers: &'static [&'static str]) -> Self {
        self.strangers = strangers;
        self
    }

    const fn order(mut self, order: &'static str) -> Self {
        self.order = order;
        self
    }

    /// What each row holds, by its id less one; the last row is null.
    fn cells(&self) -> Vec<Cell> {
        let cell = |value: Option<&str>| match value {
            None => Cell::Fault,
            Some(text) => Cell::Value(serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))),
        };
        self.values.iter().map(|(_, value)| cell(*value)).chain([Cell::Value(Value::Null)]).collect()
    }
}

/// Checks all types of a page.
async fn check(store: Store, types: &[Type]) {
    let links: String = (0..types.len()).map(|number| reached::links(&format!("t{number}"))).collect();
    let asker = Asker::new(&(store.catalog() + "\n" + &links)).await;
    let store = Mutex::new(store);
    let cases = types.iter().enumerate().map(|(number, page)| {
        let mut case = Case { asker: &asker, store: &store, page, number, failures: vec![] };
        async move {
            case.run().await;
            case.failures.into_iter().map(|failure| format!("{}: {failure}", page.declared)).collect::<Vec<_>>()
        }
    });
    let failures = futures::stream::iter(cases).buffered(8).concat().await;
    drop(asker);
    store.into_inner().end().await;
    assert!(failures.is_empty(), "{} failures:\n{}", failures.len(), failures.join("\n"));
}

/// One type in the making of its judgement.
struct Case<'a> {
    asker: &'a Asker,
    store: &'a Mutex<Store>,
    page: &'a Type,
    number: usize,
    failures: Vec<String>,
}

impl Case<'_> {
    fn expect<T: PartialEq + std::fmt::Debug>(&mut self, what: &str, found: &T, expected: &T) {
        if found != expected {
            self.failures.push(format!("{what}: found {found:?}, expected {expected:?}"));
        }
    }

    fn table(&self) -> String {
        format!("t{}", self.number)
    }

    async fn run(&mut self) {
        let table = self.table();
        let asked = format!("{{ __type(name: \"ST{}\") {{ fields {{ name type {{ name }} }} }} }}", self.number);
        let answer = self.asker.ask(&asked, json!({})).await;
        let fields = answer["data"]["__type"]["fields"].as_array().cloned().unwrap_or_default();
        let scalar = fields.iter().find(|field| field["name"] == "v").map(|field| field["type"]["name"].clone());
        self.expect("its scalar", &scalar, &Some(json!(self.page.scalar.replace("{}", &self.number.to_string()))));
        let cells = self.page.cells();
        self.values(&table, &cells).await;
        self.nulls(&table, &cells).await;
        if matches!(self.page.scalar, "JSON" | "Bytes") {
            return;
        }
        self.orders(&table, &cells).await;
        self.reached_orders(&table, &cells).await;
        let mut operands: Vec<(Value, Option<usize>)> = vec![];
        for (row, cell) in cells.iter().enumerate() {
            if let Cell::Value(value) = cell
                && !value.is_null()
                && !operands.iter().any(|(known, _)| known == value)
            {
                operands.push((value.clone(), Some(row)));
            }
        }
        operands.extend(self.page.others.iter().map(|text| (serde_json::from_str(text).unwrap(), None)));
        for (operand, row) in &operands {
            self.operators(&table, &cells, operand, *row).await;
            if row.is_some() {
                self.reached_conditions(&table, &cells, operand).await;
            }
            if self.page.scalar == "String" {
                self.texts(&table, &cells, operand.as_str().unwrap()).await;
            }
        }
        let all: Vec<Value> = operands.into_iter().map(|(operand, _)| operand).collect();
        self.lists(&table, &cells, &all).await;
        let strangers = || self.page.strangers.iter().map(|text| serde_json::from_str::<Value>(text).unwrap());
        let nowhere: Vec<Value> = strangers().collect();
        for stranger in &nowhere {
            self.stranger(&table, &cells, stranger).await;
        }
        let others = self.page.others.iter().map(|text| serde_json::from_str(text).unwrap());
        let absent: Vec<Value> = others.chain(nowhere).collect();
        if !absent.is_empty() {
            self.lists(&table, &cells, &absent).await;
        }
    }

    /// Each value is as expected, or null with one error at its place.
    async fn values(&mut self, table: &str, cells: &[Cell]) {
        let asked = format!("{{ s {{ {table}(orderBy: [{{ id: ASC }}]) {{ id v }} }} }}");
        let answer = self.asker.ask(&asked, json!({})).await;
        let rows = answer["data"]["s"][table].as_array().cloned().unwrap_or_default();
        let found: Vec<Value> = rows.iter().map(|row| row["v"].clone()).collect();
        let expected: Vec<Value> = cells.iter().map(Cell::shown).collect();
        self.expect("values", &found, &expected);
        let errors = answer["errors"].as_array().cloned().unwrap_or_default();
        let found: Vec<Value> =
            errors.iter().map(|error| json!([error["path"], error["extensions"]["code"]])).collect();
        let faults = cells.iter().enumerate().filter(|(_, cell)| matches!(cell, Cell::Fault));
        let expected: Vec<Value> = faults.map(|(row, _)| json!([["s", table, row, "v"], "SOURCE_MISMATCH"])).collect();
        self.expect("errors", &found, &expected);
    }

    async fn nulls(&mut self, table: &str, cells: &[Cell]) {
        let condition = |is_null: bool| json!({ "v": { "_isNull": is_null } });
        let last = cells.len() as i64;
        let found = self.asker.ids(self.number, table, &[condition(true), condition(false)]).await;
        self.expect("_isNull: true", &found[0], &vec![last]);
        self.expect("_isNull: false", &found[1], &(1..last).collect());
    }

    /// In the source's own order, nulls where they are asked for; and equal values once.
    async fn orders(&mut self, table: &str, cells: &[Cell]) {
        let key = self.page.order.replace("{}", "v");
        for (direction, sql) in [
            ("ASC", format!("CASE WHEN v IS NULL THEN 1 ELSE 0 END, {key}, id")),
            ("DESC", format!("CASE WHEN v IS NULL THEN 0 ELSE 1 END, {key} DESC, id")),
            ("ASC_NULLS_FIRST", format!("CASE WHEN v IS NULL THEN 0 ELSE 1 END, {key}, id")),
        ] {
            let asked = format!("{{ s {{ {table}(orderBy: [{{ v: {direction} }}]) {{ id }} }} }}");
            let found = self.asker.rows(&asked, table).await;
            let expected = self.store.lock().await.ids(&format!("SELECT id FROM {table} ORDER BY {sql}")).await;
            self.expect(direction, &found, &expected);
        }
        let is_enum = !["Int", "BigInt", "Float", "Decimal", "Boolean", "String", "UUID"].contains(&self.page.scalar)
            && !self.page.scalar.contains("Date")
            && self.page.scalar != "Time";
        if is_enum {
            self.enums(table, cells.contains(&Cell::Fault)).await;
        }
        if cells.contains(&Cell::Fault) {
            return;
        }
        let mut different: Vec<&Value> = vec![];
        for cell in cells {
            if let Cell::Value(value) = cell
                && !different.iter().any(|known| equal(known, value))
            {
                different.push(value);
            }
        }
        let asked = format!("{{ s {{ {table}(distinctOn: [v], orderBy: [{{ v: ASC }}]) {{ id }} }} }}");
        let found = self.asker.rows(&asked, table).await;
        self.expect("distinctOn", &found.len(), &different.len());
        self.folds(table, different.len()).await;
    }

    /// Labels go by declaration, which groups that are made here are not ordered by; a wrong one stands before all others.
    async fn enums(&mut self, table: &str, wrong: bool) {
        let asked = format!(
            "{{ s {{ {table}Groups(by: [v], where: {{ w: {{ _regex: \"w\" }} }}, orderBy: [{{ key: {{ v: ASC }} }}]) {{ key {{ v }} }} }} }}"
        );
        let answer = self.asker.ask(&asked, json!({})).await;
        self.expect("groups ordered here", &answer["errors"][0]["extensions"]["code"], &json!("TOO_COSTLY"));
        let asked = format!("{{ s {{ {table}Aggregate {{ aggregate {{ min {{ v }} }} }} }} }}");
        let answer = self.asker.ask(&asked, json!({})).await;
        let code = if wrong { json!("SOURCE_MISMATCH") } else { Value::Null };
        self.expect("an error of the smallest label", &answer["errors"][0]["extensions"]["code"], &code);
        let smallest = &answer["data"]["s"][format!("{table}Aggregate")]["aggregate"]["min"]["v"];
        self.expect("whether it is null", &smallest.is_null(), &wrong);
    }

    /// The first and the last of the order are the smallest and the largest; groups are of what is different.
    async fn folds(&mut self, table: &str, different: usize) {
        let known = "where: { v: { _isNull: false } }, limit: 1";
        let asked = format!(
            "{{ s {{ a: {table}({known}, orderBy: [{{ v: ASC }}]) {{ v }} z: {table}({known}, orderBy: [{{ v: DESC }}]) {{ v }} \
             {table}Aggregate {{ aggregate {{ min {{ v }} max {{ v }} }} }} \
             here: {table}Aggregate(where: {{ w: {{ _regex: \"w\" }} }}) {{ aggregate {{ min {{ v }} max {{ v }} }} }} \
             {table}Groups(by: [v], orderBy: [{{ key: {{ v: ASC_NULLS_FIRST }} }}]) {{ key {{ v }} aggregate {{ min {{ v }} }} }} }} }}"
        );
        let answer = self.asker.ask(&asked, json!({})).await;
        let data = &answer["data"]["s"];
        let figures = &data[format!("{table}Aggregate")]["aggregate"];
        self.expect("errors of figures", &answer.get("errors"), &None);
        self.expect("min", &figures["min"]["v"], &data["a"][0]["v"]);
        self.expect("max", &figures["max"]["v"], &data["z"][0]["v"]);
        // Texts are compared by code point here, and MariaDB has an order of its own for its UUIDs.
        if !matches!(self.page.scalar, "String" | "UUID") {
            self.expect("figures made here", &data["here"]["aggregate"], figures);
        }
        let groups = data[format!("{table}Groups")].as_array().cloned().unwrap_or_default();
        self.expect("groups", &groups.len(), &different);
        for group in &groups {
            self.expect("the key of a group", &group["key"]["v"], &group["aggregate"]["min"]["v"]);
        }
    }

    /// Equality exactly; order as the source has it.
    async fn operators(&mut self, table: &str, cells: &[Cell], operand: &Value, row: Option<usize>) {
        let names = ["_eq", "_neq", "_gt", "_gte", "_lt", "_lte"];
        let conditions: Vec<Value> = names.iter().map(|name| json!({ "v": { *name: operand } })).collect();
        let mut found = self.asker.ids(self.number, table, &conditions).await;
        let (same, other) = oracle::split(cells, |value| equal(value, operand));
        // What cannot be represented is equal to nothing, and has its own place in the source's order.
        self.expect(&format!("_eq {operand}"), &found[0], &same);
        for ids in &mut found[1..] {
            without_faults(ids, cells);
        }
        self.expect(&format!("_neq {operand}"), &found[1], &other);
        let Some(row) = row else {
            for (one, two) in [(2, 5), (3, 4)] {
                let mut both = [found[one].clone(), found[two].clone()].concat();
                both.sort_unstable();
                let mut all = [same.clone(), other.clone()].concat();
                all.sort_unstable();
                self.expect(&format!("{} and {} {operand}", names[one], names[two]), &both, &all);
            }
            return;
        };
        for (name, ids, sign) in
            [("_gt", &found[2], ">"), ("_gte", &found[3], ">="), ("_lt", &found[4], "<"), ("_lte", &found[5], "<=")]
        {
            let (left, right) = (self.page.order.replace("{}", "a.v"), self.page.order.replace("{}", "b.v"));
            let sql = format!(
                "SELECT a.id FROM {table} a, {table} b WHERE b.id = {} AND {left} {sign} {right} ORDER BY a.id",
                row + 1
            );
            let mut expected = self.store.lock().await.ids(&sql).await;
            without_faults(&mut expected, cells);
            // What is equal is neither smaller nor larger, wherever the source sorts it.
            expected.retain(|id| !same.contains(id));
            if name.ends_with('e') {
                expected.extend(&same);
                expected.sort_unstable();
            }
            self.expect(&format!("{name} {operand}"), ids, &expected);
        }
    }

    /// What the type cannot hold is equal to nothing, and whether it is smaller is unknown.
    async fn stranger(&mut self, table: &str, cells: &[Cell], operand: &Value) {
        let (_, known) = oracle::split(cells, |_| false);
        let given = |name: &str| json!({ "v": { name: operand } });
        let mut cases = vec![("_eq", vec![]), ("_neq", known.clone())];
        cases.extend(["_gt", "_gte", "_lt", "_lte"].map(|name| (name, vec![])));
        let conditions: Vec<Value> = cases.iter().map(|(name, _)| given(name)).collect();
        let negated: Vec<Value> = conditions.iter().map(|condition| json!({ "_not": condition })).collect();
        let found = self.asker.ids(self.number, table, &[conditions, negated].concat()).await;
        let (plain, negated) = found.split_at(cases.len());
        for (at, (name, expected)) in cases.iter().enumerate() {
            let opposite = match *name {
                "_eq" => known.clone(),
                _ => vec![],
            };
            for (what, ids, expected) in
                [(name.to_string(), &plain[at], expected), (format!("_not {name}"), &negated[at], &opposite)]
            {
                let mut ids = ids.clone();
                without_faults(&mut ids, cells);
                self.expect(&format!("{what} {operand}"), &ids, expected);
            }
        }
    }

    async fn lists(&mut self, table: &str, cells: &[Cell], all: &[Value]) {
        for taken in [0, 1, all.len() / 2, all.len()] {
            let list = &all[..taken];
            let conditions = [
                json!({ "v": { "_in": list } }),
                json!({ "v": { "_nin": list } }),
                json!({ "_not": { "v": { "_in": list } } }),
            ];
            let mut found = self.asker.ids(self.number, table, &conditions).await;
            let (inside, outside) = oracle::split(cells, |value| list.iter().any(|item| equal(item, value)));
            self.expect(&format!("_in {list:?}"), &found[0], &inside);
            if list.is_empty() {
                self.expect("_nin []", &found[1].len(), &cells.len());
                self.expect("_not _in []", &found[2].len(), &cells.len());
            } else {
                for (at, name) in [(1, "_nin"), (2, "_not _in")] {
                    without_faults(&mut found[at], cells);
                    self.expect(&format!("{name} {list:?}"), &found[at], &outside);
                }
            }
        }
    }

    async fn texts(&mut self, table: &str, cells: &[Cell], text: &str) {
        let patterns = oracle::patterns(text);
        let conditions: Vec<Value> =
            patterns.iter().map(|(name, pattern)| json!({ "v": { *name: pattern } })).collect();
        let found = self.asker.ids(self.number, table, &conditions).await;
        for ((name, pattern), mut found) in patterns.into_iter().zip(found) {
            without_faults(&mut found, cells);
            let matches = |value: &Value| oracle::matches(name, &pattern, value.as_str().unwrap());
            let (expected, _) = oracle::split(cells, matches);
            self.expect(&format!("{name} {pattern:?}"), &found, &expected);
        }
    }
}

/// What cannot be represented has its place in the source's own order alone.
fn without_faults(ids: &mut Vec<i64>, cells: &[Cell]) {
    ids.retain(|id| usize::try_from(id - 1).ok().and_then(|row| cells.get(row)) != Some(&Cell::Fault));
}
