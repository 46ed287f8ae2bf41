use std::ffi::OsStr;
use std::fmt;
use std::str::FromStr;
use std::sync::LazyLock;

/// Environment variable that caps the level: no kernel above the one it names is used.
pub const LEVEL_VARIABLE: &str = "INKCAST_CPU_LEVEL";

/// Instruction sets that kernels are written for, lowest first. A processor that has one has those of its kind below
/// it, but for the VNNI extension of AVX2, which came after AVX-512.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Plain Rust: the definition that the others are compared with.
    Plain,
    /// NEON, which every 64-bit ARM processor has.
    Neon,
    /// AVX2 with fused multiply-add.
    Avx2,
    /// AVX2 and its dot products of bytes.
    AvxVnni,
    /// AVX-512 as it came with Skylake-X: foundation, bytes and words, doubles and quads, short vectors.
    Avx512,
    /// AVX-512 and its dot products of bytes.
    Avx512Vnni,
}

impl Level {
    /// Every level, lowest first.
    pub const ALL: [Level; 6] =
        [Level::Plain, Level::Neon, Level::Avx2, Level::AvxVnni, Level::Avx512, Level::Avx512Vnni];

    /// The highest level that this processor has.
    pub fn detect() -> Level {
        Level::Avx512Vnni.or_below()
    }

    /// The highest level that this processor has and that [`LEVEL_VARIABLE`] allows.
    pub fn choose() -> Result<Level, UnknownLevel> {
        Level::capped(std::env::var_os(LEVEL_VARIABLE).as_deref())
    }

    /// As [`Level::choose`] for this value of the variable; an empty one is none.
    fn capped(cap: Option<&OsStr>) -> Result<Level, UnknownLevel> {
        match cap {
            Some(name) if !name.is_empty() => Ok(name.to_string_lossy().parse::<Level>()?.or_below()),
            _ => Ok(Level::detect()),
        }
    }

    /// The highest level up to this one that this processor has.
    fn or_below(self) -> Level {
        let mut levels = Level::ALL.into_iter().rev();
        levels.find(|&level| level <= self && level.is_available()).unwrap_or(Level::Plain)
    }

    /// Whether this processor has the level.
    pub fn is_available(self) -> bool {
        // Asked for every few pixels.
        static AVAILABLE: LazyLock<[bool; Level::ALL.len()]> = LazyLock::new(|| Level::ALL.map(Level::is_detected));
        AVAILABLE[self as usize]
    }

    fn is_detected(self) -> bool {
        match self {
            Level::Plain => true,
            #[cfg(target_arch = "aarch64")]
            Level::Neon => true,
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 => is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma"),
            #[cfg(target_arch = "x86_64")]
            Level::AvxVnni => Level::Avx2.is_detected() && is_x86_feature_detected!("avxvnni"),
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 => {
                Level::Avx2.is_detected()
                    && is_x86_feature_detected!("avx512f")
                    && is_x86_feature_detected!("avx512bw")
                    && is_x86_feature_detected!("avx512dq")
                    && is_x86_feature_detected!("avx512vl")
            }
            #[cfg(target_arch = "x86_64")]
            Level::Avx512Vnni => Level::Avx512.is_detected() && is_x86_feature_detected!("avx512vnni"),
            _ => false,
        }
    }

    /// The name that [`LEVEL_VARIABLE`] takes.
    pub fn name(self) -> &'static str {
        match self {
            Level::Plain => "plain",
            Level::Neon => "neon",
            Level::Avx2 => "avx2",
            Level::AvxVnni => "avxvnni",
            Level::Avx512 => "avx512",
            Level::Avx512Vnni => "avx512vnni",
        }
    }

    /// Every level as a variant to be checked: name, whether this processor has it, and the level.
    pub fn variants() -> [(&'static str, bool, Level); Level::ALL.len()] {
        Level::ALL.map(|level| (level.name(), level.is_available(), level))
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Level {
    type Err = UnknownLevel;

    fn from_str(name: &str) -> Result<Self, UnknownLevel> {
        let level = Level::ALL.into_iter().find(|level| level.name() == name);
        level.ok_or_else(|| UnknownLevel { name: name.to_string() })
    }
}

/// A level that does not exist, named by [`LEVEL_VARIABLE`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownLevel {
    /// What was asked for.
    pub name: String,
}

impl fmt::Display for UnknownLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known = Level::ALL.map(Level::name).join(", ");
        write!(f, "{LEVEL_VARIABLE}=\"{}\" names no level of instructions; use one of {known}", self.name)
    }
}

impl std::error::Error for UnknownLevel {}

#[cfg(test)]
mod tests {
    use super::*;

    fn capped(name: &str) -> Result<Level, UnknownLevel> {
        Level::capped(Some(OsStr::new(name)))
    }

    #[test]
    fn the_variable_caps_the_level() {
        assert_eq!(capped("plain"), Ok(Level::Plain));
        assert_eq!(capped(""), Ok(Level::detect()));
        assert_eq!(Level::capped(None), Ok(Level::detect()));
        for level in Level::ALL {
            let chosen = capped(level.name()).unwrap();
            assert!(chosen <= level && chosen.is_available(), "{level} gave {chosen}");
            assert!(!level.is_available() || chosen == level, "{level} gave {chosen}");
        }
    }

    #[test]
    fn unknown_levels_are_refused_with_the_known_ones() {
        let message = capped("sse9").unwrap_err().to_string();
        assert!(message.contains("INKCAST_CPU_LEVEL=\"sse9\""), "{message}");
        assert!(Level::ALL.iter().all(|level| message.contains(level.name())), "{message}");
    }
}
