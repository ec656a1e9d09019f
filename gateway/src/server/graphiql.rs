//! The files of the `GraphiQL` page, served from the binary, out of the archive that `gateway/graphiql/build.mjs` makes.
//!
//! In: the path a browser asks for. Out: the bytes, mostly compressed, and what to say of them in headers. The server
//! sends [`CONTENT_SECURITY_POLICY`] with each of them, and answers [`TABS_PATH`] with what [`tabs`] writes.
//!
//! Invariant: nothing here, and nothing in the page, ever contacts another host.

use std::io::{self, Read};

use flate2::read::GzDecoder;
use serde::Serialize;

/// The header `Content-Security-Policy` for every file of the page: its own origin only, no evaluated code. Monaco and
/// the menus set styles from scripts, hence `'unsafe-inline'` for styles alone.
pub const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; worker-src 'self'; \
    connect-src 'self'; style-src 'self' 'unsafe-inline'; font-src 'self'; img-src 'self' data:; base-uri 'none'; \
    form-action 'none'; frame-ancestors 'none'";

/// Where the page asks for the tabs of a first visit; always to be answered, with an empty list where there are none.
pub const TABS_PATH: &str = "graphiql/tabs.json";

/// The page and its files as a tar: member names are paths, with `.gz` added where the content is compressed.
static ARCHIVE: &[u8] = include_bytes!("../../graphiql/graphiql.tar");

/// The size of a tar's header, and what its members are padded to.
const BLOCK: usize = 512;

/// A file of the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asset {
    /// The header `Content-Type`.
    pub content_type: &'static str,
    /// The content, compressed if `gzip`.
    pub bytes: &'static [u8],
    /// Whether to send `Content-Encoding: gzip`, with `Vary: Accept-Encoding`.
    pub gzip: bool,
    /// Whether the name changes with the content, so that browsers may keep it for ever; false for the page itself.
    pub immutable: bool,
}

impl Asset {
    /// The content as it is, for clients that do not accept gzip.
    pub fn decompressed(&self) -> io::Result<Vec<u8>> {
        let mut content = Vec::new();
        if self.gzip {
            GzDecoder::new(self.bytes).read_to_end(&mut content)?;
        } else {
            content.extend_from_slice(self.bytes);
        }
        Ok(content)
    }
}

/// A tab that the page opens on a first visit.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Tab {
    /// Shown as a comment above the query. `GraphiQL` names the tab itself after the query's operation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The text of the query.
    pub query: String,
    /// Its variables.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub variables: Option<serde_json::Map<String, serde_json::Value>>,
}

/// The body for [`TABS_PATH`], as `application/json`. With no tabs the page opens a query that shows a newcomer around.
pub fn tabs(tabs: &[Tab]) -> serde_json::Result<Vec<u8>> {
    serde_json::to_vec(tabs)
}

/// The file at a path below the page's own, with or without a leading slash; the page itself for the empty path.
pub fn asset(path: &str) -> Option<Asset> {
    let path = match path.strip_prefix('/').unwrap_or(path) {
        "" => "index.html",
        "index.html" => return None,
        file => file,
    };
    let content_type = content_type(path)?;
    members().find_map(|(name, bytes)| {
        let gzip = name.strip_suffix(".gz") == Some(path);
        let immutable = path.contains('-');
        (gzip || name == path).then_some(Asset { content_type, bytes, gzip, immutable })
    })
}

fn content_type(path: &str) -> Option<&'static str> {
    Some(match path.rsplit_once('.')?.1 {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        "woff2" => "font/woff2",
        "woff" => "font/woff",
        "ttf" => "font/ttf",
        "txt" => "text/plain; charset=utf-8",
        _ => return None,
    })
}

/// Names and contents, read anew each time: some fifty headers, and no state.
fn members() -> impl Iterator<Item = (&'static str, &'static [u8])> {
    let mut rest = ARCHIVE;
    std::iter::from_fn(move || {
        let (name, content) = first_member(rest)?;
        rest = rest.get(BLOCK + content.len().next_multiple_of(BLOCK)..)?;
        Some((name, content))
    })
}

