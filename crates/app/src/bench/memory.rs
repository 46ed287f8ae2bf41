/// Makes the most memory that was in use so far what is in use now. Where the system does not allow that, the peak stays
/// that of the whole run.
pub fn forget_peak() {
    // proc(5): 5 resets the peak of the resident set.
    let _ = std::fs::write("/proc/self/clear_refs", "5");
}

/// The most memory that this process had in use, in MiB; `None` where the system does not tell.
pub fn peak_mib() -> Option<f64> {
    parse(&std::fs::read_to_string("/proc/self/status").ok()?)
}

fn parse(status: &str) -> Option<f64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib / 1024.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_peak_is_read_from_the_status() {
        assert_eq!(parse("Name:\tinkcast\nVmHWM:\t    2048 kB\nVmRSS:\t 1024 kB\n"), Some(2.0));
        assert_eq!(parse("Name:\tinkcast\n"), None);
        assert_eq!(parse("VmHWM:\tmuch\n"), None);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn memory_that_is_written_to_shows_in_the_peak() {
        let before = peak_mib().unwrap();
        let block = std::hint::black_box(vec![1u8; 256 << 20]);
        let with = peak_mib().unwrap();
        assert!(with >= 256.0 && with >= before, "{before} {with}");
        drop(block);
    }
}
