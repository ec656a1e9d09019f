//! What a catalog without faults is read into; broken ones have their pages.

use std::time::Duration;

use super::*;
use crate::catalog::{OptionKind, OptionValue};
use crate::{Normalizer, Scalar, Secret};

/// Loads files given as name and text; nothing may be wrong.
fn loaded(files: &[(&str, &str)]) -> (tempfile::TempDir, Catalog) {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let environment = |name: &str| (name == "PASSWORD").then(|| OsString::from("hunter2"));
    let (catalog, problems) = load_with(folder.path(), &environment);
    assert_eq!(problems, []);
    (folder, catalog)
}

fn text(option: &OptionValue) -> &str {
    match &option.value {
        OptionKind::Text(secret) => secret.reveal(),
        other => panic!("no text: {other:?}"),
    }
}

#[test]
fn blocks_win_over_defaults_wherever_these_stand() {
    let (_folder, catalog) = loaded(&[
        ("a.toml", "[[source]]\nname = 'a'\nconnector = 'x'\ntimeout = '1s'\ncache = 'off'\n"),
        ("sources/b.toml", "[[source]]\nname = 'b'\nconnector = 'x'\n"),
        ("z.toml", "[defaults]\ntimeout = '9s'\nconnections = 2\n"),
    ]);
    let [a, b] = catalog.sources.as_slice() else { panic!("two sources") };
    assert_eq!((a.tuning.timeout, a.tuning.connections), (Duration::from_secs(1), 2));
    assert_eq!((b.tuning.timeout, b.tuning.connections), (Duration::from_secs(9), 2));
    assert_eq!(b.tuning.wait_timeout, Duration::from_millis(500));
    assert_eq!(b.place, Place { file: "sources/b.toml".into(), line: 1 });
    assert_eq!(a.given.iter().copied().collect::<Vec<_>>(), ["cache", "connector", "name", "timeout"]);
}

#[test]
fn what_is_not_common_is_carried_along_for_the_kind() {
    let (folder, catalog) = loaded(&[(
        "sources/civil.toml",
        "[[source]]\nname = 'civil'\nconnector = 'postgres'\nurl = 'postgres://li:${PASSWORD}@host/db'\n\
         schemas = ['public', '${PASSWORD}']\npooler = true\nport = 5_432\npth = '../civil.sqlite'\n",
    )]);
    let civil = &catalog.sources[0];
    assert_eq!(text(&civil.options["url"]), "postgres://li:hunter2@host/db");
    assert_eq!(civil.location, "postgres://host/db");
    let secrets = ["public", "hunter2"].map(Secret::new).to_vec();
    assert_eq!(civil.options["schemas"].value, OptionKind::Texts(secrets));
    assert_eq!(civil.options["pooler"].value, OptionKind::Boolean(true));
    assert_eq!(civil.options["port"].value, OptionKind::Integer(5_432));
    assert_eq!(civil.options["port"].place.line, 7);
    let path = &civil.options["pth"];
    assert_eq!(path.resolve(text(path)), folder.path().join("sources/../civil.sqlite"));
    assert_eq!(path.resolve("/srv/x"), Path::new("/srv/x"));
    assert!(!format!("{catalog:?}").contains("hunter2"));
    let refused: Vec<String> =
        civil.unknown_options(&["url", "schemas", "port", "path"]).iter().map(ToString::to_string).collect();
    assert_eq!(
        refused,
        [
            "sources/civil.toml:6: source civil: unknown key `pooler` (known here: name, connector, title, include, exclude, \
             rename, types, timeout, connect_timeout, wait_timeout, idle_timeout, connections, server_connections, cache, \
             cache_for, stale_while_refreshing, stale_if_down, breaker_faults, breaker_pause, breaker_longest_pause, \
             retry_percent, url, schemas, port, path)",
            "sources/civil.toml:8: source civil: unknown key `pth` (did you mean `path`?)",
        ]
    );
}

#[test]
fn an_addition_is_laid_over_the_discovered_source() {
    let (_folder, catalog) = loaded(&[(
        "lilong.toml",
        "[[discover]]\nconnector = 'sqlite'\npath = '*.sqlite'\ntitle = 'A silo'\ntimeout = '1s'\nexclude = ['tmp']\n\
         [discover.rename]\n'a.b' = 'one'\n'c' = 'two'\n[discover.types]\n'a.b' = 'Date'\n\
         [[source]]\nname = 'silo'\ntitle = 'Civil'\nconnections = 3\nexclude = []\ntls = 'off'\n\
         [source.rename]\n'a.b' = 'three'\n[source.types]\n'a.b' = 'Time'\n'x.y.z' = 'Date'\n",
    )]);
    assert_eq!((catalog.sources.len(), catalog.additions.len()), (0, 1));
    let mut silo = catalog.discover[0].clone();
    assert_eq!(silo.name, "{name}");
    silo.add(&catalog.additions[0]);
    assert_eq!(silo.title.as_deref(), Some("Civil"));
    assert_eq!((silo.tuning.timeout, silo.tuning.connections), (Duration::from_secs(1), 3));
    assert!(silo.exclude.is_empty());
    let renames: Vec<(String, &str)> =
        silo.rename.iter().map(|rename| (rename.whole(), rename.name.as_str())).collect();
    assert_eq!(renames, [("c".to_owned(), "two"), ("a.b".to_owned(), "three")]);
    let types: Vec<(&str, &str, Scalar)> =
        silo.types.iter().map(|entry| (entry.collection.as_str(), entry.column.as_str(), entry.scalar)).collect();
    assert_eq!(types, [("a", "b", Scalar::Time), ("x.y", "z", Scalar::Date)]);
    assert_eq!(text(&silo.options["path"]), "*.sqlite");
    assert_eq!(text(&silo.options["tls"]), "off");
}

