//! The little of ISO media files (MP4, MOV) that GStreamer does not tell or write: whether a file is cut off, in which
//! units its timestamps are counted, and how much of a sound track is priming, which the decoder needs and nobody hears.

use std::fs::File;
use std::io::{Read, Result, Seek, SeekFrom, Write};
use std::path::Path;

/// More than the index of any film; what is larger is damage.
const LARGEST_INDEX: u64 = 1 << 28;

/// What was read of a file.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Iso {
    /// The file ends before its last box does.
    pub is_cut_off: bool,
    /// The index is there; without it no frame can be found.
    pub has_index: bool,
    /// Units in a second of the movie header.
    movie_timescale: u32,
    /// How long the movie says it is, in these units.
    movie_duration: Option<Number>,
    /// The tracks in their order.
    tracks: Vec<Track>,
}

/// One track.
#[derive(Debug, Clone, Default, PartialEq)]
struct Track {
    /// `vide`, `soun` or another handler.
    handler: [u8; 4],
    /// Units in a second of its timestamps.
    timescale: u32,
    /// Where the duration in its header is, in movie units.
    duration: Option<Number>,
    /// Where the type of its edit box is in the file.
    edit_box: Option<u64>,
    /// The only entry of its edit list.
    edit: Option<Edit>,
}

/// The entry of an edit list that has just one.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Edit {
    /// How long the track is shown, in movie units.
    duration: Number,
    /// The first moment of the media that is shown, in media units.
    media_time: Number,
}

/// A number in a file, and where it is.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Number {
    value: u64,
    position: u64,
    bytes: usize,
}

/// The part of a sound track before the first moment that is heard.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Priming {
    /// Where the type of the edit box is that says so.
    edit_box: u64,
    /// Its length in seconds, as a fraction.
    length: (u64, u32),
    /// How long the track is heard from there on, in seconds, as a fraction.
    heard: (u64, u32),
}

impl Iso {
    /// Reads `path`; `None` if it is no ISO media file.
    pub fn read(path: &Path) -> Result<Option<Iso>> {
        let mut file = File::open(path)?;
        let length = file.metadata()?.len();
        let mut iso = Iso::default();
        let mut position = 0;
        while position + 8 <= length {
            let Some((kind, header, size)) = read_header(&mut file, position, length)? else { break };
            if position == 0 && !matches!(&kind, b"ftyp" | b"moov" | b"mdat" | b"free" | b"skip" | b"wide" | b"pnot") {
                return Ok(None);
            }
            let end = position.saturating_add(size);
            iso.is_cut_off |= end > length;
            if &kind == b"moov" && end <= length && size <= LARGEST_INDEX {
                let mut bytes = vec![0; (size - header) as usize];
                file.seek(SeekFrom::Start(position + header))?;
                file.read_exact(&mut bytes)?;
                iso.has_index = true;
                iso.read_index(&bytes, position + header);
            }
            position = end;
        }
        Ok((position > 0).then_some(iso))
    }

    /// Units in a second of the first video track's timestamps.
    pub fn video_timescale(&self) -> Option<u32> {
        self.tracks.iter().find(|track| &track.handler == b"vide").map(|track| track.timescale)
    }

    /// The priming of each sound track.
    pub fn priming(&self) -> Vec<Option<Priming>> {
        self.sound_tracks()
            .map(|track| {
                let (edit_box, edit) = (track.edit_box?, track.edit?);
                (1..1 << 31).contains(&edit.media_time.value).then_some(Priming {
                    edit_box,
                    length: (edit.media_time.value, track.timescale),
                    heard: (edit.duration.value, self.movie_timescale),
                })
            })
            .collect()
    }

    /// Writes the priming of each sound track into the edit lists of the file at `path`, which this was read from.
    pub fn write_priming(&self, path: &Path, priming: &[Option<Priming>]) -> Result<()> {
        let mut file = File::options().write(true).open(path)?;
        for (track, priming) in self.sound_tracks().zip(priming) {
            let (Some(edit), Some(priming)) = (track.edit, priming) else { continue };
            let media_time = in_units(priming.length, track.timescale);
            let all = edit.duration.value;
            let heard = in_units(priming.heard, self.movie_timescale);
            let most = all.saturating_sub(in_units(priming.length, self.movie_timescale));
            let duration = if heard == 0 { most } else { heard.min(most) };
            edit.media_time.write(&mut file, media_time)?;
            edit.duration.write(&mut file, duration)?;
            if let Some(total) = track.duration {
                total.write(&mut file, duration)?;
            }
        }
        file.sync_all()
    }

    /// Makes the edit of the first video track last until `end_ns` of the movie, in the file at `path`, which this was
    /// read from: muxers guess the length of a last frame, and readers leave out a frame beyond the edit.
    pub fn write_end(&self, path: &Path, end_ns: u64) -> Result<()> {
        let video = self.tracks.iter().find(|track| &track.handler == b"vide");
        let Some((edit, total)) = video.and_then(|track| track.edit.zip(track.duration)) else { return Ok(()) };
        let end = in_units((end_ns, 1_000_000_000), self.movie_timescale);
        if end > edit.duration.value {
            let mut file = File::options().write(true).open(path)?;
            edit.duration.write(&mut file, end)?;
            total.write(&mut file, end)?;
        }
        Ok(())
    }

