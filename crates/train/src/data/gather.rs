use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};

use super::cache::{Domain, Split};
use super::files::{CLIPS, PICTURES, find_files};
use super::prepare::Preparation;

/// A file to prepare and what its folders say of it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Found {
    pub path: PathBuf,
    pub is_clip: bool,
    pub domain: Domain,
    /// The part that it belongs to if it lies below `train` or `test`.
    pub given: Option<Split>,
    /// The comic picture of the same scene, if the data are pairs.
    pub partner: Option<PathBuf>,
}

/// Finds the files. `real_images` and `generated_images` anywhere in a path say whether it is a photo or a comic picture,
/// and `train` or `test` right above them to which part it belongs; where the names below both match one to one, they are
/// pairs.
pub(super) fn gather(preparation: &Preparation) -> Result<Vec<Found>> {
    let only = match &preparation.only {
        None => None,
        Some(path) => {
            let text = std::fs::read_to_string(path)
                .with_context(|| format!("cannot read the list of files {}", path.display()))?;
            Some(text.lines().map(str::trim).filter(|line| !line.is_empty()).map(PathBuf::from).collect())
        }
    };
    let find = |folders: &[PathBuf], endings: &[&str], domain: Domain, is_clip: bool| -> Result<Vec<Found>> {
        let found = find_files(folders, endings, only.as_ref())?.into_iter().map(|path| {
            let place = Place::of(&path);
            let domain = place.as_ref().map_or(domain, |place| place.domain);
            Found { given: place.and_then(|place| place.split), path, is_clip, domain, partner: None }
        });
        Ok(found.collect())
    };
    let mut found = find(&preparation.photos, &PICTURES, Domain::Photos, false)?;
    found.extend(find(&preparation.comics, &PICTURES, Domain::Comics, false)?);
    found.extend(find(&preparation.clips, &CLIPS, Domain::Photos, true)?);
    if !found.iter().any(|file| file.domain == Domain::Photos) {
        bail!("no photos (jpg, png, webp) and no clips (mp4, mkv, webm, mov, avi, ogv) were found");
    }
    // A folder may be given twice, or lie in another.
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found.dedup_by(|a, b| a.path == b.path);
    Ok(paired(found))
}

/// Where a file lies in a data set of photos and comic pictures.
struct Place {
    /// The folder of the data set.
    dataset: PathBuf,
    split: Option<Split>,
    domain: Domain,
    /// The path below `real_images` or `generated_images`, without ending.
    name: PathBuf,
}

impl Place {
    fn of(path: &Path) -> Option<Self> {
        let parts: Vec<_> = path.iter().collect();
        let folders = &parts[..parts.len() - 1];
        let at = folders.iter().rposition(|&part| part == "real_images" || part == "generated_images")?;
        let split = at.checked_sub(1).and_then(|above| match parts[above].to_str() {
            Some("train") => Some(Split::Train),
            Some("test") => Some(Split::HeldOut),
            _ => None,
        });
        Some(Place {
            dataset: parts[..at - usize::from(split.is_some())].iter().collect(),
            split,
            domain: if parts[at] == "real_images" { Domain::Photos } else { Domain::Comics },
            name: parts[at + 1..].iter().collect::<PathBuf>().with_extension(""),
        })
    }
}

/// Files of one domain of a data set, by what makes them partners.
type Named = BTreeMap<(&'static str, PathBuf), Vec<usize>>;

/// Joins the files of those data sets that are pairs: the photo keeps its place, with the comic picture as its partner.
fn paired(mut found: Vec<Found>) -> Vec<Found> {
    let mut datasets: BTreeMap<PathBuf, [Named; 2]> = BTreeMap::new();
    for (index, file) in found.iter().enumerate().filter(|(_, file)| !file.is_clip) {
        if let Some(place) = Place::of(&file.path) {
            let key = (place.split.map_or("", Split::folder), place.name);
            let domains = datasets.entry(place.dataset).or_default();
            domains[usize::from(place.domain == Domain::Comics)].entry(key).or_default().push(index);
        }
    }
    let mut taken = vec![false; found.len()];
    for (dataset, [photos, comics]) in &datasets {
        if photos.is_empty() || comics.is_empty() {
            continue;
        }
        match partners(photos, comics, &found) {
            Ok(pairs) => {
                eprintln!("{}: {} pairs of photos and comic pictures", dataset.display(), pairs.len());
                for (photo, comic) in pairs {
                    found[photo].partner = Some(found[comic].path.clone());
                    taken[comic] = true;
                }
            }
            Err(reason) => {
                eprintln!("{}: photos and comic pictures are no pairs, since {reason:#}", dataset.display());
            }
        }
    }
    let mut taken = taken.into_iter();
    found.retain(|_| !taken.next().unwrap_or(false));
    found
}

/// Photo and comic picture of each name, or why these are no pairs.
fn partners(photos: &Named, comics: &Named, found: &[Found]) -> Result<Vec<(usize, usize)>> {
    for (these, those) in [(photos, comics), (comics, photos)] {
        for (key, files) in these {
            let path = found[files[0]].path.display();
            ensure!(files.len() == 1, "{} has the same name as {path}", found[files[1]].path.display());
            ensure!(those.contains_key(key), "{path} has no partner of its name");
        }
    }
    let pairs: Vec<(usize, usize)> = photos.iter().map(|(key, files)| (files[0], comics[key][0])).collect();
    for &(photo, comic) in &pairs {
        // A file that cannot be read is named later, when it is skipped.
        let size = |index: usize| image::image_dimensions(&found[index].path).ok();
        if let (Some(photo_size), Some(comic_size)) = (size(photo), size(comic)) {
            let alike = have_one_shape(photo_size, comic_size);
            ensure!(alike, "{} and its partner differ in shape", found[photo].path.display());
        }
    }
    Ok(pairs)
}

/// Whether two pictures have the same ratio of sides, to 2 %.
fn have_one_shape(a: (u32, u32), b: (u32, u32)) -> bool {
    let ratio = |(width, height): (u32, u32)| f64::from(width) / f64::from(height.max(1));
    (ratio(a) / ratio(b) - 1.0).abs() <= 0.02
}
