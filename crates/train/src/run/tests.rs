//! The loop with a training whose losses and figures are given.

use std::collections::HashMap;
use std::path::PathBuf;

use anyhow::bail;
use candle_core::{Device, Tensor};
use image::RgbImage;

use super::*;

/// A training that counts its steps.
struct Counter {
    count: f32,
    loss: fn(u64) -> f32,
    figure: fn(f32) -> f32,
}

impl Training for Counter {
    fn summary(&self) -> String {
        "a counter".to_string()
    }

    fn pictures_per_step(&self) -> f64 {
        1.0
    }

    fn step(&mut self, number: u64) -> Result<Scalars> {
        assert_eq!(number as f32, self.count, "steps come one after the other");
        self.count += 1.0;
        Ok(vec![("loss".to_string(), (self.loss)(number))])
    }

    fn measure(&self) -> Result<Scalars> {
        Ok(vec![("figure".to_string(), (self.figure)(self.count)), ("train/figure".to_string(), 0.0)])
    }

    fn sample(&self) -> Result<RgbImage> {
        Ok(RgbImage::from_pixel(8, 8, image::Rgb([self.count as u8; 3])))
    }

    fn state(&self) -> Result<HashMap<String, Tensor>> {
        Ok(HashMap::from([("count".to_string(), Tensor::new(&[self.count], &Device::Cpu)?)]))
    }

    fn restore(&mut self, state: &HashMap<String, Tensor>) -> Result<()> {
        let Some(count) = state.get("count") else { bail!("tensor count is missing") };
        self.count = count.to_vec1::<f32>()?[0];
        Ok(())
    }
}

fn counter() -> Counter {
    Counter { count: 0.0, loss: |_| 1.0, figure: |count| 100.0 - count }
}

fn schedule(steps: u64, more: &str) -> Schedule {
    Schedule::parse(&format!("[fit]\nsteps = {steps}\nlog-every = 3\ncheckpoint-every = 10\n{more}")).unwrap()
}

fn steps_of(path: PathBuf) -> u64 {
    checkpoint::read(&path).unwrap().steps
}

fn latest(run: &Path) -> u64 {
    steps_of(checkpoint::latest(run).unwrap().unwrap())
}

fn best(run: &Path) -> u64 {
    steps_of(checkpoint::best(run))
}

/// Every file of a run but the event files, by name.
fn files(run: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    for folder in [run.to_path_buf(), run.join("checkpoints"), run.join(SAMPLES)] {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() && !path.to_string_lossy().contains("tfevents") {
                let name = path.strip_prefix(run).unwrap().to_string_lossy().into_owned();
                files.push((name, std::fs::read(path).unwrap()));
            }
        }
    }
    files.sort();
    files
}

#[test]
fn a_run_leaves_the_last_checkpoints_the_best_and_tables() {
    let folder = tempfile::tempdir().unwrap();
    let run_folder = folder.path();
    let mut training = Counter { figure: |count| (count - 20.0).abs(), ..counter() };
    run(&mut training, &schedule(55, "keep = 2"), run_folder, false).unwrap();
    assert_eq!((latest(run_folder), best(run_folder)), (55, 20));
    let names: Vec<String> = files(run_folder).into_iter().map(|(name, _)| name).collect();
    let expected =
        ["best.safetensors", "checkpoints/step-00000050.safetensors", "checkpoints/step-00000055.safetensors"];
    assert_eq!(names[..3], expected);
    assert_eq!(names.len(), 3 + 2 + 6, "{names:?}");
    let log = Rows::read(&run_folder.join(LOG)).unwrap().column("loss").unwrap();
    assert_eq!((log.len(), log[54]), (55, (55, 1.0)));
    let figures = Rows::read(&run_folder.join(MEASURED)).unwrap().column("figure").unwrap();
    assert_eq!(figures, [(10, 10.0), (20, 0.0), (30, 10.0), (40, 20.0), (50, 30.0), (55, 35.0)]);
}

#[test]
fn a_run_without_gain_ends_also_when_it_is_resumed() {
    let figure: fn(f32) -> f32 = |count| (count - 20.0).abs();
    let straight = tempfile::tempdir().unwrap();
    let patient = schedule(200, "patience = 3");
    run(&mut Counter { figure, ..counter() }, &patient, straight.path(), false).unwrap();
    assert_eq!((latest(straight.path()), best(straight.path())), (50, 20));

    let broken = tempfile::tempdir().unwrap();
    run(&mut Counter { figure, ..counter() }, &schedule(40, "patience = 3"), broken.path(), false).unwrap();
    run(&mut Counter { figure, ..counter() }, &patient, broken.path(), true).unwrap();
    assert_eq!(files(broken.path()), files(straight.path()));
    // And once more: nothing is left to do.
    run(&mut Counter { figure, ..counter() }, &patient, broken.path(), true).unwrap();
    assert_eq!(files(broken.path()), files(straight.path()));
}

