//! Files that are not as they should be: each is told with its file and place, and nothing is dropped.

use super::*;

#[tokio::test]
async fn damaged_rows_are_served_with_faults_where_they_are_damaged() {
    let share = Share::new("a.csv").file(
        "a.csv",
        "id,name,born\n1,Li,2001-02-03\n2,Wang\n3,Zhao,2002-03-04,surplus\n4,Sun,2002-03-05,,\n5,\"Qi\"an\",2002-03-06\n6,Wu\0,2002-03-07\n",
    );
    let connector = share.open();
    let (collections, warnings) = described(&*connector).await;
    assert_eq!(collections, ["a(id BigInt, name String, born Date)"]);
    let expected = [
        "a.csv, line 4: `id` is not served: the row has more values than the header",
        "a.csv, line 4: `name` is not served: the row has more values than the header",
        "a.csv, line 6: `name` is not served: text stands behind a closing quote",
        "a.csv, line 7: `name` is not served: there is a NUL byte in it",
        "a.csv, line 3: `born` is not served: the row has fewer values than the header",
        "a.csv, line 4: `born` is not served: the row has more values than the header",
    ];
    assert_eq!(warnings, expected);
    let all = rows(&*connector, &collection(&*connector, "a").await).await.unwrap();
    assert_eq!(all, ["1|Li|2001-02-03", "2|Wang|!", "!|!|!", "4|Sun|2002-03-05", "5|!|2002-03-06", "6|!|2002-03-07"]);
}

#[tokio::test]
async fn headers_that_people_write_become_names() {
    for (content, shape, warning) in [
        ("id,name,name,name_2\n1,a,b,c\n", "a(id BigInt, name String, name_3 String, name_2 String)", "more than once"),
        ("id,,\n1,x,\n", "a(id BigInt, column_2 String)", "line 1: the header has no name for `column_2`"),
        ("id,,\n1,,\n", "a(id BigInt)", ""),
        (
            "Report,,\nid,name,born\n1,Li,2001-02-03\n",
            "a(Report String, column_2 String, column_3 String)",
            "if it stands in another row, say `header`",
        ),
        ("\u{feff}姓名, born ,\"two\nlines\"\nLi,2001-02-03,1\n", "a(姓名 String, born Date, two lines BigInt)", ""),
        ("id,when\nnumber,day\n1,2001-02-03\n2,2001-02-04\n", "a(id String, when String)", "may be a second header"),
        ("id,name\n", "a(id String, name String)", "has no rows"),
    ] {
        let connector = Share::new("a.csv").file("a.csv", content);
        let (collections, warnings) = described(&*connector.open()).await;
        assert_eq!(collections, [shape], "{content:?}");
        assert!(if warning.is_empty() { warnings.is_empty() } else { warnings[0].contains(warning) }, "{warnings:?}");
    }
}

#[tokio::test]
async fn what_the_settings_say_of_a_file_is_done() {
    let nulls = OptionKind::Texts(vec![Secret::new("\\N")]);
    let names = OptionKind::Texts(vec![Secret::new("code"), Secret::new("name")]);
    let content = "Printed 2026\n\ncode;name\n(text);(text)\n007;\\N\n\"\";\"\"\n";
    let share = Share::new("a.txt").file("a.txt", content);
    let share = share.with("header", OptionKind::Integer(3)).with("skip", OptionKind::Integer(1)).with("null", nulls);
    let connector = share.open();
    assert_eq!(rows(&*connector, &collection(&*connector, "a").await).await.unwrap(), ["007|-", "|"]);
    let share = Share::new("a.dat").file("a.dat", "1|a\n2|b\n").with("header", OptionKind::Boolean(false));
    assert_eq!(described(&*share.open()).await.0, ["a(column_1 BigInt, column_2 String)"]);
    let share = share.with("columns", names);
    assert_eq!(described(&*share.open()).await.0, ["a(code BigInt, name String)"]);
}