#[test]
fn links_name_columns_and_how_their_values_meet() {
    let (_folder, catalog) = loaded(&[
        (
            "sources/links.toml",
            "[[link]]\nfrom = 'civil.\"Order Details\"(a, b)'\nto = 'health.audit.log(\"c,d\", e)'\nname = 'logs'\n\
             back = 'order'\nmany = false\nnormalize_from = ['map:m.csv', 'pad_left:4']\n\
             [[link]]\nfrom = 'a.b(c)'\nto = 'd.e(f)'\nname = 'x'\nnormalize = ['trim']\n",
        ),
        ("sources/m.csv", "\u{feff}1,one\r\n2,\"t,\"\"wo\"\"\"\r\n\r\n"),
    ]);
    let [one, two] = catalog.links.as_slice() else { panic!("two links") };
    assert_eq!((one.from.source.as_str(), one.from.collection.as_str()), ("civil", "Order Details"));
    assert_eq!((one.to.source.as_str(), one.to.collection.as_str()), ("health", "audit.log"));
    assert_eq!(one.to.columns, ["c,d", "e"]);
    assert_eq!((one.name.as_str(), one.back.as_deref(), one.many), ("logs", Some("order"), Some(false)));
    assert_eq!(Normalizer::apply_all(&one.from.normalize, "2").as_deref(), Some("t,\"wo\""));
    assert_eq!(Normalizer::apply_all(&one.from.normalize, "1").as_deref(), Some("0one"));
    assert_eq!(Normalizer::apply_all(&one.from.normalize, "3"), None);
    assert!(one.to.normalize.is_empty());
    assert_eq!((&two.from.normalize, &two.to.normalize), (&vec![Normalizer::Trim], &vec![Normalizer::Trim]));
}

#[test]
fn server_settings_of_several_files_are_merged() {
    let (_folder, catalog) = loaded(&[
        ("a.toml", "[server]\nlisten = '0.0.0.0:0'\nopen = true\n"),
        ("b.toml", "[server]\nadmin = 'off'\n[server.limits]\ndepth = 0x10\nbody = 2_000\ndeadline = '2m'\n"),
    ]);
    let server = &catalog.server;
    assert_eq!((server.listen.as_str(), server.admin.as_deref(), server.open), ("0.0.0.0:0", None, true));
    assert_eq!((server.limits.depth, server.limits.body), (16, 2_000));
    assert_eq!(server.limits.deadline, Duration::from_mins(2));
    assert_eq!(server.limits.aliases, 500);
}

#[test]
fn a_file_in_place_of_the_folder_is_told() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let (_, problems) = load(file.path());
    assert_eq!(problems.len(), 1);
    assert!(problems[0].what.ends_with("is a file, not a folder"), "{}", problems[0]);
    assert!(!is_servable(&problems));
}

#[test]
fn what_is_reported_is_not_left_for_later_stages_to_report_again() {
    let load_text = |text: &str| {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("lilong.toml"), text).unwrap();
        load_with(folder.path(), &|_| None)
    };
    let source = "[[source]]\nname = 'a'\nconnector = 'x'\n";
    let (catalog, problems) = load_text(&format!("{source}{source}[[source]]\nname = 'b'\n"));
    assert_eq!((catalog.sources.len(), catalog.additions.len(), problems.len()), (1, 0, 2));
    assert_eq!(catalog.sources[0].place.line, 1);
    let (catalog, problems) = load_text(&format!("{source}timeout = 3\n[[link]]\nfrom = 'a'\n"));
    assert_eq!((catalog.sources.len(), catalog.links.len(), problems.len()), (1, 0, 4));
}

#[test]
fn sources_behind_a_link_that_leads_nowhere_are_told() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("lilong.toml"), "").unwrap();
    std::os::unix::fs::symlink("nowhere", folder.path().join("sources")).unwrap();
    let (_, problems) = load_with(folder.path(), &|_| None);
    assert_eq!(problems.len(), 1);
    assert!(problems[0].what.ends_with("does not exist"), "{}", problems[0]);
}
