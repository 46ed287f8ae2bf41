use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use image::RgbImage;
use image::imageops::{FilterType, flip_horizontal, resize};
use rand::{Rng, SeedableRng, rngs::StdRng};

use super::super::tests::write_clip;
use super::super::{Example, Split, load, load_comics};
use super::{Content, Preparation, prepare};
use crate::looks::Look;

/// Blocks of colours drawn by `number`: no two of them are alike.
fn picture(number: u64, width: u32, height: u32) -> RgbImage {
    let mut rng = StdRng::seed_from_u64(number);
    let blocks: Vec<[u8; 3]> = (0..64).map(|_| rng.random()).collect();
    RgbImage::from_fn(width, height, |x, y| image::Rgb(blocks[(8 * y / height * 8 + 8 * x / width) as usize]))
}

fn write(path: &Path, number: u64) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    picture(number, 64, 48).save(path).unwrap();
}

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Folder(tempfile::tempdir().unwrap())
    }

    fn at(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    fn photos(&self, numbers: std::ops::Range<u64>) {
        numbers.for_each(|number| write(&self.at(&format!("photos/{number}.png")), number));
    }

    fn preparation(&self) -> Preparation {
        std::fs::create_dir_all(self.at("photos")).unwrap();
        Preparation {
            photos: vec![self.at("photos")],
            comics: vec![],
            clips: vec![],
            only: None,
            out: self.at("out"),
            limit: None,
            frames_per_clip: 2,
            clip_sequences: 0,
            sizes: 1,
            held_out: 2,
            seed: 7,
        }
    }

    /// Stems of the files that a part came from.
    fn stems(&self, split: Split) -> BTreeSet<String> {
        stems(&load(&self.at("out"), split, &[]).unwrap())
    }
}

fn stems(examples: &[Example]) -> BTreeSet<String> {
    examples.iter().map(|example| example.name.split('-').next().unwrap().to_string()).collect()
}

#[test]
fn preparing_splits_skips_and_stores() {
    let folder = Folder::new();
    folder.photos(0..5);
    write(&folder.at("photos/deep/0.png"), 10);
    write(&folder.at("photos/deep/unlisted.png"), 11);
    std::fs::write(folder.at("photos/broken.jpg"), b"no picture").unwrap();
    std::fs::create_dir(folder.at("clips")).unwrap();
    write_clip(&folder.at("clips/test.avi"));
    let listed = ["0.png", "photos/1.png", "2.png", "3.png", "4.png", "deep/0.png", "broken.jpg", "clips/test.avi"];
    let only = folder.at("only.txt");
    std::fs::write(&only, listed.join("\n")).unwrap();
    let preparation =
        Preparation { clips: vec![folder.at("clips")], only: Some(only), held_out: 3, ..folder.preparation() };
    let report = prepare(&preparation).unwrap();

    let out = folder.at("out");
    let part = |split| load(&out, split, &Look::ALL).unwrap();
    let (train, held_out) = (part(Split::Train), part(Split::HeldOut));
    // Six photos, two of them called 0, and two frames; a clip may make the held-out part one larger.
    assert_eq!(train.len() + held_out.len(), 8);
    assert!((3..=4).contains(&held_out.len()), "{}", held_out.len());
    assert_eq!((report.photos, report.computed), ([train.len(), held_out.len()], 8));
    assert!(train.iter().chain(&held_out).all(|example| example.layers.len() == Look::ALL.len()));
    assert!(!train.iter().chain(&held_out).any(|example| example.name.contains("unlisted")));
    assert_eq!(report.skipped.len(), 1);
    assert!(report.skipped[0].contains("broken.jpg"), "{:?}", report.skipped);
    assert_eq!(
        report.to_string().split(';').next().unwrap(),
        format!("{} pictures to train on and {} held out", train.len(), held_out.len())
    );
}

#[test]
fn a_second_run_computes_what_is_new_and_moves_nothing_into_the_held_out_part() {
    let folder = Folder::new();
    folder.photos(0..12);
    let preparation = folder.preparation();
    prepare(&preparation).unwrap();
    let (train, held_out) = (folder.stems(Split::Train), folder.stems(Split::HeldOut));
    assert_eq!((train.len(), held_out.len()), (10, 2));
    let bytes = |folder: &Folder| -> Vec<_> {
        load(&folder.at("out"), Split::Train, &[Look::Ink])
            .unwrap()
            .into_iter()
            .map(|one| (one.name, one.layers))
            .collect()
    };
    let before = bytes(&folder);

    let report = prepare(&preparation).unwrap();
    assert_eq!((report.computed, report.unused), (0, 0));
    assert!(bytes(&folder) == before);

    folder.photos(12..40);
    // A copy under another name is no new picture.
    std::fs::copy(folder.at("photos/3.png"), folder.at("photos/copy.png")).unwrap();
    let report = prepare(&preparation).unwrap();
    assert_eq!((report.computed, report.left_out.len()), (28, 1));
    assert!(report.left_out[0].contains("a copy of"), "{:?}", report.left_out);
    let held_out_now = folder.stems(Split::HeldOut);
    assert!(held_out_now.is_disjoint(&train), "{held_out_now:?} {train:?}");

    // Taken away and brought back.
    std::fs::remove_file(folder.at("photos/20.png")).unwrap();
    assert_eq!(prepare(&preparation).unwrap().unused, 1);
    assert!(!folder.stems(Split::Train).union(&folder.stems(Split::HeldOut)).any(|stem| stem == "20"));
    folder.photos(20..21);
    assert_eq!(prepare(&preparation).unwrap().computed, 0);
    // Another seed draws other sizes.
    let report = prepare(&Preparation { seed: 8, ..preparation }).unwrap();
    assert_eq!((report.computed, report.unused), (40, 40));
}

