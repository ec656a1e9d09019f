//! Files that come, go and change while they are served.

use std::time::Duration;

use super::*;

#[tokio::test]
async fn a_file_that_changes_is_read_again_and_one_that_does_not_is_held() {
    let share = Share::new("a.csv").file("a.csv", "id\n1\n");
    let connector = share.open();
    let whole = collection(&*connector, "a").await;
    assert_eq!(connector.as_of(), None);
    assert_eq!(rows(&*connector, &whole).await.unwrap(), ["1"]);
    let first = connector.as_of().unwrap();
    share.put("a.csv", "id\n1\n2\nmany\n");
    assert_eq!(rows(&*connector, &whole).await.unwrap(), ["1", "2", "!"]);
    assert!(connector.as_of().unwrap() > first);
    // The same size and the same time: only the moment of the change of the file itself tells.
    let file = std::fs::File::options().write(true).open(share.path("a.csv")).unwrap();
    let modified = file.metadata().unwrap().modified().unwrap();
    share.put("a.csv", "id\n1\n3\nmany\n");
    file.set_modified(modified).unwrap();
    assert_eq!(rows(&*connector, &whole).await.unwrap(), ["1", "3", "!"]);
}

#[tokio::test]
async fn a_file_that_is_away_is_unavailable_and_comes_back_by_itself() {
    for (pattern, name) in [("a.csv", "a.csv"), ("*.csv", "a.csv"), ("in/*.csv", "in/a.csv")] {
        let share = Share::new(pattern).file(name, "id\n1\n");
        let connector = share.open();
        let whole = collection(&*connector, "a").await;
        assert_eq!(rows(&*connector, &whole).await.unwrap(), ["1"]);
        std::fs::rename(share.path(name), share.path("away")).unwrap();
        let error = rows(&*connector, &whole).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Unavailable, "{error}");
        std::fs::rename(share.path("away"), share.path(name)).unwrap();
        assert_eq!(rows(&*connector, &whole).await.unwrap(), ["1"]);
    }
}

#[tokio::test]
async fn a_column_that_is_gone_is_told_and_the_others_are_served() {
    let share = Share::new("a.csv").file("a.csv", "id,name\n1,a\n");
    let connector = share.open();
    let whole = collection(&*connector, "a").await;
    share.put("a.csv", "name,new\na,b\n");
    assert_eq!(rows(&*connector, &whole).await.unwrap_err().kind, ErrorKind::Mismatch);
    let rest = Collection { fields: whole.fields[1..].to_vec(), ..whole };
    assert_eq!(rows(&*connector, &rest).await.unwrap(), ["a"]);
}

#[tokio::test]
async fn a_folder_of_files_is_a_collection_each_or_one_of_all() {
    let share = Share::new("in/*").file("in/b.csv", "id,b\n2,x\n").file("in/a.csv", "id,a\n1,y\n");
    let share = share.file("in/~$a.xlsx", "lock").file("in/notes.what", "?").file("in/.hidden.csv", "id\n9\n");
    let (collections, warnings) = described(&*share.open()).await;
    assert_eq!(collections, ["a(id BigInt, a String)", "b(id BigInt, b String)"]);
    assert_eq!(warnings, ["notes.what is left out: its name does not tell what it is: say `format`"]);
    let share = share.with("collection", OptionKind::Text(Secret::new("all")));
    std::fs::remove_file(share.path("in/notes.what")).unwrap();
    let connector = share.open();
    let (collections, warnings) = described(&*connector).await;
    assert_eq!(collections, ["all(id BigInt, a String, b String, _file String)"]);
    assert_eq!(warnings, ["a.csv has no column `b`: it is null there", "b.csv has no column `a`: it is null there"]);
    let whole = collection(&*connector, "all").await;
    assert_eq!(rows(&*connector, &whole).await.unwrap(), ["1|y|-|a.csv", "2|-|x|b.csv"]);
    share.put("in/c.csv", "id\n3\n");
    assert_eq!(rows(&*connector, &whole).await.unwrap()[2], "3|-|-|c.csv", "a new file is served at once");
}

#[cfg(unix)]
#[tokio::test]
async fn a_link_is_followed_where_it_is_named_and_not_out_of_a_pattern() {
    let outside = tempfile::tempdir().unwrap();
    std::fs::write(outside.path().join("secret.csv"), "id\n1\n").unwrap();
    let share = Share::new("in/*.csv").file("in/real.csv", "id\n1\n");
    std::os::unix::fs::symlink(outside.path().join("secret.csv"), share.path("in/out.csv")).unwrap();
    std::os::unix::fs::symlink(share.path("in/real.csv"), share.path("in/also.csv")).unwrap();
    let (collections, warnings) = described(&*share.open()).await;
    assert_eq!(collections, ["also(id BigInt)", "real(id BigInt)"]);
    assert_eq!(warnings, ["out.csv is left out: it is a link that leads out of its folder"]);
    let parts = (discover::DISCOVERY.parts)(&share.block).await.unwrap();
    assert_eq!(parts.len(), 2, "{parts:?}");
    // What was found once and became a link since.
    let found = (discover::DISCOVERY.narrow)(&share.block, share.path("in/out.csv").to_str().unwrap());
    let error = open(&found).unwrap().describe().await.unwrap_err();
    assert!(error.to_string().contains("a link that leads out"), "{error}");
    let mut named = Share::new("out.csv");
    named.block.options.insert("path".to_owned(), text(share.path("in/out.csv").to_str().unwrap()));
    assert_eq!(described(&*named.open()).await.0, ["out(id BigInt)"]);
}

#[tokio::test]
async fn what_nobody_asks_for_is_let_go() {
    let mut share = Share::new("a.csv").file("a.csv", "id\n1\n");
    share.block.tuning.idle_timeout = Duration::from_millis(1);
    let settings = settings::read(&share.block).unwrap();
    let store = Store::new(settings, &share.block);
    let whole = collection(&*share.open(), "a").await;
    let table = store.table(&whole).unwrap();
    let held = Arc::downgrade(&table);
    drop(table);
    assert!(held.upgrade().is_some());
    while store.sweep() > 0 {
        std::thread::yield_now();
    }
    assert!(held.upgrade().is_none());
}

#[test]
fn a_folder_or_a_device_is_no_file() {
    let share = Share::new("a.csv");
    std::fs::create_dir(share.path("a.csv")).unwrap();
    let settings = settings::read(&share.block).unwrap();
    for path in [share.path("a.csv"), "/dev/zero".into()] {
        let obstacle = location::stamp(&settings, &path).unwrap_err();
        assert_eq!(obstacle.to_string(), "it is not a file");
    }
}
