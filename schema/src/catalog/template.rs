//! The commented catalog that `lilong init` writes. It is documentation: every setting stands in it with its default.

/// Its files: paths relative to the folder, and texts.
pub const FILES: &[(&str, &str)] = &[
    ("lilong.toml", include_str!("template/lilong.toml")),
    ("links.toml", include_str!("template/links.toml")),
    ("unions.toml", include_str!("template/unions.toml")),
    ("sources/example.toml", include_str!("template/sources/example.toml")),
];

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::{Catalog, Server, Tuning, link, load_with, server, source, union};
    use super::FILES;
    use crate::Problem;

    /// Takes the `#` away from every setting.
    fn uncommented(text: &str) -> String {
        let line = |line: &str| match line.strip_prefix('#') {
            Some(setting) if !setting.starts_with(' ') => format!("{setting}\n"),
            _ => format!("{line}\n"),
        };
        text.lines().map(line).collect()
    }

    fn loaded(change: impl Fn(&str) -> String) -> (Catalog, Vec<Problem>) {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("sources")).unwrap();
        for (path, text) in FILES {
            std::fs::write(folder.path().join(path), change(text)).unwrap();
        }
        load_with(folder.path(), &|_| None)
    }

    #[test]
    fn it_loads_as_it_is() {
        let (catalog, problems) = loaded(str::to_owned);
        assert_eq!(problems, []);
        assert!(catalog.sources.is_empty() && catalog.links.is_empty() && catalog.unions.is_empty());
    }

    #[test]
    fn every_setting_in_it_is_right_and_shows_the_default() {
        let (catalog, problems) = loaded(uncommented);
        assert_eq!(problems, []);
        assert_eq!(format!("{:?}", catalog.server), format!("{:?}", Server::default()));
        assert_eq!((catalog.sources.len(), catalog.discover.len(), catalog.links.len()), (6, 1, 2));
        assert_eq!(catalog.unions.len(), 1);
        for settings in catalog.sources.iter().chain(&catalog.discover) {
            assert_eq!(settings.tuning, Tuning::default());
        }
        assert_eq!(catalog.sources[0].rename.len(), 2);
    }

    #[test]
    fn every_known_key_stands_in_it() {
        let text: String = FILES.iter().map(|(_, text)| uncommented(text)).collect();
        let keys = server::keys()
            .chain(source::keys())
            .chain(link::LINK_KEYS.iter().copied())
            .chain(union::UNION_KEYS.iter().copied());
        for key in keys {
            let is_there = text.lines().any(|line| {
                line.split_once('=').is_some_and(|(start, _)| start.trim() == key)
                    || line.ends_with(&format!(".{key}]"))
            });
            assert!(is_there, "{key}");
        }
    }
}
