use std::sync::Mutex;

use gstreamer as gst;
use gstreamer::prelude::*;

/// Brings the times of the frames that pass `pad` in order.
///
/// Files written without the times of reordered frames decode to several frames of one time, or of none, which no muxer takes.
pub fn bring_in_order(pad: &gst::Pad) {
    let order = Mutex::new(Order::default());
    let passing = gst::PadProbeType::BUFFER | gst::PadProbeType::EVENT_DOWNSTREAM;
    pad.add_probe(passing, move |_, info| {
        let mut order = order.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        match &mut info.data {
            Some(gst::PadProbeData::Buffer(buffer)) => {
                let time = order.place(buffer.pts(), buffer.duration());
                if buffer.pts() != Some(time) {
                    buffer.make_mut().set_pts(time);
                }
            }
            // Times of another segment, of an edit list for one, may lie anywhere.
            Some(gst::PadProbeData::Event(event)) if event.type_() == gst::EventType::Segment => {
                *order = Order::default()
            }
            _ => {}
        }
        gst::PadProbeReturn::Ok
    });
}

/// Where the last frame begins and ends.
#[derive(Debug, Default)]
struct Order {
    last: Option<(gst::ClockTime, gst::ClockTime)>,
}

impl Order {
    /// For a frame that says nothing of its length.
    const USUAL: gst::ClockTime = gst::ClockTime::from_mseconds(40);
    /// Between frames of one time: so little that those behind keep theirs, and none falls beyond the end of the clip.
    const LEAST: gst::ClockTime = gst::ClockTime::from_mseconds(1);

    /// The time of the next frame: its own, if that is behind the frame before, else one just behind it. A frame without a
    /// time begins where the one before ends.
    fn place(&mut self, own: Option<gst::ClockTime>, duration: Option<gst::ClockTime>) -> gst::ClockTime {
        let time = match (own, self.last) {
            (Some(own), Some((last, _))) if own <= last => last + Self::LEAST,
            (Some(own), _) => own,
            (None, Some((_, end))) => end,
            (None, None) => gst::ClockTime::ZERO,
        };
        let length = duration.filter(|duration| !duration.is_zero()).unwrap_or(Self::USUAL);
        self.last = Some((time, time + length));
        time
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The times given to frames of 40 ms with these, in milliseconds.
    fn placed(own: &[Option<u64>]) -> Vec<u64> {
        let (mut order, length) = (Order::default(), Some(gst::ClockTime::from_mseconds(40)));
        let time = |own: &Option<u64>| order.place(own.map(gst::ClockTime::from_mseconds), length).mseconds();
        own.iter().map(time).collect()
    }

    #[test]
    fn times_in_order_stay() {
        // Short of the end of the one before, and after a gap.
        assert_eq!(placed(&[Some(7), Some(30), Some(500), Some(540)]), [7, 30, 500, 540]);
    }

    #[test]
    fn frames_of_one_time_or_of_none_follow_each_other() {
        assert_eq!(placed(&[Some(100), Some(100), Some(100), Some(133), Some(400)]), [100, 101, 102, 133, 400]);
        assert_eq!(placed(&[None, None, Some(10), Some(90)]), [0, 40, 41, 90]);
    }

    #[test]
    fn a_frame_without_a_length_has_the_usual_one() {
        let mut order = Order::default();
        order.place(Some(gst::ClockTime::from_mseconds(5)), None);
        assert_eq!(order.place(None, Some(gst::ClockTime::ZERO)).mseconds(), 45);
        assert_eq!(order.place(None, None).mseconds(), 85);
    }

    #[test]
    fn frames_on_a_pad_are_brought_in_order_within_their_segment() {
        gst::init().unwrap();
        let (source, sink) = (gst::Pad::new(gst::PadDirection::Src), gst::PadDirection::Sink);
        let (sender, receiver) = std::sync::mpsc::channel();
        let sink = gst::Pad::builder(sink).chain_function(move |_, _, buffer| {
            sender.send(buffer.pts().unwrap().mseconds()).unwrap();
            Ok(gst::FlowSuccess::Ok)
        });
        let sink = sink.build();
        source.link(&sink).unwrap();
        sink.set_active(true).unwrap();
        source.set_active(true).unwrap();
        bring_in_order(&sink);
        source.push_event(gst::event::StreamStart::new("frames"));
        let segment = || gst::event::Segment::new(&gst::FormattedSegment::<gst::ClockTime>::new());
        for times in [[Some(100), Some(100), None], [Some(20), Some(20), Some(60)]] {
            source.push_event(segment());
            for time in times {
                let mut buffer = gst::Buffer::new();
                let frame = buffer.get_mut().unwrap();
                frame.set_pts(time.map(gst::ClockTime::from_mseconds));
                frame.set_duration(gst::ClockTime::from_mseconds(40));
                source.push(buffer).unwrap();
            }
        }
        // The second segment begins anew, before the first one ends.
        assert_eq!(receiver.try_iter().collect::<Vec<_>>(), [100, 101, 141, 20, 21, 60]);
    }
}