/// The name and content of a tar's first member; none at its end, which is a header of zeros.
fn first_member(tar: &'static [u8]) -> Option<(&'static str, &'static [u8])> {
    let header = tar.get(..BLOCK)?;
    let name = std::str::from_utf8(header[..100].split(|&byte| byte == 0).next()?).ok()?;
    let size = usize::from_str_radix(std::str::from_utf8(&header[124..135]).ok()?, 8).ok()?;
    Some((name, tar.get(BLOCK..BLOCK + size)?))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn page() -> String {
        String::from_utf8(asset("").unwrap().decompressed().unwrap()).unwrap()
    }

    /// What stands between quotes or brackets in a text and names a file with a hash.
    fn named_files(text: &str) -> BTreeSet<&str> {
        text.split(['"', '\'', '`', '(', ')'])
            .map(|word| word.trim_start_matches("./").trim_start_matches("graphiql/"))
            .filter(|word| {
                let Some((stem, extension)) = word.rsplit_once('.') else {
                    return false;
                };
                let Some((_, hash)) = stem.rsplit_once('-') else {
                    return false;
                };
                ["js", "css", "svg", "woff", "woff2", "ttf"].contains(&extension)
                    && (hash.len() == 8 || hash.len() == 10)
                    && hash.bytes().all(|byte| byte.is_ascii_alphanumeric())
            })
            .collect()
    }

    fn extension(name: &str) -> &str {
        name.rsplit_once('.').map_or("", |(_, extension)| extension)
    }

    #[test]
    fn the_archive_is_read_to_its_end() {
        let mut length = 0;
        for (_, content) in members() {
            length += BLOCK + content.len().next_multiple_of(BLOCK);
        }
        assert_eq!(length + 2 * BLOCK, ARCHIVE.len());
    }

    #[test]
    fn the_page_is_found_with_and_without_a_slash_and_is_not_kept_by_browsers() {
        let asset = asset("").unwrap();
        assert_eq!(Some(asset), super::asset("/"));
        assert_eq!(asset.content_type, "text/html; charset=utf-8");
        assert!(asset.gzip && !asset.immutable);
        assert!(page().contains("<title>lilong</title>"));
    }

    #[test]
    fn every_file_that_a_file_names_is_there_and_may_be_kept() {
        let mut seen = BTreeSet::new();
        let mut waiting: Vec<String> = named_files(&page()).into_iter().map(str::to_owned).collect();
        assert!(waiting.len() >= 3, "script, style and icon: {waiting:?}");
        while let Some(name) = waiting.pop() {
            if !seen.insert(name.clone()) {
                continue;
            }
            let asset = asset(&format!("/graphiql/{name}")).unwrap_or_else(|| panic!("{name} is missing"));
            assert!(asset.immutable, "{name}");
            if matches!(extension(&name), "js" | "css") {
                let text = String::from_utf8(asset.decompressed().unwrap()).unwrap();
                waiting.extend(named_files(&text).into_iter().map(str::to_owned));
            }
        }
        let unnamed: Vec<_> = members().map(|(name, _)| name).filter(|name| !name.contains('-')).collect();
        assert_eq!(unnamed, ["graphiql/licenses.txt.gz", "index.html.gz"]);
        assert_eq!(seen.len() + unnamed.len(), members().count(), "files that nothing names: {seen:?}");
    }

    #[test]
    fn the_page_names_no_other_host_and_holds_no_inline_script() {
        let page = page();
        assert!(!page.contains("://"), "{page}");
        assert!(!page.contains("src=\"/") && !page.contains("href=\"/"), "paths are relative: {page}");
        assert_eq!(page.matches("<script").count(), page.matches("<script type=\"module\" src=\"graphiql/").count());
        let style = named_files(&page).into_iter().find(|name| extension(name) == "css").unwrap().to_owned();
        let style = asset(&format!("graphiql/{style}")).unwrap().decompressed().unwrap();
        let style = String::from_utf8(style).unwrap();
        assert!(!style.contains("url(http") && !style.contains("url(//") && !style.contains("@import"));
    }

    #[test]
    fn what_is_not_there_is_not_found() {
        for path in
            ["index.html", "graphiql", "graphiql/", "graphiql/../index.html", TABS_PATH, "graphiql/app.js", "/x.gz"]
        {
            assert_eq!(asset(path), None, "{path}");
        }
    }

    #[test]
    fn tabs_are_written_as_the_page_reads_them() {
        assert_eq!(tabs(&[]).unwrap(), b"[]");
        let variables = serde_json::json!({"age": 80}).as_object().cloned();
        let given = [
            Tab { title: Some("Over 80".into()), query: "query A { a }".into(), variables },
            Tab { title: None, query: "{ b }".into(), variables: None },
        ];
        assert_eq!(
            String::from_utf8(tabs(&given).unwrap()).unwrap(),
            r#"[{"title":"Over 80","query":"query A { a }","variables":{"age":80}},{"query":"{ b }"}]"#
        );
    }
}
