use std::path::Path;

use anyhow::{Context, Result, ensure};

/// Refuses a JPEG file that was cut off: the decoder fills what is missing with grey.
pub(super) fn check_whole(path: &Path) -> Result<()> {
    let bytes = std::fs::read(path).with_context(|| format!("cannot read the picture {}", path.display()))?;
    ensure!(!is_cut_off(&bytes), "the picture {} is cut off", path.display());
    Ok(())
}

/// Whether the marker for the end (EOI, ISO/IEC 10918-1 B.2.1) is missing after the first scan. Segments before it are
/// stepped over, since they may hold a small preview with an end of its own.
fn is_cut_off(bytes: &[u8]) -> bool {
    const START: u8 = 0xd8;
    const SCAN: u8 = 0xda;
    const END: u8 = 0xd9;
    if !bytes.starts_with(&[0xff, START]) {
        return false;
    }
    let mut at = 2;
    while let Some(&[0xff, marker, high, low]) = bytes.get(at..at + 4) {
        match marker {
            SCAN => return !bytes[at..].windows(2).any(|pair| pair == [0xff, END]),
            // Fill bytes may stand before a marker.
            0xff => at += 1,
            _ => at += 2 + usize::from(u16::from_be_bytes([high, low])),
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::is_cut_off;

    #[test]
    fn the_end_is_looked_for_after_the_first_scan() {
        // A segment of four bytes that holds an end, a scan header, data with a stuffed byte, the end.
        let jpeg = [0xff, 0xd8, 0xff, 0xe1, 0, 4, 0xff, 0xd9, 0xff, 0xff, 0xda, 0, 2, 7, 0xff, 0, 9, 0xff, 0xd9, 0, 0];
        assert!(!is_cut_off(&jpeg));
        assert!(!is_cut_off(&jpeg[..19]));
        (2..19).for_each(|length| assert!(is_cut_off(&jpeg[..length]), "{length}"));
        assert!(!is_cut_off(b"\x89PNG"));
    }
}
