//! Groups: their statements, what SQLite makes of them, and what it cannot add up itself.

use super::plans::{TOWN, has, plan};
use super::*;
use crate::{Aggregate, Function, Group, GroupKey, LinkedAggregate};

fn folding<'a>(silo: &'a Silo, by: &[&str], aggregates: &[(Function, &str)]) -> Ask<'a> {
    let mut ask = silo.ask("person").columns(&[]);
    let by: Vec<GroupKey> = by.iter().map(|name| GroupKey { path: vec![], field: ask.id(name) }).collect();
    let fields = |name: &str| if name == "*" { vec![] } else { vec![ask.id(name)] };
    let aggregates: Vec<Aggregate> =
        aggregates.iter().map(|(function, name)| Aggregate { function: *function, fields: fields(name) }).collect();
    let answer = Group::describe(&ask.fetch.collection, &[], &by, &aggregates);
    let (having, order) = (Predicate::TRUE, vec![]);
    ask.fetch.group = Some(Group { by, aggregates, answer, having, order, limit: None, offset: None });
    ask
}

fn statement(silo: &Silo, fetch: &Fetch) -> String {
    silo.connector.explain(fetch).unwrap().text
}

#[tokio::test]
async fn simple_groups_are_simple_statements() {
    let silo = Silo::new(TOWN).await;
    let every = folding(&silo, &[], &[(Function::Count, "*")]);
    assert_eq!(statement(&silo, &every.fetch), "SELECT count(*) FROM \"person\" AS t0");
    let mut groups = folding(&silo, &["street"], &[(Function::Count, "*"), (Function::Sum, "street")]).fetch;
    let plain = "SELECT t0.\"street\", count(*), lilong_sum_bigint(t0.\"street\") FROM \"person\" AS t0 \
                 GROUP BY t0.\"street\"";
    assert_eq!(statement(&silo, &groups), plain);
    has(&plan(&silo, &groups), "SCAN t0 USING COVERING INDEX person_street");
    let group = groups.group.as_mut().unwrap();
    group.having = Predicate::Compare { field: 1, comparison: Comparison::Greater, operand: 0 };
    let target = OrderTarget::Field(1);
    group.order.push(Order { path: vec![], target, descending: true, nulls_first: true });
    group.limit = Some(1);
    let cut = format!("{plain} HAVING (count(*) > ?1) ORDER BY count(*) DESC NULLS FIRST LIMIT ?2");
    assert_eq!(statement(&silo, &groups), cut);
    let exact = folding(&silo, &["code"], &[(Function::Minimum, "code")]).fetch;
    assert_eq!(
        statement(&silo, &exact),
        "SELECT t0.\"code\", min(t0.\"code\") COLLATE \"NOCASE\" FROM \"person\" AS t0 \
         GROUP BY t0.\"code\" COLLATE BINARY"
    );
}

#[tokio::test]
async fn groups_of_keys_and_aggregates_over_links_use_indexes() {
    let silo = Silo::new(TOWN).await;
    let mut keyed = folding(&silo, &[], &[(Function::Count, "*")]).fetch;
    let street = keyed.collection.field_id("street").unwrap();
    keyed.keys = Some(KeySet { columns: vec![street], limit: None, offset: None, normalize: Vec::new() });
    has(&plan(&silo, &keyed), "USING COVERING INDEX person_street (street=?)");
    let mut ask = silo.ask("street").columns(&["number"]);
    let person = silo.collection("person");
    let on = vec![(ask.id("id"), street)];
    let aggregate = Aggregate { function: Function::Count, fields: vec![] };
    let linked = LinkedAggregate { collection: person, on, predicate: Predicate::TRUE, aggregate };
    let target = OrderTarget::Aggregate(Arc::new(linked));
    ask.fetch.order.push(Order { path: vec![], target, descending: true, nulls_first: true });
    has(&plan(&silo, &ask.fetch), "SEARCH t1 USING COVERING INDEX person_street (street=?)");
}
