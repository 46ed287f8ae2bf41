//! The program is stopped, killed, given torn files and full disks: resumed, it comes to the same end to the bit.
#![cfg(unix)]

mod photos;

use std::fs;
use std::os::unix::fs::symlink;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use inkcast_train::checkpoint;
use inkcast_train::table::Rows;
use tempfile::TempDir;

const CONFIG: &str = include_str!("../configs/debug.toml");

/// A folder with prepared data and a configuration.
struct Place(TempDir);

impl Place {
    fn new(steps: u64) -> Self {
        let place = Place(tempfile::tempdir().unwrap());
        photos::prepare_photos(place.0.path(), &place.at("data"));
        place.write_config("config.toml", &[("steps = 20", &format!("steps = {steps}"))]);
        place
    }

    fn at(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// The debugging configuration with checkpoints after every four steps and some other changes.
    fn write_config(&self, name: &str, changes: &[(&str, &str)]) {
        let mut text = CONFIG.to_string();
        for (from, to) in [("checkpoint-every = 10", "checkpoint-every = 4")].iter().chain(changes) {
            assert!(text.contains(from), "{from} is not in the configuration");
            text = text.replace(from, to);
        }
        fs::write(self.at(name), text).unwrap();
    }

    /// A fit in the folder `run`.
    fn fit(&self, run: &str, more: &[&str]) -> Command {
        self.fit_with("config.toml", run, more)
    }

    fn fit_with(&self, config: &str, run: &str, more: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_inkcast-train"));
        command.arg("fit").arg(self.at(config)).arg("--data").arg(self.at("data")).arg("--run").arg(self.at(run));
        command.args(more).stdin(Stdio::null()).env("RUST_BACKTRACE", "0");
        command
    }

    /// A run to the end in `name`, and beside it one in `broken` of which only the checkpoint after four steps is left.
    fn straight_and_broken(&self) {
        succeed(&mut self.fit("straight", &[]));
        succeed(&mut self.fit("broken", &[]));
        for entry in fs::read_dir(self.at("broken/checkpoints")).unwrap() {
            let path = entry.unwrap().path();
            if !path.ends_with("step-00000004.safetensors") {
                fs::remove_file(path).unwrap();
            }
        }
        fs::copy(self.at("broken/checkpoints/step-00000004.safetensors"), self.at("best")).unwrap();
        fs::rename(self.at("best"), self.at("broken/best.safetensors")).unwrap();
    }
}

fn succeed(command: &mut Command) -> String {
    let Output { status, stdout, stderr } = command.output().unwrap();
    assert!(status.success(), "{command:?}: {}", String::from_utf8_lossy(&stderr));
    String::from_utf8_lossy(&stdout).into_owned()
}

/// What a command that must fail says, without dying of a signal.
fn fail(command: &mut Command) -> String {
    let Output { status, stderr, .. } = command.output().unwrap();
    let said = String::from_utf8_lossy(&stderr).into_owned();
    assert_eq!(status.code(), Some(1), "{command:?}: {status}: {said}");
    assert!(!said.contains("panicked"), "{said}");
    said
}

/// What a run leaves, but for the event files and how it was started.
fn files(run: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    for folder in ["", "checkpoints", "samples"] {
        for entry in fs::read_dir(run.join(folder)).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(run).unwrap().to_string_lossy().into_owned();
            if path.is_file() && name != "run.toml" && !name.contains("tfevents") {
                files.push((name, fs::read(path).unwrap()));
            }
        }
    }
    files.sort();
    files
}

/// Both runs came to the same end, byte by byte.
fn assert_equal(a: &Path, b: &Path) {
    let (a, b) = (files(a), files(b));
    let names = |files: &[(String, Vec<u8>)]| files.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
    assert_eq!(names(&a), names(&b));
    assert!(a.iter().any(|(name, _)| name == "best.safetensors"));
    for ((name, a), (_, b)) in a.iter().zip(&b) {
        assert!(a == b, "{name} differs");
    }
}

#[test]
fn a_resumed_run_is_an_unbroken_one() {
    let place = Place::new(12);
    place.straight_and_broken();
    let (straight, broken) = (place.at("straight"), place.at("broken"));
    assert_ne!(files(&broken), files(&straight));
    let said = succeed(&mut place.fit("broken", &["--resume"]));
    assert!(said.contains("steps 4 to 12"), "{said}");
    assert_equal(&broken, &straight);
    // Not only equal to itself: another seed ends elsewhere.
    place.write_config("other.toml", &[("steps = 20", "steps = 12"), ("seed = 1", "seed = 2")]);
    succeed(&mut place.fit_with("other.toml", "other", &[]));
    let last = "checkpoints/step-00000012.safetensors";
    assert_ne!(fs::read(place.at("other").join(last)).unwrap(), fs::read(straight.join(last)).unwrap());
}

