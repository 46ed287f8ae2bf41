//! `inkcast live`, with a test picture in place of hardware.

use std::io::Read;
use std::net::UdpSocket;
use std::time::Duration;

use crate::media::{difference, frames, size, times};
use crate::{at, fail, inkcast, names, succeed};

#[test]
fn a_recording_has_the_size_rate_and_length_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["out.mp4", "out.mkv"] {
        let output = at(&folder, name);
        let target = format!("file:{output}");
        succeed(&["live", "--from", "test", "--to", &target, "--size", "160x90", "--fps", "10", "--duration", "1.5"]);
        assert_eq!(size(&output), (160, 90));
        let frames = times(&output).len();
        assert!((8..=17).contains(&frames), "{name}: {frames} frames in 1.5 s at 10 a second");
        assert!(fail(4, &["live", "--from", "test", "--to", &target]).contains("--force"));
    }
    assert_eq!(names(folder.path()), ["out.mkv", "out.mp4"]);
}

#[test]
fn an_interruption_ends_a_recording_properly() {
    let folder = tempfile::tempdir().unwrap();
    let output = at(&folder, "out.mp4");
    let target = format!("file:{output}");
    let mut running = inkcast(&["live", "--from", "test", "--to", &target, "--size", "160x90"]).spawn().unwrap();
    std::thread::sleep(Duration::from_millis(2500));
    std::process::Command::new("kill").args(["-INT", &running.id().to_string()]).status().unwrap();
    assert!(running.wait().unwrap().success());
    assert!(times(&output).len() > 5);
    assert_eq!(names(folder.path()), ["out.mp4"]);
}

#[test]
fn a_file_can_be_the_source_and_is_drawn() {
    let folder = tempfile::tempdir().unwrap();
    let (input, plain, comic) = (at(&folder, "in.mp4"), at(&folder, "plain.mp4"), at(&folder, "comic.mp4"));
    crate::media::Clip { frames: 20, sound: "", ..Default::default() }.write(&input);
    succeed(&["live", "--from", &input, "--to", &format!("file:{plain}"), "--strength", "0"]);
    succeed(&["live", "--from", &input, "--to", &format!("file:{comic}")]);
    // Frames may be dropped where the machine is slow, but the last one is not followed by any that pushes it out.
    let last = |path: &str| frames(path).pop().unwrap().bytes;
    assert!(difference(&last(&plain), &last(&input)) < 4.0);
    assert!(difference(&last(&comic), &last(&input)) > 4.0);
}

#[test]
fn udp_carries_a_transport_stream() {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let target = format!("udp://127.0.0.1:{}", socket.local_addr().unwrap().port());
    let arguments = ["live", "--from", "test", "--to", &target, "--size", "160x90", "--fps", "10", "--duration", "2"];
    let mut running = inkcast(&arguments).spawn().unwrap();
    let mut packet = [0; 2000];
    let length = socket.recv(&mut packet).unwrap();
    assert!(running.wait().unwrap().success());
    assert!(
        length > 0 && length.is_multiple_of(188) && packet[..length].chunks(188).all(|packet| packet[0] == 0x47),
        "{length}"
    );
}

/// The printed line, given to GStreamer, does what the program does.
#[test]
fn the_printed_pipeline_runs() {
    let folder = tempfile::tempdir().unwrap();
    let output = at(&folder, "out.mkv");
    let target = format!("file:{output}");
    let mut printed = String::new();
    let mut child =
        inkcast(&["live", "--from", "test", "--to", &target, "--size", "160x90", "--style", "ink", "--print-pipeline"])
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap();
    child.stdout.take().unwrap().read_to_string(&mut printed).unwrap();
    assert!(child.wait().unwrap().success());
    let line = printed.trim().strip_prefix("gst-launch-1.0 -e ").unwrap();
    assert!(line.contains("comicstyle style=ink") && line.contains("leaky=downstream"), "{line}");
    assert!(!names(folder.path()).contains(&"out.mkv".to_string()));

    gstreamer::init().unwrap();
    gstinkcast::plugin_register_static().unwrap();
    crate::media::launch(&line.replace("videotestsrc ", "videotestsrc num-buffers=5 "), |_| true);
    assert!(!times(&output).is_empty());
}

#[test]
fn what_is_missing_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = format!("file:{}", at(&folder, "out.mp4"));
    assert!(fail(5, &["live", "--from", "camera:/dev/video99", "--to", &file]).contains("/dev/video99"));
    let said = fail(5, &["live", "--from", "test", "--to", "camera:/dev/video99"]);
    assert!(said.contains("/dev/video99") && said.contains("v4l2loopback-dkms"), "{said}");
    for (arguments, variable) in
        [(["--from", "test", "--to", "display"], "DISPLAY"), (["--from", "screen", "--to", &file], "DISPLAY")]
    {
        let mut command = inkcast(&[&["live"], &arguments[..]].concat());
        let output = command.env_remove("DISPLAY").env_remove("WAYLAND_DISPLAY").output().unwrap();
        assert_eq!(output.status.code(), Some(5), "{arguments:?}");
        assert!(crate::stderr(&output).contains(variable), "{}", crate::stderr(&output));
    }
    let said = fail(3, &["live", "--from", "file:///no/such/file.mp4", "--to", &file]);
    assert!(said.contains("/no/such/file.mp4"), "{said}");
    assert!(fail(2, &["live", "--from", "nowhere", "--to", &file]).contains("camera"));
    assert!(names(folder.path()).is_empty());
}
