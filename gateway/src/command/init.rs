//! `lilong init`: writes a commented starting catalog.

use std::fs;
use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use lilong_schema::catalog::template;

use super::failure::Failure;
use super::output;

#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  lilong init city && lilong check city")]
pub(crate) struct Options {
    /// The folder to make; files that are there already are never overwritten
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

pub(crate) fn run(options: &Options) -> Result<(), Failure> {
    let folder = &options.folder;
    for (path, _) in template::FILES {
        let file = folder.join(path);
        if file.exists() {
            let message = format!("{} is there already; nothing was written (choose another folder)", file.display());
            return Err(Failure::Wrong(message));
        }
    }
    for (path, text) in template::FILES {
        let file = folder.join(path);
        let written = file.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| {
            // `create_new` because another program may have made the file since.
            fs::File::create_new(&file)?.write_all(text.as_bytes())
        });
        written.map_err(|error| Failure::Wrong(format!("{}: cannot be written: {error}", file.display())))?;
        output::print(&format!("{}\n", file.display()))?;
    }
    output::say(&format!("Fill in sources/ and run `lilong check {}`.", folder.display()));
    Ok(())
}
