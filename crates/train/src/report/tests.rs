//! Reports on runs whose figures are known.

use std::path::{Path, PathBuf};

use image::RgbImage;

use super::*;

/// A run of 40 steps with a checkpoint after every ten; on held-out data it is best after 20, on training data it
/// becomes better and better.
fn write_run(folder: &Path, name: &str, seed: u64, held_out: [f32; 4]) -> PathBuf {
    let run = folder.join(name);
    std::fs::create_dir_all(run.join("samples")).unwrap();
    let info = format!("command = \"a <test>\"\ncommit = \"none\"\n[config.fit]\nseed = {seed}\nsteps = 40\n");
    std::fs::write(run.join("run.toml"), info).unwrap();
    let mut log = "step,loss,ink/edges,d-loss,learning-rate\n".to_string();
    for step in 1..=40 {
        log += &format!("{step},{},{},{},0.001\n", 10.0 / step as f32, step, 1 + step % 2);
    }
    std::fs::write(run.join("log.csv"), log).unwrap();
    let mut measured = "step,difference,ink/difference,train/difference,train/ink/difference\n".to_string();
    for (index, value) in held_out.iter().enumerate() {
        let (step, train) = (10 * (index + 1), 8 - index);
        measured += &format!("{step},{value},{value},{train},{train}\n");
        let picture = RgbImage::from_pixel(8, 8, image::Rgb([200, 100, 0]));
        std::fs::write(run.join(format!("samples/step-{step:08}.jpg")), crate::pictures::to_jpeg(&picture).unwrap())
            .unwrap();
    }
    std::fs::write(run.join("measured.csv"), measured).unwrap();
    let state = std::collections::HashMap::new();
    let checkpoint = crate::checkpoint::Checkpoint { state, steps: 20, measure: Some(held_out[1]) };
    let path = crate::checkpoint::save(&run, &checkpoint).unwrap();
    crate::checkpoint::keep_as_best(&run, &path).unwrap();
    run
}

#[test]
fn a_run_is_shown_with_curves_gap_and_pictures() {
    let folder = tempfile::tempdir().unwrap();
    let run = write_run(folder.path(), "a&b", 7, [9.0, 7.5, 8.0, 10.0]);
    let out = folder.path().join("report.html");
    report(&[run], &out).unwrap();
    let page = std::fs::read_to_string(&out).unwrap();
    for expected in [
        "<title>Training: a&amp;b</title>",
        "a &lt;test&gt;",
        "<b>loss</b>",
        "<b>learning-rate</b>",
        "<b>difference on held-out data</b>",
        "difference 7.5000",
        // Held out 10, training 5.
        "a gap of 100.0 %. It overfits: since step 20",
        // Ones and twos by turns: mean 1.5, deviation 0.5.
        "<td>d-loss</td><td>a&amp;b</td><td class=\"number\">1.5000</td><td class=\"number\">0.5000</td>\
         <td class=\"number\">33.3 %</td>",
        "a&amp;b, step 40",
    ] {
        assert!(page.contains(expected), "{expected} is not in the report");
    }
    // Four totals less the rate fluctuate; details of the log and of the figures are one chart each.
    assert_eq!(page.matches("<svg").count(), 3 + 1 + 2 + 1 + 2);
    assert_eq!(page.matches("src=\"data:image/jpeg;base64,/9j/").count(), 4);
    assert!(!page.contains("http://") || page.matches("http://").count() == page.matches("xmlns=\"http://").count());
    assert!(!page.contains("Spread over runs") && !page.contains("NaN"));
}

#[test]
fn seeds_are_compared_in_per_cent() {
    let folder = tempfile::tempdir().unwrap();
    let runs = [
        write_run(folder.path(), "one", 1, [9.0, 4.0, 4.0, 4.0]),
        write_run(folder.path(), "two", 2, [9.0, 5.0, 5.0, 5.0]),
        write_run(folder.path(), "three", 3, [9.0, 6.0, 6.0, 6.0]),
    ];
    let out = folder.path().join("report.html");
    report(&runs, &out).unwrap();
    let page = std::fs::read_to_string(&out).unwrap();
    let row = "<td>difference</td><td class=\"number\">4.0000</td><td class=\"number\">5.0000</td>\
               <td class=\"number\">6.0000</td><td class=\"number\">5.0000</td><td class=\"number\">2.0000</td>\
               <td class=\"number\">40.00 %</td>";
    assert!(page.contains(row) && page.contains("no sign of overfitting"), "{page}");
}

#[test]
fn what_is_no_run_and_a_run_without_steps_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("report.html");
    let error = format!("{:#}", report(&[folder.path().join("none")], &out).unwrap_err());
    assert!(error.contains("none") && error.contains("no run.toml"), "{error}");
    let run = write_run(folder.path(), "empty", 1, [1.0; 4]);
    std::fs::write(run.join("log.csv"), "").unwrap();
    let error = format!("{:#}", report(&[run], &out).unwrap_err());
    assert!(error.contains("log.csv has no steps yet"), "{error}");
    assert!(!out.exists());
}
