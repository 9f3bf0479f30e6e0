//! The chores of this repository, one word each: `cargo xtask test`.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Instant;

mod peers;

type Outcome = Result<(), String>;

/// Name, function, what it does.
type Chore = (&'static str, fn() -> Outcome, &'static str);

const CHORES: [Chore; 6] = [
    (
        "test",
        test,
        "every test: units, documentation, ui, simulation, real processes on the local platform, moto and AWS's own runtime",
    ),
    ("lint", lint, "formatting, clippy and rustdoc without a warning, in every combination of features"),
    ("bless", bless, "writes the compiler's messages in tests/ui and the expansion snapshots anew; read the difference"),
    ("deny", deny, "licences, sources and duplicates of dependencies; builds cargo-deny into target/tools first"),
    (
        "search",
        search,
        "optimised: a million seeds, all pairs of crash points, the model with more faults, a run of a million batches; an hour",
    ),
    (
        "mutants",
        mutants,
        "the engine made wrong in one place at a time: a unit test must fail each time; builds cargo-mutants into target/tools first",
    ),
];

fn main() -> ExitCode {
    let wanted = env::args().nth(1).unwrap_or_default();
    let Some((_, chore, _)) = CHORES.iter().find(|(name, ..)| *name == wanted) else {
        eprintln!("cargo xtask CHORE, where CHORE is one of:");
        CHORES.iter().for_each(|(name, _, what)| eprintln!("  {name:<7} {what}"));
        return ExitCode::from(2);
    };
    let begun = Instant::now();
    match chore() {
        Ok(()) => {
            eprintln!("xtask {wanted}: done in {:.0?}", begun.elapsed());
            ExitCode::SUCCESS
        }
        Err(what) => {
            eprintln!("xtask {wanted}: {what}");
            ExitCode::FAILURE
        }
    }
}

fn test() -> Outcome {
    let venv = peers::install()?;
    // The examples and the command run as real programs in the tests. Together with the tests: alone they would have fewer features
    // of tokio, and the AWS SDK would be built twice.
    cargo("build --workspace --all-features --bins --tests", &[])?;
    cargo("test --workspace --all-features", &[])?;
    // Ignored so far: with the same features, so that nothing is built again.
    cargo("test --workspace --all-features --test peers -- --ignored", &[("PEERS_VENV", &venv.to_string_lossy())])
}

fn lint() -> Outcome {
    cargo("fmt --all --check", &[])?;
    cargo("clippy --workspace --all-targets --all-features -- -D warnings", &[])?;
    cargo("clippy -p recursive-lambda --all-targets -- -D warnings", &[])?;
    cargo("clippy -p recursive-lambda --no-default-features --all-targets -- -D warnings", &[])?;
    cargo("doc --workspace --no-deps --all-features --document-private-items", &[("RUSTDOCFLAGS", "-D warnings")])
}

fn bless() -> Outcome {
    cargo("test -p recursive-lambda-macros -p recursive-lambda-ui-tests", &[("TRYBUILD", "overwrite"), ("UPDATE_EXPECT", "1")])
}

fn deny() -> Outcome {
    // Advisories need a database that is fetched from the network's other end; the weekly job asks for them.
    run(Command::new(tool("cargo-deny")?).args(["check", "licenses", "bans", "sources"]).current_dir(root()))
}

fn search() -> Outcome {
    let more = [("RL_SEEDS", "1000000"), ("RL_PAIRS", "1"), ("RL_MODEL", "full"), ("RL_SCALE", "1")];
    cargo("test --release -p recursive-lambda-core --lib -- --nocapture engine::model::", &more)?;
    cargo("test --release -p recursive-lambda --no-default-features --lib -- --nocapture simulation::", &more)
}

fn mutants() -> Outcome {
    // What is made wrong, and which tests must notice, is in .cargo/mutants.toml.
    run(Command::new(tool("cargo-mutants")?).args(["mutants", "--jobs", "2"]).current_dir(root()))
}

/// The program of that name, built into target/tools unless it is there.
fn tool(name: &str) -> Result<PathBuf, String> {
    let tools = root().join("target/tools");
    let program = tools.join("bin").join(name);
    if !program.exists() {
        cargo(&format!("install --locked --root {} {name}", tools.display()), &[])?;
    }
    Ok(program)
}

fn cargo(arguments: &str, environment: &[(&str, &str)]) -> Outcome {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    run(command.args(arguments.split(' ')).envs(environment.iter().copied()).current_dir(root()))
}

fn run(command: &mut Command) -> Outcome {
    eprintln!("$ {}", format!("{command:?}").replace('"', ""));
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("{} ended with {status}", command.get_program().display())),
        Err(error) => Err(format!("{} did not start: {error}", command.get_program().display())),
    }
}

fn root() -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.parent().unwrap_or(own).to_owned()
}