#[test]
fn an_interrupted_run_is_taken_up() {
    let folder = Folder::new();
    folder.photos(0..6);
    prepare(&folder.preparation()).unwrap();
    let name = load(&folder.at("out"), Split::Train, &[]).unwrap()[0].name.clone();
    let path = |ending| folder.at(&format!("out/train/{name}.{ending}"));
    // As if it had been stopped while this picture was written.
    std::fs::rename(path("safetensors"), path("partial")).unwrap();
    std::fs::write(folder.at("out/unfinished"), b"").unwrap();
    let error = format!("{:#}", load(&folder.at("out"), Split::Train, &[]).err().unwrap());
    assert!(error.contains("not finished"), "{error}");
    assert_eq!(prepare(&folder.preparation()).unwrap().computed, 1);
    assert!(path("safetensors").exists() && !path("partial").exists());
    assert_eq!(folder.stems(Split::Train).len(), 4);
}

#[test]
fn near_duplicates_are_left_out_and_named() {
    let folder = Folder::new();
    let save = |name: &str, picture: &RgbImage| {
        std::fs::create_dir_all(folder.at("photos")).unwrap();
        picture.save(folder.at(&format!("photos/{name}"))).unwrap();
    };
    let large = picture(1, 160, 120);
    save("large.png", &large);
    save("small.jpg", &resize(&large, 80, 60, FilterType::CatmullRom));
    let brighter = RgbImage::from_fn(100, 75, |x, y| {
        image::Rgb(large.get_pixel(x * 160 / 100, y * 120 / 75).0.map(|value| value.saturating_add(12)))
    });
    save("mirrored.png", &flip_horizontal(&brighter));
    (2..8).for_each(|number| save(&format!("{number}.png"), &picture(number, 64, 48)));
    let report = prepare(&folder.preparation()).unwrap();
    assert_eq!(report.photos, [5, 2]);
    assert_eq!(report.left_out.len(), 2);
    for (line, name) in report.left_out.iter().zip(["mirrored.png", "small.jpg"]) {
        let (gone, kept) = line.split_once("is nearly the same as").unwrap();
        assert!(gone.contains(name) && kept.contains("large.png"), "{line}");
    }
}

#[test]
fn folders_that_say_train_and_test_are_kept() {
    let folder = Folder::new();
    for number in 0..6 {
        write(&folder.at(&format!("set/train/real_images/{number}.png")), number);
        write(&folder.at(&format!("set/train/generated_images/page{number}.png")), 100 + number);
    }
    (6..9).for_each(|number| write(&folder.at(&format!("set/test/real_images/{number}.png")), number));
    write(&folder.at("set/test/generated_images/page9.png"), 109);
    // A smaller copy of a test picture must not be trained on, however many pixels either has.
    picture(7, 128, 96).save(folder.at("set/train/real_images/leak.png")).unwrap();
    let report = prepare(&Preparation { photos: vec![folder.at("set")], ..folder.preparation() }).unwrap();
    assert_eq!((report.photos, report.comics), ([6, 3], [6, 1]));
    assert!(report.left_out[0].contains("leak.png is nearly"), "{:?}", report.left_out);
    assert_eq!(folder.stems(Split::HeldOut), ["6", "7", "8"].map(String::from).into());
    let comics = load_comics(&folder.at("out"), Split::Train).unwrap();
    assert_eq!(stems(&comics).first().unwrap(), "page0");
    assert!(comics.iter().all(|example| example.layers.is_empty() && example.comic.is_none()));
    assert_eq!(comics[0].to_picture().dimensions(), (80, 60), "enlarged by a quarter at most");
    // Without looks, photos are the other domain.
    assert_eq!(load(&folder.at("out"), Split::Train, &[]).unwrap().len(), 6);
}

