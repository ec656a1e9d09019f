//! File names that are safe for any source name: letters, digits, `_`, `-` and inner dots stay, everything else is `%` and
//! the hexadecimal number of each byte; a long name is cut and ends in a hash of the whole.

use std::fmt::Write;
use std::path::Path;

/// The file that is no source's.
pub(super) const DISCOVERED: &str = "discovered.json";

/// Beyond this many bytes a name is cut: file systems allow 255 for all of it.
const LONGEST: usize = 200;

/// The file name of a source's description.
pub(super) fn of(source: &str) -> String {
    let mut name = String::with_capacity(source.len() + 5);
    for (at, c) in source.char_indices() {
        // A first dot would hide the file, and no source may take the place of `discovered.json`.
        let is_first_odd = at == 0 && (c == '.' || source.eq_ignore_ascii_case("discovered"));
        if !is_first_odd && (c.is_alphanumeric() || matches!(c, '_' | '-' | '.')) {
            name.push(c);
        } else {
            let mut bytes = [0; 4];
            for byte in c.encode_utf8(&mut bytes).bytes() {
                let _ = write!(name, "%{byte:02X}"); // writing to a string never fails
            }
        }
    }
    if name.len() > LONGEST {
        let mut end = LONGEST;
        while !name.is_char_boundary(end) {
            end -= 1;
        }
        name.truncate(end);
        let _ = write!(name, "%{:016x}", hash(source.as_bytes()));
    }
    name.push_str(".json");
    name
}

/// The source that a file describes, by what stands in it; a file that does not tell is nobody's.
pub(super) fn source_of(folder: &Path, name: &str) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct Head {
        source: String,
    }
    let text = std::fs::read(folder.join(super::FOLDER).join(name)).ok()?;
    let source = serde_json::from_slice::<Head>(&text).map(|head| head.source);
    // A file that stands under another name than its own is not ours to remove.
    source.ok().filter(|source| of(source) == name)
}

/// FNV-1a, which stays the same in every version of everything.
fn hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_source_name_has_a_safe_file_name_of_its_own() {
        for (source, name) in [
            ("civil", "civil.json"),
            ("silo_民政-1.a", "silo_民政-1.a.json"),
            ("Order Details", "Order%20Details.json"),
            ("../etc/passwd", "%2E.%2Fetc%2Fpasswd.json"),
            (".hidden", "%2Ehidden.json"),
            ("discovered", "%64iscovered.json"),
            ("Discovered", "%44iscovered.json"),
            ("a%20b", "a%2520b.json"),
            ("a\0:*?", "a%00%3A%2A%3F.json"),
        ] {
            assert_eq!(of(source), name);
        }
        let (long, other) = ("民".repeat(300), format!("{}x", "民".repeat(300)));
        assert!(of(&long).len() < 255 && of(&long) != of(&other));
    }
}
