use std::path::PathBuf;

use clap::Args;
use gstreamer as gst;
use inkcast_stylize::DeviceChoice;
use serde::Serialize;

use crate::convert::ENCODERS;
use crate::failure::Failure;
use crate::packages::{is_installed, package_of};
use crate::style_args::open_package;

/// Says what this machine has, what it lacks, and what for.
///
/// Ends with code 5 only if video files cannot be converted at all; everything else that is missing is listed with the
/// Debian package that has it.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  inkcast doctor\n  inkcast doctor --json")]
pub struct DoctorArgs {
    /// Print JSON for programs
    #[arg(long)]
    json: bool,
}

/// Something that Inkcast can do, and the elements that it takes.
struct Ability {
    name: &'static str,
    elements: &'static [&'static str],
    /// Any one of the elements is enough.
    any: bool,
    /// Without it there is no converting of files.
    is_vital: bool,
}

const ABILITIES: &[Ability] = &[
    Ability {
        name: "read and write files",
        elements: &[
            "filesrc",
            "parsebin",
            "decodebin",
            "multiqueue",
            "queue",
            "videoconvert",
            "videoscale",
            "filesink",
        ],
        any: false,
        is_vital: true,
    },
    Ability { name: "write MP4 and MOV", elements: &["mp4mux", "qtmux"], any: false, is_vital: true },
    Ability { name: "encode H.264", elements: &["x264enc", "openh264enc"], any: true, is_vital: true },
    Ability { name: "parse H.264", elements: &["h264parse"], any: false, is_vital: true },
    Ability { name: "decode H.264", elements: &["avdec_h264", "openh264dec"], any: true, is_vital: true },
    Ability { name: "read MP4 and MOV", elements: &["qtdemux"], any: false, is_vital: true },
    Ability { name: "decode H.265", elements: &["avdec_h265"], any: false, is_vital: false },
    Ability { name: "decode VP8 and VP9", elements: &["vp8dec", "vp9dec"], any: false, is_vital: false },
    Ability { name: "decode AV1", elements: &["av1dec"], any: false, is_vital: false },
    Ability { name: "read Matroska and WebM", elements: &["matroskademux"], any: false, is_vital: false },
    Ability { name: "write Matroska and WebM", elements: &["matroskamux", "webmmux"], any: false, is_vital: false },
    Ability { name: "read AVI", elements: &["avidemux"], any: false, is_vital: false },
    Ability { name: "read MPEG streams", elements: &["tsdemux", "mpegpsdemux"], any: false, is_vital: false },
    Ability { name: "turn upright, deinterlace", elements: &["videoflip", "deinterlace"], any: false, is_vital: false },
    Ability { name: "encode AAC sound", elements: &["avenc_aac", "fdkaacenc", "voaacenc"], any: true, is_vital: false },
    Ability { name: "encode Opus sound", elements: &["opusenc"], any: false, is_vital: false },
    Ability { name: "live from a camera", elements: &["v4l2src"], any: false, is_vital: false },
    Ability { name: "live from the screen", elements: &["ximagesrc"], any: false, is_vital: false },
    Ability { name: "live from a URI", elements: &["uridecodebin"], any: false, is_vital: false },
    Ability { name: "live to the display", elements: &["autovideosink"], any: false, is_vital: false },
    Ability { name: "live to RTMP", elements: &["flvmux", "rtmp2sink"], any: false, is_vital: false },
    Ability { name: "live to SRT", elements: &["mpegtsmux", "srtsink"], any: false, is_vital: false },
    Ability { name: "live to UDP", elements: &["mpegtsmux", "udpsink"], any: false, is_vital: false },
    Ability { name: "live to a virtual camera", elements: &["v4l2sink"], any: false, is_vital: false },
];

#[derive(Serialize)]
struct Report {
    gstreamer: String,
    abilities: Vec<Checked>,
    encoders: Vec<Checked>,
    cpu_cores: usize,
    cpu_features: Vec<(&'static str, bool)>,
    cuda: String,
    cameras: Vec<PathBuf>,
    display: Option<String>,
    model: String,
    can_convert: bool,
}

#[derive(Serialize)]
struct Checked {
    name: String,
    is_there: bool,
    missing: Vec<&'static str>,
    packages: Vec<&'static str>,
}

/// Prints what was found.
pub fn run(args: &DoctorArgs) -> anyhow::Result<()> {
    let report = examine();
    if args.json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        print(&report);
    }
    if report.can_convert {
        return Ok(());
    }
    Err(Failure::Lacking("video files cannot be converted on this machine; install what is missing above".into())
        .into())
}

