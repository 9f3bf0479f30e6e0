//! The tasks of this repository, for example `cargo xtask test`.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Instant;

mod bench;
mod chromium;
mod peers;

type Outcome = Result<(), String>;

/// A task's name, function and description.
type Task = (&'static str, fn() -> Outcome, &'static str);

const TASKS: [Task; 8] = [
    (
        "test",
        test,
        "runs every test: unit, documentation, UI, simulation, real processes on the local platform, moto, AWS's own runtime and Chromium",
    ),
    ("lint", lint, "checks formatting, clippy and rustdoc with every combination of features; any warning is an error"),
    ("bless", bless, "updates the compiler messages in tests/ui and the expansion snapshots; review the diff"),
    ("deny", deny, "checks the licences, sources and duplicates of dependencies; builds cargo-deny into target/tools first"),
    (
        "bench",
        || bench::run(&root()),
        "counts the instructions of reading, against loops by hand, with valgrind; writes BENCHMARKS.md",
    ),
    (
        "screenshots",
        screenshots,
        "makes the README's pictures of a report, a status and a plan from real runs; writes docs/images; needs Chromium",
    ),
    (
        "search",
        search,
        "searches for an hour, optimised: a million seeds, all pairs of crash points, the model with more faults, a run of a million batches, all \
         CSV objects up to eight symbols at every two cuts",
    ),
    (
        "mutants",
        mutants,
        "breaks the engine in one place at a time; a unit test must fail each time; builds cargo-mutants into target/tools first",
    ),
];

fn main() -> ExitCode {
    let requested = env::args().nth(1).unwrap_or_default();
    let Some((_, task, _)) = TASKS.iter().find(|(name, ..)| *name == requested) else {
        eprintln!("Usage: cargo xtask TASK\n\nTasks:");
        TASKS.iter().for_each(|(name, _, description)| eprintln!("  {name:<11} {description}"));
        return ExitCode::from(2);
    };
    let started = Instant::now();
    match task() {
        Ok(()) => {
            eprintln!("xtask {requested}: done in {:.0?}", started.elapsed());
            ExitCode::SUCCESS
        }
        Err(message) => {
            eprintln!("xtask {requested}: {message}");
            ExitCode::FAILURE
        }
    }
}

fn test() -> Outcome {
    let venv = peers::install()?;
    // The tests run the examples and the command as real programs. They are built together with the tests: alone they would get fewer
    // tokio features, and the AWS SDK would be built twice.
    cargo("build --workspace --all-features --bins --tests", &[])?;
    cargo("test --workspace --all-features", &[])?;
    // These tests were ignored above. The same features avoid a rebuild.
    let (peers, venv) = ("test --workspace --all-features --test peers -- --ignored", venv.to_string_lossy());
    match chromium::find() {
        Some(chromium) => cargo(peers, &[("PEERS_VENV", &venv), ("PEERS_CHROMIUM", &chromium)]),
        None => {
            cargo(&format!("{peers} --skip chromium::"), &[("PEERS_VENV", &venv)])?;
            eprintln!("\nNOT TESTED: the page of `run --report`, because there is no Chromium here: {}\n", chromium::ADVICE);
            Ok(())
        }
    }
}

fn screenshots() -> Outcome {
    let (venv, images) = (peers::install()?, root().join("docs/images"));
    let chromium = chromium::find().ok_or_else(|| format!("there is no Chromium: {}", chromium::ADVICE))?;
    std::fs::create_dir_all(&images).map_err(|error| format!("{}: {error}", images.display()))?;
    cargo("build --workspace --all-features --bins", &[])?;
    let [venv, images] = [venv, images].map(|path| path.to_string_lossy().into_owned());
    let environment = [("PEERS_VENV", venv.as_str()), ("PEERS_CHROMIUM", &chromium), ("PEERS_SCREENSHOTS", &images)];
    cargo("test --workspace --all-features --test peers -- --ignored --nocapture chromium::screenshots::", &environment)
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
    // Advisories need a database from the network; the weekly job checks them.
    run(Command::new(tool("cargo-deny")?).args(["check", "licenses", "bans", "sources"]).current_dir(root()))
}

fn search() -> Outcome {
    let larger = [("RL_SEEDS", "1000000"), ("RL_PAIRS", "1"), ("RL_MODEL", "full"), ("RL_SCALE", "1"), ("RL_CUTS", "8")];
    cargo("test --release -p recursive-lambda-core --lib -- --nocapture model:: cuts::tests::rows::every", &larger)?;
    cargo("test --release -p recursive-lambda --no-default-features --lib -- --nocapture simulation::", &larger)
}

fn mutants() -> Outcome {
    // .cargo/mutants.toml says which code is mutated and which tests must fail.
    run(Command::new(tool("cargo-mutants")?).args(["mutants", "--jobs", "2"]).current_dir(root()))
}

/// The path of a tool, which is built into target/tools if it is missing.
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
        Ok(status) => Err(format!("{} failed: {status}", command.get_program().display())),
        Err(error) => Err(format!("cannot start {}: {error}", command.get_program().display())),
    }
}

fn root() -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.parent().unwrap_or(own).to_owned()
}