    /// What makes a reader give all packets of primed tracks, the priming too: edit boxes get a name that is skipped, and
    /// the movie becomes so much longer that the last packets still lie inside it.
    pub fn without_edits(&self, priming: &[Option<Priming>]) -> Vec<Patch> {
        let primed = priming.iter().flatten();
        let mut patches: Vec<Patch> =
            primed.clone().map(|priming| Patch { position: priming.edit_box, bytes: b"free".to_vec() }).collect();
        let longest = primed.map(|priming| in_units(priming.length, self.movie_timescale) + 1).max();
        if let (Some(duration), Some(longest)) = (self.movie_duration, longest) {
            let longer = duration.value.saturating_add(longest).to_be_bytes();
            patches.push(Patch { position: duration.position, bytes: longer[8 - duration.bytes..].to_vec() });
        }
        patches
    }

    fn sound_tracks(&self) -> impl Iterator<Item = &Track> {
        self.tracks.iter().filter(|track| &track.handler == b"soun")
    }

    fn read_index(&mut self, bytes: &[u8], position: u64) {
        for (kind, body, at) in boxes(bytes, position) {
            match &kind {
                b"mvhd" => {
                    self.movie_timescale = header_timescale(body);
                    let (offset, bytes) = if body.first() == Some(&1) { (24, 8) } else { (16, 4) };
                    self.movie_duration = number(body, at, offset, bytes);
                }
                b"trak" => self.tracks.push(read_track(body, at)),
                _ => {}
            }
        }
    }
}

/// Bytes to be read as others than they are.
#[derive(Debug, Clone, PartialEq)]
pub struct Patch {
    position: u64,
    bytes: Vec<u8>,
}

impl Patch {
    /// Whether it changes anything in the `length` bytes from `offset` of the file on.
    pub fn touches(&self, offset: u64, length: u64) -> bool {
        self.position < offset + length && offset < self.position + self.bytes.len() as u64
    }

    /// Changes `bytes`, which came from `offset` of the file.
    pub fn apply(&self, bytes: &mut [u8], offset: u64) {
        for (position, byte) in (self.position..).zip(&self.bytes) {
            let target = position.checked_sub(offset).and_then(|target| bytes.get_mut(target as usize));
            if let Some(target) = target {
                *target = *byte;
            }
        }
    }
}