#[tokio::test]
async fn a_file_that_cannot_be_read_says_why() {
    for (name, content, says) in [
        ("a.csv", &b""[..], "Unavailable: source share: Unavailable: reading a.csv: it is empty"),
        ("a.csv", b" \n\n", "it is empty"),
        (
            "a.csv",
            b"PK\x03\x04rest",
            "it is a workbook or another archive (XLSX, ODS, ZIP), not CSV: give it its right name",
        ),
        ("a.xlsx", b"id,name\n1,a\n", "it is text, or not whole yet, not a workbook"),
        ("a.xls", b"<html><table></table></html>", "it is a web page or XML, not a workbook"),
        ("a.xlsx", b"PK\x03\x04half", "it is damaged, or not whole yet"),
        ("a.parquet", b"PAR1half", "it is damaged, or not whole yet"),
        ("a.ndjson", b"{\"id\": 1}\n{\"id\": ", "line 2: it is no JSON, or not whole yet"),
        ("a.ndjson", b"{\"id\": 1}\n[2]\n", "line 2: it is no JSON object"),
        ("a.csv", b"id,name\n1,\"half", "line 2: a quote is opened and never closed"),
        ("a.csv", b"id,name\n1,caf\xE9 au lait\n", "line 2 is not UTF-8; say `encoding`"),
        ("a.csv", b"id,name\n1,a\n\0\0\0\0\0\0\0\0", "NUL"),
        ("a.what", b"id\n1\n", "its name does not tell what it is: say `format`"),
    ] {
        let share = Share::new(name).file(name, content);
        let error = share.open().describe().await.unwrap_err();
        let told = message(&error, share.folder.path());
        assert!(told.contains(says), "{name}: {told}");
        assert!(!error.temporary, "{told}");
    }
}

#[tokio::test]
async fn bounds_are_refused_by_the_names_of_their_settings() {
    for (key, says) in [("file_bytes", "`file_bytes` allows more"), ("table_bytes", "`table_bytes` allows more")] {
        let share = Share::new("a.csv").file("a.csv", "id,name\n1,abcdefghijklmnopqrstuvwxyz\n");
        let share = share.with(key, OptionKind::Integer(20));
        let error = share.open().describe().await.unwrap_err().to_string();
        assert!(error.contains(says), "{error}");
    }
}

#[tokio::test]
async fn a_key_is_checked_whenever_a_file_is_read() {
    let share = Share::new("a.csv").keyed("a", &["id"]).file("a.csv", "id,name\n1,a\n2,b\n");
    let connector = share.open();
    let whole = collection(&*connector, "a").await;
    assert_eq!(whole.primary_key().unwrap().columns, ["id"]);
    assert_eq!(rows(&*connector, &whole).await.unwrap(), ["1|a", "2|b"]);
    for (content, says) in [
        ("id,name\n1,a\n2,b\n1,c\n", "a.csv, line 4: the key (id) is that of a.csv, line 2 too"),
        ("id,name\n1,a\n,b\n", "a.csv, line 3: the key (id) has no value"),
    ] {
        share.put("a.csv", content);
        let error = rows(&*connector, &whole).await.unwrap_err();
        assert_eq!((error.kind, error.context.as_str()), (ErrorKind::Mismatch, says));
        let description = connector.describe().await.unwrap();
        assert_eq!(description.collections[0].keys, []);
        assert_eq!(description.warnings, [format!("{says}: a is served without a key")]);
    }
    let share = Share::new("a.csv").keyed("a", &["number"]).file("a.csv", "id\n1\n");
    let warnings = described(&*share.open()).await.1;
    assert_eq!(warnings, ["the key (number) of a names no column `number`: a is served without a key"]);
}

#[tokio::test]
async fn json_lines_keep_their_digits_and_what_is_nested() {
    let share = Share::new("a.ndjson").file(
        "a.ndjson",
        "{\"id\": 123456789012345678, \"on\": \"2026-03-01\", \"code\": \"7\", \"tags\": [1, {\"a\": null}]}\n\n{}\n{\"id\": 2, \"ok\": true, \"price\": 1.50}\n",
    );
    let connector = share.open();
    let whole = collection(&*connector, "a").await;
    let (collections, _) = described(&*connector).await;
    assert_eq!(collections, ["a(id BigInt, on Date, code String, tags JSON, ok Boolean, price Float)"]);
    assert_eq!(
        rows(&*connector, &whole).await.unwrap(),
        ["123456789012345678|2026-03-01|7|[1,{\"a\":null}]|-|-", "-|-|-|-|-|-", "2|-|-|-|true|1.5"]
    );
}
