//! Which files a source has, and what each is right now.
//!
//! In: the settings. Out: files by the collections they make, and their stamps. *Invariant*: nothing is opened; a link
//! that leads out of a pattern's folder is not followed.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::format::Format;
use super::obstacle::Obstacle;
use super::settings::{Settings, is_pattern};
use crate::glob;
use crate::withheld::{Told, Withheld};

/// One file of a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// Where it is.
    pub(super) path: PathBuf,
    /// Its name without folder, for messages.
    pub(super) name: String,
    /// What its collection is called, or what its sheets' names are put behind; its name without the ending.
    pub(super) stem: String,
}

/// A file as it was. A table serves as long as this stays equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    device: u64,
    inode: u64,
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Stamp {
    /// When its content was last changed.
    pub(super) fn modified(&self) -> SystemTime {
        let (seconds, nanoseconds) = self.modified;
        let since = Duration::new(seconds.unsigned_abs(), u32::try_from(nanoseconds).unwrap_or(0));
        if seconds < 0 { SystemTime::UNIX_EPOCH - since } else { SystemTime::UNIX_EPOCH + since }
    }

    /// Whether it was changed so lately that another change may not show.
    pub(super) fn is_fresh(&self) -> bool {
        const TICK: Duration = Duration::from_secs(2);
        SystemTime::now().duration_since(self.modified()).is_ok_and(|age| age < TICK)
    }
}

/// The files there are, in the order of their paths, and warnings of those left out.
pub(super) fn files(settings: &Settings) -> Result<(Vec<Found>, Vec<String>), (PathBuf, Obstacle)> {
    if !is_pattern(&settings.path) {
        return Ok((vec![found(settings.folder.join(&settings.path))], Vec::new()));
    }
    let paths = glob::files(&settings.folder, &settings.path).map_err(|(folder, error)| (folder, error.into()))?;
    let mut files: Vec<Found> = Vec::new();
    let mut warnings = Vec::new();
    for path in paths {
        let file = found(settings.folder.join(path));
        // What Excel keeps beside a workbook that somebody has open.
        if file.name.starts_with("~$") {
            continue;
        }
        if let Err(obstacle) = check_inside(settings, &file.path) {
            warnings.push(format!("{} is left out: {}", file.name, Told::of(&obstacle)));
        } else if settings.format.or_else(|| Format::of_name(&file.path)).is_none() {
            warnings.push(format!("{} is left out: {}", file.name, Obstacle::UnknownFormat));
        } else if let Some(other) = files.iter().find(|other| other.stem == file.stem && settings.collection.is_none())
        {
            warnings.push(format!("{} is left out: {} has its name", file.path.display(), other.path.display()));
        } else {
            files.push(file);
        }
    }
    Ok((files, warnings))
}

fn found(path: PathBuf) -> Found {
    let text = |part: Option<&std::ffi::OsStr>| part.unwrap_or_default().to_string_lossy().into_owned();
    Found { name: text(path.file_name()), stem: text(path.file_stem()), path }
}

/// What a file is right now.
pub(super) fn stamp(settings: &Settings, path: &Path) -> Result<Stamp, Obstacle> {
    if settings.is_found {
        check_inside(settings, path)?;
    }
    let metadata = std::fs::metadata(path)?;
    check(settings, &metadata)?;
    Ok(stamp_of(&metadata))
}

/// Refuses what is no file, or too large a one.
pub(super) fn check(settings: &Settings, metadata: &Metadata) -> Result<(), Obstacle> {
    if !metadata.is_file() {
        return Err(Withheld::NotAFile.into());
    }
    if metadata.len() > settings.file_bytes {
        let setting = super::settings::FILE_BYTES;
        return Err(Obstacle::TooLarge { what: "it has", most: settings.file_bytes, setting });
    }
    Ok(())
}

pub(super) fn stamp_of(metadata: &Metadata) -> Stamp {
    Stamp {
        device: metadata.dev(),
        inode: metadata.ino(),
        size: metadata.len(),
        modified: (metadata.mtime(), metadata.mtime_nsec()),
        changed: (metadata.ctime(), metadata.ctime_nsec()),
    }
}

/// Whoever may put files into a folder is not to choose files outside of it.
fn check_inside(settings: &Settings, path: &Path) -> Result<(), Obstacle> {
    if !std::fs::symlink_metadata(path)?.is_symlink() {
        return Ok(());
    }
    let folder = match settings.path.find(['*', '?']) {
        Some(wild) => {
            let fixed = &settings.path[..wild];
            settings.folder.join(&fixed[..fixed.rfind('/').map_or(0, |slash| slash + 1)])
        }
        None => path.parent().unwrap_or(&settings.folder).to_owned(),
    };
    let folder = if folder.as_os_str().is_empty() { PathBuf::from(".") } else { folder };
    if std::fs::canonicalize(path)?.starts_with(std::fs::canonicalize(folder)?) {
        Ok(())
    } else {
        Err(Obstacle::LeadsOut)
    }
}