fn examine() -> Report {
    let abilities: Vec<Checked> =
        ABILITIES.iter().map(|ability| check(ability.name.to_string(), ability.elements, ability.any)).collect();
    let model = open_package(None);
    let can_convert = model.is_ok()
        && ABILITIES.iter().zip(&abilities).all(|(ability, checked)| checked.is_there || !ability.is_vital);
    Report {
        gstreamer: gst::version_string().to_string(),
        encoders: ENCODERS
            .iter()
            .map(|encoder| check(format!("{} ({})", encoder.name, encoder.description), &[encoder.element], false))
            .collect(),
        abilities,
        cpu_cores: std::thread::available_parallelism().map_or(1, |cores| cores.get()),
        cpu_features: cpu_features(),
        cuda: cuda(),
        cameras: cameras(),
        display: ["WAYLAND_DISPLAY", "DISPLAY"].iter().find_map(|name| std::env::var(name).ok()),
        model: match &model {
            Ok(package) => format!("{} {}", package.manifest().name, package.manifest().version),
            Err(error) => error.to_string(),
        },
        can_convert,
    }
}

fn check(name: String, elements: &[&'static str], any: bool) -> Checked {
    let missing: Vec<&'static str> = elements.iter().copied().filter(|element| !is_installed(element)).collect();
    let is_there = missing.is_empty() || (any && missing.len() < elements.len());
    let missing = if is_there { Vec::new() } else { missing };
    let mut packages: Vec<_> = missing.iter().filter_map(|element| package_of(element)).collect();
    packages.sort_unstable();
    packages.dedup();
    Checked { name, is_there, missing, packages }
}

#[cfg(target_arch = "x86_64")]
fn cpu_features() -> Vec<(&'static str, bool)> {
    vec![
        ("sse4.1", is_x86_feature_detected!("sse4.1")),
        ("avx2", is_x86_feature_detected!("avx2")),
        ("fma", is_x86_feature_detected!("fma")),
        ("avx512f", is_x86_feature_detected!("avx512f")),
        ("avx512vnni", is_x86_feature_detected!("avx512vnni")),
    ]
}

#[cfg(not(target_arch = "x86_64"))]
fn cpu_features() -> Vec<(&'static str, bool)> {
    Vec::new()
}

/// Whether frames can be computed with CUDA here, and if not, why.
fn cuda() -> String {
    if !cfg!(feature = "cuda") {
        return "not in this build (build with --features cuda); the CPU is used".to_string();
    }
    match DeviceChoice::Cuda(0).check() {
        Ok(()) => "cuda:0 can be used".to_string(),
        Err(error) => format!("{error}; the CPU is used"),
    }
}

/// Video devices of this machine, sorted.
pub fn cameras() -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir("/dev") else { return Vec::new() };
    let is_camera = |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("video"));
    let mut cameras: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).filter(is_camera).collect();
    cameras.sort();
    cameras
}

fn print(report: &Report) {
    println!("{}", report.gstreamer);
    println!("Model: {}", report.model);
    let features: Vec<String> =
        report.cpu_features.iter().map(|(name, has)| format!("{}{name}", if *has { "" } else { "no " })).collect();
    println!("CPU: {} cores, {}", report.cpu_cores, features.join(", "));
    println!("CUDA: {}", report.cuda);
    match report.cameras.as_slice() {
        [] => println!("Cameras: none (no /dev/video*)"),
        cameras => {
            let names: Vec<_> = cameras.iter().map(|path| path.display().to_string()).collect();
            println!("Cameras: {}", names.join(", "));
        }
    }
    println!("Display: {}", report.display.as_deref().unwrap_or("none (neither WAYLAND_DISPLAY nor DISPLAY is set)"));
    println!("\nWhat works:");
    report.abilities.iter().for_each(print_checked);
    println!("\nVideo encoders for --encoder:");
    report.encoders.iter().for_each(print_checked);
    println!();
    println!(
        "{}",
        if report.can_convert { "Video files can be converted." } else { "Video files cannot be converted." }
    );
}

fn print_checked(checked: &Checked) {
    if checked.is_there {
        println!("  yes  {}", checked.name);
        return;
    }
    let missing = checked.missing.join(", ");
    match checked.packages.as_slice() {
        [] => println!("  NO   {}: {missing} not found", checked.name),
        packages => {
            println!("  NO   {}: {missing} not found; sudo apt-get install {}", checked.name, packages.join(" "))
        }
    }
}