#[test]
fn a_stop_between_two_writes_is_made_up_for() {
    let straight = tempfile::tempdir().unwrap();
    run(&mut counter(), &schedule(40, ""), straight.path(), false).unwrap();
    // The third checkpoint was written, but is not yet the best, or there is no best at all.
    for best_was in [Some(20), None] {
        let broken = tempfile::tempdir().unwrap();
        run(&mut counter(), &schedule(20, ""), broken.path(), false).unwrap();
        let second = std::fs::read(checkpoint::best(broken.path())).unwrap();
        run(&mut counter(), &schedule(30, ""), broken.path(), true).unwrap();
        std::fs::remove_file(checkpoint::best(broken.path())).unwrap();
        if best_was.is_some() {
            std::fs::write(checkpoint::best(broken.path()), second).unwrap();
            assert_eq!(best(broken.path()), 20);
        }
        // What a write that was broken off leaves.
        std::fs::write(broken.path().join("best.safetensors.partial"), b"torn").unwrap();
        std::fs::write(broken.path().join("checkpoints/step-00000040.safetensors.partial"), b"torn").unwrap();
        let mut worse = Counter { figure: |_| 1000.0, ..counter() };
        run(&mut worse, &schedule(30, ""), broken.path(), true).unwrap();
        assert_eq!(best(broken.path()), 30);
        run(&mut counter(), &schedule(40, ""), broken.path(), true).unwrap();
        assert_eq!(files(broken.path()), files(straight.path()));
    }
}

#[test]
fn a_diverging_run_stops_and_names_the_last_good_checkpoint() {
    let folder = tempfile::tempdir().unwrap();
    let mut training = Counter { loss: |number| if number < 45 { 1.0 } else { 50.0 }, ..counter() };
    let error = run(&mut training, &schedule(200, ""), folder.path(), false).unwrap_err().to_string();
    for expected in
        ["loss is 50", "20 times its median of 1", "fit.learning-rate", "step-00000040.safetensors", "step 65"]
    {
        assert!(error.contains(expected), "{expected}: {error}");
    }
    // After 50 and 60 steps it was diverging already.
    assert_eq!(latest(folder.path()), 40);
    assert_eq!(Rows::read(&folder.path().join(LOG)).unwrap().rows.len(), 65);
    run(&mut counter(), &schedule(70, ""), folder.path(), true).unwrap();
    let straight = tempfile::tempdir().unwrap();
    run(&mut counter(), &schedule(70, ""), straight.path(), false).unwrap();
    assert_eq!(files(folder.path()), files(straight.path()));
}

#[test]
fn numbers_that_are_not_finite_stop_a_run() {
    let folder = tempfile::tempdir().unwrap();
    let mut training = Counter { loss: |number| if number < 15 { 1.0 } else { f32::NAN }, ..counter() };
    let error = run(&mut training, &schedule(30, ""), folder.path(), false).unwrap_err().to_string();
    assert!(error.contains("loss is NaN") && error.contains("step-00000010.safetensors"), "{error}");
    let mut training = Counter { figure: |_| f32::NAN, ..counter() };
    let error = run(&mut training, &schedule(30, ""), folder.path(), true).unwrap_err().to_string();
    assert!(error.contains("figure on held-out data is NaN") && error.contains("step-00000010"), "{error}");
    assert_eq!((latest(folder.path()), best(folder.path())), (10, 10));
}

#[test]
fn the_best_of_an_earlier_version_is_measured_again() {
    let folder = tempfile::tempdir().unwrap();
    let save = |steps: u64, name: &str| {
        let state = Counter { count: steps as f32, ..counter() }.state().unwrap();
        let path = checkpoint::save(folder.path(), &Checkpoint { state, steps, measure: None }).unwrap();
        std::fs::rename(path, folder.path().join(name)).unwrap();
    };
    save(10, "best.safetensors");
    save(20, "latest.safetensors");
    let mut training = Counter { figure: |count| (count - 10.0).abs(), ..counter() };
    run(&mut training, &schedule(30, ""), folder.path(), true).unwrap();
    assert_eq!((latest(folder.path()), best(folder.path())), (30, 10));
}

#[test]
fn figures_stand_beside_those_on_training_data() {
    let measured = [("a", 7.5), ("b", 0.5), ("ink/a", 1.0), ("train/a", 6.25), ("train/ink/a", 2.0)];
    let measured = measured.map(|(name, value)| (name.to_string(), value)).to_vec();
    assert_eq!(beside_training(&measured), "a 7.5000 (training 6.2500), b 0.5000");
}

#[test]
fn a_folder_without_a_checkpoint_cannot_be_resumed() {
    let folder = tempfile::tempdir().unwrap();
    let error = run(&mut counter(), &schedule(30, ""), folder.path(), true).unwrap_err().to_string();
    assert!(error.contains("no checkpoint") && error.contains("without --resume"), "{error}");
}