#[test]
fn so_is_one_against_a_discriminator() {
    let adversarial = "[adversarial]\nobjective = \"hinge\"\nweight = 0.1\nfeature-matching = 0.5\n\
        learning-rate = 1e-3\nr1 = 0.1\nr1-every = 2\nfrom-step = 1\nrise = 10\n\n[losses]";
    let place = Place::new(12);
    let (alone, against) = (place.at("alone"), place.at("straight"));
    succeed(&mut place.fit("alone", &[]));
    place.write_config("config.toml", &[("steps = 20", "steps = 12"), ("[losses]", adversarial)]);
    place.straight_and_broken();
    let said = succeed(&mut place.fit("broken", &["--resume"]));
    assert!(said.contains("steps 4 to 12") && said.contains("d-right"), "{said}");
    assert_equal(&place.at("broken"), &against);
    // It has an effect, and a run that began without it has nothing to go on with.
    let last = "checkpoints/step-00000012.safetensors";
    assert_ne!(fs::read(alone.join("log.csv")).unwrap(), fs::read(against.join("log.csv")).unwrap());
    assert!(fs::metadata(alone.join(last)).unwrap().len() < fs::metadata(against.join(last)).unwrap().len());
    let said = fail(&mut place.fit("alone", &["--resume", "--steps", "16"]));
    assert!(said.contains("tensor discriminator.") && said.contains("--base"), "{said}");
}

#[test]
fn so_is_one_for_8_bits() {
    // Ranges are taken at steps 1, before the checkpoint after four steps, 6 and 11.
    let eight_bits = "[eight-bits]\nfrom-step = 1\nrange-every = 5\nrange-crops = 3\npercentile = 99.9\n\n[losses]";
    let place = Place::new(12);
    let (alone, coded) = (place.at("alone"), place.at("straight"));
    succeed(&mut place.fit("alone", &[]));
    place.write_config("config.toml", &[("steps = 20", "steps = 12"), ("[losses]", eight_bits)]);
    place.straight_and_broken();
    let said = succeed(&mut place.fit("broken", &["--resume"]));
    assert!(said.contains("steps 4 to 12") && said.contains("eight-bits-psnr"), "{said}");
    assert_equal(&place.at("broken"), &coded);
    // The first step is the same, later ones are not.
    let losses = |run: &Path| Rows::read(&run.join("log.csv")).unwrap().column("loss").unwrap();
    let (alone, coded) = (losses(&alone), losses(&coded));
    assert!(alone[0] == coded[0] && alone[1..].iter().zip(&coded[1..]).all(|(a, b)| a != b), "{alone:?} {coded:?}");
    // Their ranges are nothing that a fit in floats could go on with.
    place.write_config("config.toml", &[("steps = 20", "steps = 16")]);
    let said = fail(&mut place.fit("broken", &["--resume"]));
    assert!(said.contains("tensor range.") && said.contains("step-00000012.safetensors"), "{said}");
}

#[test]
fn a_killed_run_loses_nothing_before_its_last_checkpoint() {
    let place = Place::new(120);
    let (killed, straight) = (place.at("killed"), place.at("straight"));
    let numbered = |steps: u64| killed.join(format!("checkpoints/step-{steps:08}.safetensors"));
    // Each time somewhere else: while it takes steps, measures or writes.
    for (round, delay) in [0, 3, 11].into_iter().enumerate() {
        let resume: &[&str] = if round > 0 { &["--resume"] } else { &[] };
        let mut child = place.fit("killed", resume).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let began = Instant::now();
        while checkpoint::latest(&killed).unwrap() < Some(numbered(12 * (round as u64 + 1))) {
            assert!(began.elapsed() < Duration::from_secs(120), "no checkpoint within two minutes");
            assert!(child.try_wait().unwrap().is_none(), "the run ended before it could be killed");
            std::thread::sleep(Duration::from_millis(1));
        }
        std::thread::sleep(Duration::from_millis(delay));
        child.kill().unwrap();
        assert_eq!(child.wait().unwrap().signal(), Some(9));
    }
    assert!(!numbered(120).exists(), "the run ended before it was killed");
    succeed(&mut place.fit("killed", &["--resume"]));
    succeed(&mut place.fit("straight", &[]));
    assert_equal(&killed, &straight);
}

