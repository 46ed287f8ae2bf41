//! Starting, stopping, ending, and two at once.

use std::sync::{Arc, Mutex};

use gst::prelude::*;
use gstreamer as gst;
use inkcast_frame::Format;

use crate::comic::{self, Comic, info, moving};

#[test]
fn the_element_says_what_it_is() {
    comic::init();
    let factory = gst::ElementFactory::find("comicstyle").unwrap();
    assert_eq!(factory.metadata("klass"), Some("Filter/Effect/Video"));
    assert_eq!(factory.rank(), gst::Rank::NONE);
    assert_eq!(factory.plugin().unwrap().plugin_name(), "inkcast");
    let element = factory.create().build().unwrap();
    assert!(!element.property::<bool>("qos"), "late frames would be skipped");
}

#[test]
fn a_pipeline_can_be_played_again_and_gives_the_same() {
    comic::init();
    let pipeline = gst::parse::launch(
        "videotestsrc num-buffers=4 pattern=ball ! video/x-raw,format=RGB,width=96,height=64 ! comicstyle device=cpu \
         ! fakesink name=sink sync=false signal-handoffs=true",
    )
    .unwrap();
    let bin = pipeline.downcast_ref::<gst::Bin>().unwrap();
    let frames = collect(&bin.by_name("sink").unwrap());

    let runs: Vec<Vec<Vec<u8>>> = (0..3)
        .map(|_| {
            comic::run_to_end(&pipeline);
            std::mem::take(&mut *frames.lock().unwrap())
        })
        .collect();
    assert_eq!(runs[0].len(), 4, "EOS comes after the last frame");
    assert!(runs[1] == runs[0] && runs[2] == runs[0], "nothing may be left over from an earlier run");
}

#[test]
fn pausing_keeps_the_stream_going() {
    comic::init();
    let pipeline = gst::parse::launch(
        "videotestsrc num-buffers=6 ! video/x-raw,width=64,height=48 ! comicstyle device=cpu ! fakesink name=sink",
    )
    .unwrap();
    for state in [gst::State::Paused, gst::State::Playing, gst::State::Paused] {
        pipeline.set_state(state).unwrap();
        let (result, reached, _) = pipeline.state(gst::ClockTime::from_seconds(30));
        assert!(result.is_ok() && reached == state, "{state:?}");
    }
    comic::run_to_end(&pipeline);
}

#[test]
fn two_elements_in_one_process_do_not_meet() {
    let info = info(Format::Rgb, 160, 90);
    let draw = |comic: &mut Comic, index: usize| comic.draw(&moving(info, index), index as u64);
    let (mut ink, mut halftone) = (Comic::new(info, "style=ink"), Comic::new(info, "style=halftone"));
    let together: Vec<_> = (0..4).map(|index| (draw(&mut ink, index), draw(&mut halftone, index))).collect();
    let (mut ink, mut halftone) = (Comic::new(info, "style=ink"), Comic::new(info, "style=halftone"));
    let alone: Vec<_> = (0..4).map(|index| draw(&mut ink, index)).collect();
    let alone = alone.into_iter().zip((0..4).map(|index| draw(&mut halftone, index)));
    for (index, (together, alone)) in together.into_iter().zip(alone).enumerate() {
        assert!(together == alone, "frame {index}");
        assert!(together.0 != together.1, "styles differ");
    }
}

#[test]
fn two_elements_in_one_pipeline_run_at_the_same_time() {
    comic::init();
    let pipeline = gst::parse::launch(
        "videotestsrc num-buffers=5 ! video/x-raw,format=I420,width=96,height=64 ! tee name=tee \
         tee. ! queue ! comicstyle device=cpu style=ink ! fakesink name=a signal-handoffs=true sync=false \
         tee. ! queue ! comicstyle device=cpu style=halftone ! comicstyle device=cpu strength=0 \
         ! fakesink name=b signal-handoffs=true sync=false",
    )
    .unwrap();
    let bin = pipeline.downcast_ref::<gst::Bin>().unwrap();
    let sinks = ["a", "b"].map(|name| collect(&bin.by_name(name).unwrap()));
    comic::run_to_end(&pipeline);
    let [a, b] = sinks.map(|frames| frames.lock().unwrap().clone());
    assert_eq!((a.len(), b.len()), (5, 5));
    assert!(a != b, "styles differ");
}

/// The bytes of every buffer that reaches a fakesink.
fn collect(sink: &gst::Element) -> Arc<Mutex<Vec<Vec<u8>>>> {
    let frames = Arc::new(Mutex::new(Vec::new()));
    let seen = frames.clone();
    sink.connect("handoff", false, move |values| {
        let buffer: gst::Buffer = values[1].get().unwrap();
        seen.lock().unwrap().push(buffer.map_readable().unwrap().to_vec());
        None
    });
    frames
}
