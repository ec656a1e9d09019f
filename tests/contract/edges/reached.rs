//! A value that is reached from a row, through links or as the only one of the linked rows, is the row's own: in its place in
//! every order, page by page, and found by the same conditions.
//!
//! In: the table of a type, whose rows each link to themselves: `up` leads to the row, `downs` to a list of it alone. *Invariant*:
//! what is expected is what the plain column gives.

use serde_json::{Value, json};

use super::oracle::Cell;
use super::{Case, without_faults};

/// The links of a table.
pub(super) fn links(table: &str) -> String {
    format!("\n[[link]]\nfrom = \"s.{table}(u)\"\nto = \"s.{table}(id)\"\nname = \"up\"\nback = \"downs\"\n")
}

/// Ways to the column; `@` stands for what is done with it.
const WAYS: &[&str] = &[
    "{ up: { v: @ } }",
    "{ up: { up: { v: @ } } }",
    "{ downsAggregate: { max: { v: @ } } }",
    "{ up: { downsAggregate: { min: { v: @ } } } }",
];

/// Rows of a page.
const PAGE: usize = 4;

impl Case<'_> {
    /// Each way gives the order of the column, whole and in pages; where a value cannot be represented, its place is open.
    pub(super) async fn reached_orders(&mut self, table: &str, cells: &[Cell]) {
        if cells.contains(&Cell::Fault) {
            return;
        }
        for direction in ["ASC", "DESC_NULLS_LAST"] {
            let rows = |order: &str| format!("{{ s {{ {table}(orderBy: [{order}]) {{ id }} }} }}");
            let plain = format!("{{ v: {direction} }}");
            let expected = self.asker.rows(&rows(&plain), table).await;
            let pages = self.pages(table, &plain, expected.len()).await;
            // Some columns refuse pages.
            if pages != [-1] {
                self.expect("pages", &pages, &expected);
            }
            for way in WAYS {
                let order = way.replace('@', direction);
                let found = self.asker.rows(&rows(&order), table).await;
                self.expect(&order, &found, &expected);
                let found = self.pages(table, &order, expected.len()).await;
                self.expect(&format!("pages by {order}"), &found, &pages);
            }
        }
        let own = self.keys(table, "v").await;
        let reached = self.keys(table, "up_v").await;
        self.expect("groups by what is reached", &reached, &own);
    }

    /// The ids of all pages; a failure is `-1`. No more pages are read than there can be.
    async fn pages(&self, table: &str, order: &str, rows: usize) -> Vec<i64> {
        let (mut ids, mut after) = (vec![], Value::Null);
        for _ in 0..=rows / PAGE {
            let asked = format!(
                "query ($after: String) {{ s {{ {table}Connection(first: {PAGE}, after: $after, orderBy: [{order}]) {{ \
                 nodes {{ id }} pageInfo {{ hasNextPage endCursor }} }} }} }}"
            );
            let answer = self.asker.ask(&asked, json!({ "after": after })).await;
            let page = &answer["data"]["s"][format!("{table}Connection")];
            let Some(nodes) = page["nodes"].as_array() else {
                return vec![-1];
            };
            ids.extend(nodes.iter().filter_map(|node| node["id"].as_i64()));
            if page["pageInfo"]["hasNextPage"] != true {
                break;
            }
            after = page["pageInfo"]["endCursor"].clone();
        }
        ids
    }

    /// The keys of groups by a column; which of two that are equal in their collation is first is open.
    async fn keys(&self, table: &str, column: &str) -> Vec<String> {
        let asked = format!("{{ s {{ {table}Groups(by: [{column}]) {{ key {{ {column} }} }} }} }}");
        let answer = self.asker.ask(&asked, json!({})).await;
        let groups = answer["data"]["s"][format!("{table}Groups")].as_array().cloned();
        let mut keys: Vec<String> =
            groups.into_iter().flatten().map(|group| group["key"][column].to_string()).collect();
        keys.sort_unstable();
        keys
    }

    /// What finds a row by its column finds it by the largest of itself, and its group.
    pub(super) async fn reached_conditions(&mut self, table: &str, cells: &[Cell], operand: &Value) {
        let tests: Vec<Value> = ["_eq", "_neq", "_gt", "_gte", "_lt", "_lte"]
            .into_iter()
            .map(|name| json!({ name: operand }))
            .chain([json!({ "_in": [operand] }), json!({ "_nin": [operand] })])
            .collect();
        let own: Vec<Value> = tests.iter().map(|test| json!({ "v": test })).collect();
        let reached = tests.iter().map(|test| json!({ "downsAggregate": { "max": { "v": test } } }));
        let found = self.asker.ids(self.number, table, &own.into_iter().chain(reached).collect::<Vec<_>>()).await;
        let (own, reached) = found.split_at(tests.len());
        for ((test, own), reached) in tests.iter().zip(own).zip(reached) {
            let [mut own, mut reached] = [own.clone(), reached.clone()];
            without_faults(&mut own, cells);
            without_faults(&mut reached, cells);
            self.expect(&format!("the largest of linked rows {test}"), &reached, &own);
            let asked = format!(
                "query ($having: ST{}Having) {{ s {{ {table}Groups(by: [id], having: $having, orderBy: [{{ key: {{ id: ASC }} }}]) \
                 {{ key {{ id }} }} }} }}",
                self.number
            );
            let answer = self.asker.ask(&asked, json!({ "having": { "max": { "v": test } } })).await;
            let groups = answer["data"]["s"][format!("{table}Groups")].as_array().cloned();
            let mut groups: Vec<i64> =
                groups.into_iter().flatten().filter_map(|group| group["key"]["id"].as_i64()).collect();
            without_faults(&mut groups, cells);
            self.expect(&format!("the largest of a group {test}"), &groups, &own);
        }
    }
}
