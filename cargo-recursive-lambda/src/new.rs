//! `new`: a package with a job, its tests, a README and a template that deploys it.
//!
//! The files are those below `new/`, with the package's name filled in.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

#[derive(clap::Args)]
pub(crate) struct New {
    /// The name of the package and of its folder
    #[arg(value_parser = name)]
    name: String,

    /// Use the crates of a checkout of recursive-lambda in this folder, not the released ones
    #[arg(long, value_name = "FOLDER")]
    path: Option<PathBuf>,
}

/// The files of a package, and their contents.
const FILES: [(&str, &str); 7] = [
    ("Cargo.toml", include_str!("new/Cargo.toml.txt")),
    ("src/main.rs", include_str!("new/main.rs.txt")),
    ("tests/whole_run.rs", include_str!("new/whole_run.rs.txt")),
    ("payments.csv", include_str!("new/payments.csv")),
    ("template.yaml", include_str!("new/template.yaml.txt")),
    ("README.md", include_str!("new/README.md.txt")),
    (".gitignore", "/target\n"),
];

/// It becomes the name of a stack, a bucket and a function, too.
fn name(text: &str) -> Result<String, String> {
    let starts = text.starts_with(|first: char| first.is_ascii_lowercase());
    let valid = text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    if starts && valid && text.len() <= 32 && !text.ends_with('-') && text != "test" {
        Ok(text.into())
    } else {
        Err("write at most 32 of a-z 0-9 -, beginning with a letter, for example `import-orders`".into())
    }
}

pub(crate) fn new(options: &New) -> Result<ExitCode, String> {
    let folder = Path::new(&options.name);
    if folder.exists() {
        return Err(format!("`{}` exists already", options.name));
    }
    let checkout = options.path.as_ref().map(std::path::absolute).transpose();
    let checkout = checkout.map_err(|error| format!("cannot use this checkout: {error}"))?;
    for (file, text) in FILES {
        let path = folder.join(file);
        let written = path.parent().map_or(Ok(()), std::fs::create_dir_all);
        let written = written.and_then(|()| std::fs::write(&path, fill(text, &options.name, checkout.as_deref())));
        written.map_err(|error| format!("cannot write {}: {error}", path.display()))?;
    }
    println!("created `{0}`; next:\n  cd {0}\n  cargo recursive-lambda run payments.csv", options.name);
    Ok(ExitCode::SUCCESS)
}

fn fill(text: &str, name: &str, checkout: Option<&Path>) -> String {
    let dependency = |package: &str| match checkout {
        Some(checkout) => format!("{{ path = {:?} }}", checkout.join(package)),
        None => format!("{:?}", env!("CARGO_PKG_VERSION")),
    };
    text.replace("{{name}}", name)
        .replace("{{recursive-lambda}}", &dependency("recursive-lambda"))
        .replace("{{recursive-lambda-local}}", &dependency("recursive-lambda-local"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_fits_everywhere() {
        for (text, valid) in [
            ("import", true),
            ("import-2", true),
            ("2-imports", false),
            ("Import", false),
            ("import_orders", false),
            ("import-", false),
            ("", false),
            ("../import", false),
            ("test", false),
            ("an-import-with-a-name-that-is-too-long", false),
        ] {
            assert_eq!(name(text).is_ok(), valid, "{text}");
        }
    }

    #[test]
    fn nothing_is_left_to_fill_in() {
        for (file, text) in FILES {
            for checkout in [None, Some(Path::new("/checkout"))] {
                assert!(!fill(text, "import", checkout).contains("{{"), "{file}");
            }
        }
    }
}
