//! The catalog of a district: which files it has and what stands in those that are text.

use std::fmt::Write;
use std::io;
use std::path::PathBuf;

use super::departments::{DEPARTMENTS, Department};
use super::links::LINKS;
use super::questions::Question;
use super::services::SERVICES;
use super::sheets;
use super::streets::{STREETS, Street};
use super::town::Town;
use super::unions::unions;

/// The sources that are no street's copies: departments with a database, with a service, with files.
pub(super) const DISTRICT_SOURCES: usize = DEPARTMENTS.len() + SERVICES.len() + 1;

/// The residents up to which lilong's own limits do for the questions.
const ROWS_WITHIN_LIMITS: usize = 20_000;

/// One file of the district.
pub(super) struct Piece {
    /// Within the district's folder.
    pub(super) path: PathBuf,
    pub(super) content: Content,
}

/// What a file holds.
pub(super) enum Content {
    Text(String),
    /// What stands in a file of a department that has no database.
    Sheet(fn(&Town) -> io::Result<Vec<u8>>),
    /// A department's database; of one street, and the so-manieth of it, if it is a copy.
    Silo {
        department: &'static Department,
        copy: Option<(&'static Street, usize)>,
    },
}

/// A street's copy of a department's database.
struct Copy {
    name: String,
    title: String,
    department: &'static Department,
    street: &'static Street,
    round: usize,
}

/// The first so many copies: every street gets one of each department before any gets a second.
fn copies(count: usize) -> impl Iterator<Item = Copy> {
    let each = |round: usize| {
        DEPARTMENTS.iter().flat_map(move |department| STREETS.iter().map(move |street| (round, *department, street)))
    };
    (0..).flat_map(each).take(count).map(|(round, department, street)| {
        let branch = if round == 0 { String::new() } else { format!("_{}", round + 1) };
        Copy {
            name: format!("{}_{}{branch}", street.slug(), department.name),
            title: format!("{}{}: {}", street.name, branch.replace('_', " "), department.title),
            department,
            street,
            round,
        }
    })
}

/// All files of a district of that many sources and residents, texts first.
pub(super) fn pieces(sources: usize, rows: usize, questions: &[Question]) -> Vec<Piece> {
    let copies: Vec<Copy> = copies(sources.saturating_sub(DISTRICT_SOURCES)).collect();
    let text = |path: &str, text: String| Piece { path: path.into(), content: Content::Text(text) };
    let mut pieces = vec![
        text("lilong.toml", settings(rows, copies.len())),
        text("links.toml", links()),
        text("maps/hotline_streets.csv", map(|street| street.hotline_number.to_string())),
        text("maps/market_streets.csv", map(|street| format!("{:02}", street.number))),
        text("maps/environment_streets.csv", map(|street| street.name_zh.to_owned())),
    ];
    for (number, question) in (1..).zip(questions) {
        pieces.push(text(&format!("questions/{number}.graphql"), question.query.clone()));
    }
    for department in DEPARTMENTS {
        let connector = format!("connector = \"sqlite\"\npath = \"../databases/{}.sqlite\"\n", department.name);
        pieces.push(text(&format!("sources/{}.toml", department.name), source(department, &connector)));
    }
    for service in &SERVICES {
        let name = service.department.name;
        pieces.push(text(&format!("sources/{name}.toml"), source(service.department, service.connector)));
        for (file, content) in service.files {
            let path = service.folder().join(file);
            pieces.push(Piece { path, content: Content::Text((*content).to_owned()) });
        }
    }
    let meals = block(sheets::NAME, sheets::TITLE, sheets::HABITS, sheets::CONNECTOR, sheets::SETTINGS);
    pieces.push(text(&format!("sources/{}.toml", sheets::NAME), meals));
    if !copies.is_empty() {
        let rounds = |department: &str| {
            copies
                .iter()
                .filter(|copy| copy.department.name == department)
                .map(|copy| copy.round + 1)
                .max()
                .unwrap_or(0)
        };
        pieces.push(text("unions.toml", unions(rounds)));
        pieces.push(text("street_links.toml", street_links(&copies)));
        pieces.push(text("sources/streets.toml", street_sources(&copies)));
    }
    for department in DEPARTMENTS {
        let path = PathBuf::from("databases").join(department.name).with_extension("sqlite");
        pieces.push(Piece { path, content: Content::Silo { department, copy: None } });
    }
    for service in &SERVICES {
        let department = service.department;
        let path = service.folder().join(department.name).with_extension("sqlite");
        pieces.push(Piece { path, content: Content::Silo { department, copy: None } });
    }
    for file in &sheets::FILES {
        pieces.push(Piece { path: PathBuf::from("sheets").join(file.name), content: Content::Sheet(file.write) });
    }
    for Copy { name, department, street, round, .. } in copies {
        let path = PathBuf::from("silos").join(name).with_extension("sqlite");
        pieces.push(Piece { path, content: Content::Silo { department, copy: Some((street, round)) } });
    }
    pieces
}

fn settings(rows: usize, copies: usize) -> String {
    let mut text = "\
# An invented city district: twelve streets and twenty-eight departments, each with its own habits of writing names and
# keys: twenty-five with a database, two with a service, one with spreadsheets. `lilong demo` made it; its today is
# 2026-10-15.
#
#   sources/     one file a department: what its source is and what is peculiar to it
#   services/    what the two services run on; they run while `lilong demo` does
#   links.toml   how the departments hang together
#   questions/   what to ask; `lilong query . questions/1.graphql`
"
    .to_owned();
    if rows > ROWS_WITHIN_LIMITS {
        // A filter across departments reads the keys of one side, at most about three rows a resident in one question.
        let _ = write!(
            text,
            "
# Filters across departments read the keys of one side: more residents, more rows.
[server.limits]
budget_rows = {0}
budget_keys = {0}
budget_bytes = {1}
",
            rows * 5,
            rows * 3_200
        );
    }
    if copies > 0 {
        text.push_str(
            "
# Streets keep copies of departments' databases, each with a few of their own residents: one source a file.
[[discover]]
connector = \"sqlite\"
path = \"silos/*.sqlite\"
name = \"{name}\"
",
        );
    }
    text
}

fn source(department: &Department, connector: &str) -> String {
    let Department { name, title, habits, settings, .. } = department;
    block(name, title, habits, connector, settings)
}

fn block(name: &str, title: &str, habits: &str, connector: &str, settings: &str) -> String {
    format!("# {}\n\n[[source]]\nname = \"{name}\"\ntitle = \"{title}\"\n{connector}{settings}", wrap(habits))
}

/// Breaks a comment into lines.
fn wrap(text: &str) -> String {
    let mut lines = String::new();
    let mut width = 0;
    for word in text.split_whitespace() {
        if width > 0 && width + word.len() > 110 {
            lines.push_str("\n# ");
            width = 0;
        } else if width > 0 {
            lines.push(' ');
        }
        lines.push_str(word);
        width += word.len() + 1;
    }
    lines
}

fn links() -> String {
    let mut text = "\
# The awkward side of each link is `from`; `normalize_from` brings its keys to the form of the reference: civil affairs for
# people, households and streets, market supervision for enterprises.

"
    .to_owned();
    for link in &LINKS {
        link.write(&mut text);
    }
    text
}

fn street_sources(copies: &[Copy]) -> String {
    let mut text =
        "# Titles, and what else a department's own database is given too, for the databases in ../silos/.\n"
            .to_owned();
    for Copy { name, title, department, .. } in copies {
        let _ = write!(text, "\n[[source]]\nname = \"{name}\"\ntitle = \"{title}\"\n{}", department.settings);
    }
    text
}

fn street_links(copies: &[Copy]) -> String {
    let mut text =
        "# From the streets' copies to the departments they all refer to; nothing leads back.\n\n".to_owned();
    for copy in copies {
        for link in LINKS.iter().filter(|link| link.starts_at(copy.department.name)) {
            link.write_copy(&copy.name, &mut text);
        }
    }
    text
}

/// A table from one department's way of naming streets to civil affairs' codes.
fn map(name: impl Fn(&Street) -> String) -> String {
    STREETS.iter().fold(String::new(), |mut text, street| {
        let _ = writeln!(text, "{},{}", name(street), street.id());
        text
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_of_departments_and_copies_differ() {
        for sources in [28, 29, 600, 1_000] {
            let pieces = pieces(sources, 100, &[]);
            let silos = pieces.iter().filter(|piece| matches!(piece.content, Content::Silo { .. })).count();
            assert_eq!(silos, sources - 1, "one has spreadsheets");
            let paths: BTreeSet<&PathBuf> = pieces.iter().map(|piece| &piece.path).collect();
            assert_eq!(paths.len(), pieces.len());
        }
    }

    #[test]
    fn every_street_gets_a_copy_of_a_department_before_the_next_department_comes() {
        let names: Vec<String> = copies(301).map(|copy| copy.name).collect();
        assert_eq!(names[0], "siping_road_civil");
        assert_eq!(names[11], "changhai_road_civil");
        assert_eq!(names[12], "siping_road_health");
        assert_eq!(names[300], "siping_road_civil_2");
    }

    #[test]
    fn all_texts_are_toml() {
        for piece in pieces(60, 50_000, &[]) {
            if let Content::Text(text) = piece.content
                && piece.path.extension().is_some_and(|extension| extension == "toml")
            {
                assert!(text.parse::<toml::Table>().is_ok(), "{} is no TOML:\n{text}", piece.path.display());
            }
        }
    }

    #[test]
    fn every_link_starts_at_a_department() {
        for link in &LINKS {
            let services = SERVICES.iter().map(|service| service.department.name);
            let mut names = DEPARTMENTS.iter().map(|department| department.name).chain(services).chain([sheets::NAME]);
            assert!(names.any(|name| link.starts_at(name)));
        }
    }
}