#[test]
fn a_torn_checkpoint_is_named_and_the_one_before_goes_on() {
    let place = Place::new(12);
    succeed(&mut place.fit("straight", &[]));
    succeed(&mut place.fit("torn", &[]));
    let path = place.at("torn/checkpoints/step-00000012.safetensors");
    let whole = fs::read(&path).unwrap();
    // Written anew, because the best checkpoint is the same file under another name.
    fs::remove_file(&path).unwrap();
    fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    let said = fail(&mut place.fit("torn", &["--resume"]));
    assert!(said.contains("step-00000012.safetensors") && said.contains("delete it"), "{said}");
    fs::remove_file(&path).unwrap();
    succeed(&mut place.fit("torn", &["--resume"]));
    assert_equal(&place.at("torn"), &place.at("straight"));
}

#[test]
fn a_checkpoint_of_another_network_is_refused_by_name() {
    let place = Place::new(4);
    succeed(&mut place.fit("run", &[]));
    let before = files(&place.at("run"));
    for (change, expected) in [
        (("half-channels = 4", "half-channels = 5"), "shape"),
        (("name = \"manga\"", "name = \"noir\""), "style.noir is missing"),
        (("seed = 1", "seed = 1\nkep = 5"), "kep"),
    ] {
        place.write_config("other.toml", &[("steps = 20", "steps = 8"), change]);
        let said = fail(&mut place.fit_with("other.toml", "run", &["--resume"]));
        assert!(said.contains(expected), "{said}");
        let file = if expected == "kep" { "other.toml" } else { "step-00000004.safetensors" };
        assert!(said.contains(file), "{said}");
        assert_eq!(files(&place.at("run")), before);
    }
    let said = fail(&mut place.fit("run", &[]));
    assert!(said.contains("--resume"), "{said}");
    let said = fail(&mut place.fit("nowhere", &["--resume"]));
    assert!(said.contains("nowhere"), "{said}");
}

#[test]
fn a_full_disk_stops_a_run_and_leaves_its_last_checkpoint() {
    let place = Place::new(12);
    place.straight_and_broken();
    let run = place.at("broken");
    let good = fs::read(run.join("checkpoints/step-00000004.safetensors")).unwrap();

    // No room for the checkpoint alone.
    let partial = run.join("checkpoints/step-00000008.safetensors.partial");
    symlink("/dev/full", &partial).unwrap();
    let said = fail(&mut place.fit("broken", &["--resume"]));
    assert!(said.contains("step-00000008.safetensors.partial") && said.contains("No space left"), "{said}");
    assert!(said.contains("the last good checkpoint is") && said.contains("step-00000004.safetensors"), "{said}");
    assert_eq!(fs::read(run.join("checkpoints/step-00000004.safetensors")).unwrap(), good);

    // No file may grow over 16 blocks of 512 bytes.
    let mut limited = Command::new("sh");
    limited.args(["-c", "trap '' XFSZ; ulimit -f 16; exec \"$@\"", "sh"]);
    let fit = place.fit("broken", &["--resume"]);
    let said = fail(limited.arg(fit.get_program()).args(fit.get_args()).env("RUST_BACKTRACE", "0"));
    assert!(said.contains(".partial") && said.contains("File too large"), "{said}");
    assert_eq!(fs::read(run.join("checkpoints/step-00000004.safetensors")).unwrap(), good);

    succeed(&mut place.fit("broken", &["--resume"]));
    assert_equal(&run, &place.at("straight"));
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let place = Place::new(4);
    fs::write(place.at("file"), "").unwrap();
    let said = fail(&mut place.fit("file/run", &[]));
    assert!(said.contains("cannot make the folder") && said.contains("file/run"), "{said}");
}

#[test]
fn a_fit_that_diverges_says_so_and_keeps_what_was_good() {
    let place = Place::new(12);
    place.straight_and_broken();
    place.write_config("hot.toml", &[("steps = 20", "steps = 12"), ("learning-rate = 5e-3", "learning-rate = 1e30")]);
    let said = fail(&mut place.fit_with("hot.toml", "broken", &["--resume"]));
    for expected in ["fit.learning-rate", "finite", "step-00000004.safetensors"] {
        assert!(said.contains(expected), "{said}");
    }
    succeed(&mut place.fit("broken", &["--resume"]));
    assert_equal(&place.at("broken"), &place.at("straight"));
    // From the beginning there is nothing to go back to.
    let said = fail(&mut place.fit_with("hot.toml", "hot", &[]));
    assert!(said.contains("no checkpoint yet"), "{said}");
    succeed(&mut place.fit("hot", &[]));
    assert_equal(&place.at("hot"), &place.at("straight"));
}
