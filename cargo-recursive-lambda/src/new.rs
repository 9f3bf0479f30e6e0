//! `new`: a package with a job, its tests, a README, and a template or a Terraform module that deploys it.
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

    /// Write a Terraform module instead of a template of AWS SAM
    #[arg(long)]
    terraform: bool,
}

/// A file's name and contents.
type File = (&'static str, &'static str);

/// The files of every package.
const FILES: [File; 5] = [
    ("Cargo.toml", include_str!("new/Cargo.toml.txt")),
    ("src/main.rs", include_str!("new/main.rs.txt")),
    ("tests/whole_run.rs", include_str!("new/whole_run.rs.txt")),
    ("payments.csv", include_str!("new/payments.csv")),
    ("README.md", include_str!("new/README.md.txt")),
];

/// What deploys a package, and how its README tells it.
struct Deployment {
    files: &'static [File],
    commands: &'static str,
    tools: &'static str,
    /// What they do not install.
    except: &'static str,
    /// The output that names the bucket.
    uploads: &'static str,
}

const SAM: Deployment = Deployment {
    files: &[("template.yaml", include_str!("new/template.yaml.txt")), (".gitignore", "/target\n")],
    commands: "sam deploy --guided --capabilities CAPABILITY_IAM --stack-name {{name}} --template-file template.yaml",
    tools: "`pip install cargo-lambda ziglang aws-sam-cli`",
    except: "",
    uploads: "UploadsBucket",
};

const TERRAFORM: Deployment = Deployment {
    files: &[
        ("terraform/variables.tf", include_str!("new/terraform/variables.tf")),
        ("terraform/uploads.tf", include_str!("new/terraform/uploads.tf")),
        ("terraform/function.tf", include_str!("new/terraform/function.tf")),
        ("terraform/watching.tf", include_str!("new/terraform/watching.tf")),
        (".gitignore", "/target\n/terraform/.terraform\n/terraform/*.tfstate*\n"),
    ],
    commands: "terraform -chdir=terraform init\nterraform -chdir=terraform apply",
    tools: "`pip install cargo-lambda ziglang`",
    except: ", except [Terraform](https://developer.hashicorp.com/terraform/install) 1.5 or newer",
    uploads: "uploads_bucket",
};

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
    let deployment = if options.terraform { &TERRAFORM } else { &SAM };
    for (file, text) in FILES.iter().chain(deployment.files) {
        let path = folder.join(file);
        let written = path.parent().map_or(Ok(()), std::fs::create_dir_all);
        let written = written.and_then(|()| std::fs::write(&path, fill(text, &options.name, deployment, checkout.as_deref())));
        written.map_err(|error| format!("cannot write {}: {error}", path.display()))?;
    }
    println!("created `{0}`; next:\n  cd {0}\n  cargo recursive-lambda run payments.csv", options.name);
    Ok(ExitCode::SUCCESS)
}

fn fill(text: &str, name: &str, deployment: &Deployment, checkout: Option<&Path>) -> String {
    let dependency = |package: &str| match checkout {
        Some(checkout) => format!("{{ path = {:?} }}", checkout.join(package)),
        None => format!("{:?}", env!("CARGO_PKG_VERSION")),
    };
    let Deployment { commands, tools, except, uploads, .. } = deployment;
    let text = text.replace("{{deploy}}", commands).replace("{{uploads}}", uploads);
    let text = text.replace("{{tools}}", tools).replace("{{except}}", except);
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
        for deployment in [&SAM, &TERRAFORM] {
            for (file, text) in FILES.iter().chain(deployment.files) {
                for checkout in [None, Some(Path::new("/checkout"))] {
                    assert!(!fill(text, "import", deployment, checkout).contains("{{"), "{file}");
                }
            }
        }
    }
}