#[test]
fn photos_and_comic_pictures_of_the_same_names_are_pairs() {
    let folder = Folder::new();
    for number in 0..6 {
        write(&folder.at(&format!("set/real_images/a/{number}.png")), number);
        // A partner may have another size and ending.
        let path = folder.at(&format!("set/generated_images/a/{number}.jpg"));
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        picture(number, 128, 96).save(path).unwrap();
    }
    let preparation = Preparation { photos: vec![folder.at("set")], ..folder.preparation() };
    assert_eq!((prepare(&preparation).unwrap().photos, prepare(&preparation).unwrap().comics), ([4, 2], [4, 2]));
    for split in [Split::Train, Split::HeldOut] {
        let photos = load(&folder.at("out"), split, &[Look::Ink]).unwrap();
        assert_eq!(stems(&photos), stems(&load_comics(&folder.at("out"), split).unwrap()));
        for photo in photos {
            let comic = photo.comic.unwrap();
            // Here they show the same blocks.
            let apart: u64 = comic.iter().zip(&photo.source).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
            assert_eq!(comic.len(), photo.source.len());
            assert!(apart / (comic.len() as u64) < 12, "{apart}");
        }
    }
    // One more photo, and they are two collections.
    write(&folder.at("set/real_images/a/more.png"), 50);
    let report = prepare(&preparation).unwrap();
    assert_eq!((report.photos.iter().sum::<usize>(), report.comics.iter().sum::<usize>()), (7, 6));
    assert!(load(&folder.at("out"), Split::Train, &[]).unwrap().iter().all(|photo| photo.comic.is_none()));
}

#[test]
fn too_few_pictures_say_how_many_are_needed() {
    let folder = Folder::new();
    let error = format!("{:#}", prepare(&folder.preparation()).unwrap_err());
    assert!(error.contains("no photos"), "{error}");
    folder.photos(0..2);
    let error = format!("{:#}", prepare(&folder.preparation()).unwrap_err());
    assert!(error.contains("2 usable pictures") && error.contains("more than --held-out 2"), "{error}");
    picture(3, 31, 90).save(folder.at("photos/narrow.png")).unwrap();
    let report = prepare(&Preparation { held_out: 1, ..folder.preparation() }).unwrap();
    assert_eq!(report.photos, [1, 1]);
    assert!(report.skipped[0].contains("narrow.png has 31x90 pixels"), "{:?}", report.skipped);
}

#[test]
fn a_picture_that_is_cut_off_is_skipped() {
    let folder = Folder::new();
    folder.photos(0..4);
    for (name, length) in [("whole.jpg", 1), ("half.jpg", 2), ("some.png", 2)] {
        let path = folder.at(&format!("photos/{name}"));
        picture(9, 200, 150).save(&path).unwrap();
        let bytes = std::fs::read(&path).unwrap();
        std::fs::write(&path, &bytes[..bytes.len() / length]).unwrap();
    }
    let report = prepare(&folder.preparation()).unwrap();
    assert_eq!(report.photos, [3, 2]);
    assert!(report.skipped[0].contains("half.jpg is cut off"), "{:?}", report.skipped);
    assert!(report.skipped[1].contains("some.png"), "{:?}", report.skipped);
}

#[test]
fn a_limit_leaves_the_same_pictures_when_others_come() {
    let folder = Folder::new();
    folder.photos(0..20);
    let preparation = Preparation { limit: Some(8), ..folder.preparation() };
    assert_eq!(prepare(&preparation).unwrap().photos, [6, 2]);
    let all = || folder.stems(Split::Train).union(&folder.stems(Split::HeldOut)).cloned().collect::<BTreeSet<_>>();
    let before = all();
    folder.photos(20..22);
    prepare(&preparation).unwrap();
    assert!(before.intersection(&all()).count() >= 6);
}

#[test]
fn pictures_are_prepared_at_several_sizes() {
    let folder = Folder::new();
    folder.photos(0..3);
    let preparation = Preparation { sizes: 2, held_out: 1, ..folder.preparation() };
    assert_eq!(prepare(&preparation).unwrap().photos, [4, 2]);
    let content = Content::of(&folder.at("photos/1.png")).unwrap();
    let sides: Vec<u32> = (0..40).map(|index| preparation.short_side(content, index)).collect();
    // Each picture once in each half of 360 to 640.
    assert!(sides.chunks(2).all(|pair| (360..=500).contains(&pair[0]) && (500..=640).contains(&pair[1])), "{sides:?}");
    assert!(sides.iter().collect::<BTreeSet<_>>().len() > 20, "{sides:?}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_named_and_leaves_nothing_half() {
    let folder = Folder::new();
    let path = folder.at("a.safetensors");
    super::super::store::write_whole(&path, b"before").unwrap();
    std::os::unix::fs::symlink("/dev/full", folder.at("a.partial")).unwrap();
    let error = format!("{:#}", super::super::store::write_whole(&path, b"after").unwrap_err());
    assert!(error.contains("a.safetensors") && error.contains("the disk is full"), "{error}");
    assert_eq!(std::fs::read(&path).unwrap(), b"before");
    assert!(folder.at("a.partial").symlink_metadata().is_err());
}