fn read_track(bytes: &[u8], position: u64) -> Track {
    let mut track = Track::default();
    for (kind, body, at) in boxes(bytes, position) {
        match &kind {
            b"tkhd" => {
                let (offset, bytes) = if body.first() == Some(&1) { (28, 8) } else { (20, 4) };
                track.duration = number(body, at, offset, bytes);
            }
            b"edts" => {
                track.edit_box = Some(at - 4);
                track.edit =
                    boxes(body, at).find(|(kind, ..)| kind == b"elst").and_then(|(_, body, at)| edit(body, at));
            }
            b"mdia" => {
                for (kind, body, _) in boxes(body, at) {
                    match &kind {
                        b"mdhd" => track.timescale = header_timescale(body),
                        b"hdlr" => track.handler = body.get(8..12).map_or(*b"    ", |kind| kind.try_into().unwrap()),
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
    track
}

/// The entry of an edit list if there is one only: anything longer is a cut, which GStreamer follows well.
fn edit(body: &[u8], at: u64) -> Option<Edit> {
    if number(body, at, 4, 4)?.value != 1 {
        return None;
    }
    let bytes = if body[0] == 1 { 8 } else { 4 };
    Some(Edit { duration: number(body, at, 8, bytes)?, media_time: number(body, at, 8 + bytes, bytes)? })
}

/// Units in a second, from the body of a `mvhd` or `mdhd` box.
fn header_timescale(body: &[u8]) -> u32 {
    let offset = if body.first() == Some(&1) { 20 } else { 12 };
    number(body, 0, offset, 4).map_or(0, |timescale| timescale.value as u32)
}

fn number(body: &[u8], at: u64, offset: usize, bytes: usize) -> Option<Number> {
    let value = body.get(offset..offset + bytes)?.iter().fold(0, |value, &byte| value << 8 | byte as u64);
    Some(Number { value, position: at + offset as u64, bytes })
}

impl Number {
    fn write(&self, file: &mut File, value: u64) -> Result<()> {
        file.seek(SeekFrom::Start(self.position))?;
        file.write_all(&value.to_be_bytes()[8 - self.bytes..])
    }
}

/// A length of `(units, units in a second)` in other units.
fn in_units((value, timescale): (u64, u32), units: u32) -> u64 {
    let timescale = timescale.max(1) as u128;
    ((value as u128 * units as u128 + timescale / 2) / timescale) as u64
}

/// The boxes in `bytes`, which begin at `position` of the file: type, body, position of the body.
fn boxes(bytes: &[u8], position: u64) -> impl Iterator<Item = ([u8; 4], &[u8], u64)> {
    let mut next = 0;
    std::iter::from_fn(move || {
        let head = bytes.get(next..next + 8)?;
        let size = u32::from_be_bytes(head[..4].try_into().ok()?) as usize;
        let body = bytes.get(next + 8..next.checked_add(size)?)?;
        let at = position + next as u64 + 8;
        next += size.max(8);
        Some((head[4..].try_into().ok()?, body, at))
    })
}

/// Type, bytes of header and bytes in all of the box at `position`; `None` if these are no box.
fn read_header(file: &mut File, position: u64, length: u64) -> Result<Option<([u8; 4], u64, u64)>> {
    let mut head = [0; 16];
    file.seek(SeekFrom::Start(position))?;
    let available = (length - position).min(16) as usize;
    file.read_exact(&mut head[..available])?;
    let kind = head[4..8].try_into().expect("four bytes");
    let (header, size) = match u32::from_be_bytes(head[..4].try_into().expect("four bytes")) {
        0 => (8, length - position),
        1 => (16, u64::from_be_bytes(head[8..].try_into().expect("eight bytes"))),
        size => (8, size as u64),
    };
    Ok((size >= header).then_some((kind, header, size)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn boxed(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
        [&(body.len() as u32 + 8).to_be_bytes(), kind.as_slice(), body].concat()
    }

    fn words(words: &[u32]) -> Vec<u8> {
        words.iter().flat_map(|word| word.to_be_bytes()).collect()
    }

    /// A sound track of 5000 movie units (1000 a second) whose first 1024 samples of 48 kHz are priming.
    fn index() -> Vec<u8> {
        let tkhd = boxed(b"tkhd", &words(&[0, 0, 0, 1, 0, 5000]));
        let edts = boxed(b"edts", &boxed(b"elst", &words(&[0, 1, 4979, 1024, 0x10000])));
        let mdhd = boxed(b"mdhd", &words(&[0, 0, 0, 48_000, 240_000]));
        let hdlr = boxed(b"hdlr", &[&words(&[0, 0])[..], b"soun"].concat());
        let trak = boxed(b"trak", &[tkhd, edts, boxed(b"mdia", &[mdhd, hdlr].concat())].concat());
        let mvhd = boxed(b"mvhd", &words(&[0, 0, 0, 1000, 5000]));
        boxed(b"moov", &[mvhd, trak].concat())
    }

    fn read(name: &str, bytes: &[u8]) -> (std::path::PathBuf, Option<Iso>) {
        let path = std::env::temp_dir().join(format!("inkcast-iso-{name}-{}", std::process::id()));
        std::fs::write(&path, bytes).unwrap();
        let iso = Iso::read(&path).unwrap();
        (path, iso)
    }

    #[test]
    fn a_cut_is_seen_and_other_files_are_none() {
        let whole = [boxed(b"ftyp", b"isom"), index(), boxed(b"mdat", &[0; 100])].concat();
        for (name, bytes, is_cut_off, has_index) in [
            ("whole", whole.as_slice(), false, true),
            ("data", &whole[..whole.len() - 1], true, true),
            ("index", &whole[..100], true, false),
        ] {
            let (path, iso) = read(name, bytes);
            let iso = iso.unwrap();
            assert_eq!((iso.is_cut_off, iso.has_index), (is_cut_off, has_index), "{name}");
            std::fs::remove_file(path).unwrap();
        }
        for (name, bytes) in [("text", &b"nothing of the kind at all"[..]), ("empty", b""), ("zero", &[0; 64])] {
            let (path, iso) = read(name, bytes);
            assert_eq!(iso, None, "{name}");
            std::fs::remove_file(path).unwrap();
        }
    }

    #[test]
    fn priming_is_read_hidden_and_written() {
        let bytes = [boxed(b"ftyp", b"isom"), index()].concat();
        let (path, iso) = read("priming", &bytes);
        let iso = iso.unwrap();
        let priming = iso.priming();
        assert_eq!(priming[0].unwrap().length, (1024, 48_000));

        // Patching works on any part of the file that a reader happens to ask for.
        let patches = iso.without_edits(&priming);
        let patched = |start: usize| {
            let mut part = bytes[start..].to_vec();
            patches.iter().for_each(|patch| patch.apply(&mut part, start as u64));
            part
        };
        assert!(!patched(0).windows(4).any(|name| name == b"edts"));
        for start in 0..bytes.len() {
            assert_eq!(patched(start), patched(0)[start..], "from {start}");
            let touched = patches.iter().any(|patch| patch.touches(start as u64, (bytes.len() - start) as u64));
            assert!(touched || patched(start) == bytes[start..], "from {start}");
        }

        // A longer priming in other units.
        let longer = Priming { length: (2112, 44_100), heard: (0, 1), ..priming[0].unwrap() };
        iso.write_priming(&path, &[Some(longer)]).unwrap();
        let written = Iso::read(&path).unwrap().unwrap().tracks[0].clone();
        assert_eq!(written.edit.unwrap().media_time.value, 2299);
        assert_eq!(written.edit.unwrap().duration.value, 4979 - 48);
        assert_eq!(written.duration.unwrap().value, 4979 - 48);
        std::fs::remove_file(path).unwrap();
    }
}
