//! The fenced blocks of a Markdown page, and the files that some of them are.

use std::fs;
use std::path::{Path, PathBuf};

/// A block: what stands behind its opening fence, and its content, every line ended.
pub(crate) struct Block {
    pub(crate) information: String,
    pub(crate) content: String,
}

/// The blocks of a page, in order.
pub(crate) fn blocks(text: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if let Some(information) = line.strip_prefix("```") {
            let content = lines.by_ref().take_while(|line| *line != "```").map(|line| format!("{line}\n")).collect();
            blocks.push(Block { information: information.to_owned(), content });
        }
    }
    blocks
}

/// Makes the part of a catalog that a block is; `false` if it is none. The information string says what it is:
///
/// - `toml lilong.toml`, `csv streets.csv`, `json descriptions/civil.json`, `text note.txt`: a file;
/// - `hex sources/old.toml`: a file by its bytes in hexadecimal digits;
/// - `sql civil.sqlite`: a SQLite silo by the statements that make it;
/// - `folder interfaces`: an empty folder.
pub(crate) fn make(catalog: &Path, block: &Block) -> bool {
    let Some((kind, name)) = block.information.split_once(' ') else {
        return false;
    };
    let path = catalog.join(name);
    fs::create_dir_all(if kind == "folder" { &path } else { path.parent().unwrap() }).unwrap();
    match kind {
        "folder" => {}
        "toml" | "csv" | "json" | "text" => fs::write(path, &block.content).unwrap(),
        "hex" => fs::write(path, bytes(&block.content)).unwrap(),
        "sql" => {
            let silo = rusqlite::Connection::open(path).unwrap();
            // Keys may dangle, as in life.
            silo.execute_batch("PRAGMA foreign_keys = OFF").unwrap();
            silo.execute_batch(&block.content).unwrap_or_else(|error| panic!("{name}: {error}"));
        }
        _ => return false,
    }
    true
}

fn bytes(digits: &str) -> Vec<u8> {
    let digits: Vec<char> = digits.chars().filter(|c| !c.is_whitespace()).collect();
    digits.chunks(2).map(|pair| u8::from_str_radix(&pair.iter().collect::<String>(), 16).unwrap()).collect()
}

/// A page with another content in the block of that information string.
pub(crate) fn replace(text: &str, information: &str, content: &str) -> String {
    let (mut out, mut inside) = (String::new(), false);
    for line in text.lines() {
        if inside && line == "```" {
            inside = false;
        }
        if !inside {
            out.push_str(line);
            out.push('\n');
        }
        if line.strip_prefix("```") == Some(information) {
            out.push_str(content);
            inside = true;
        }
    }
    out
}

/// The pages of a folder of the tests, by name.
pub(crate) fn pages(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut paths: Vec<PathBuf> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "md"));
    paths.sort();
    paths
}

/// Whether pages take what is printed instead of being compared with it.
pub(crate) fn updating() -> bool {
    std::env::var_os("LILONG_UPDATE_PAGES").is_some_and(|value| value == "1")
}
