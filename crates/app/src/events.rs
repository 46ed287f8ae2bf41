use std::sync::OnceLock;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, bounded, select, tick, unbounded};
use gstreamer as gst;
use gstreamer::prelude::*;

/// What reaches the main thread while a pipeline runs on its own threads.
pub enum Event {
    /// A message of the pipeline.
    Message(gst::Message),
    /// The input has this stream; it is held back until the probe is removed.
    Stream(gst::Pad, Option<gst::PadProbeId>),
    /// Data of a stream that is held back has come.
    Flowing,
    /// Time to report progress.
    Tick,
    /// Ctrl-C, or a request to terminate.
    Interrupt,
}

/// The one place where the main thread waits.
pub struct Events {
    sender: Sender<Event>,
    receiver: Receiver<Event>,
    ticks: Receiver<Instant>,
    interrupts: Receiver<()>,
}

impl Events {
    /// Events of `pipeline`, a tick every `period`, and interruptions.
    pub fn of(pipeline: &gst::Pipeline, period: Duration) -> anyhow::Result<Self> {
        let (sender, receiver) = unbounded();
        let messages = sender.clone();
        let bus = pipeline.bus().expect("a pipeline has a bus");
        // Handled where they are posted: a bus that nobody pops would keep every message.
        bus.set_sync_handler(move |_, message| {
            use gst::MessageView::*;
            if matches!(message.view(), Eos(_) | Error(_)) {
                let _ = messages.send(Event::Message(message.clone()));
            }
            gst::BusSyncReply::Drop
        });
        Ok(Events { sender, receiver, ticks: tick(period), interrupts: interrupts()? })
    }

    /// Where threads of the pipeline leave events.
    pub fn sender(&self) -> Sender<Event> {
        self.sender.clone()
    }

    /// An error that the pipeline has posted already, for calls that fail without saying why. Events before it are lost.
    pub fn posted_error(&self) -> Option<gst::Message> {
        self.receiver.try_iter().find_map(|event| match event {
            Event::Message(message) if message.type_() == gst::MessageType::Error => Some(message),
            _ => None,
        })
    }

    /// Waits for the next event, or for the next of `items` if that is there first. `items` must have a sender.
    pub fn next_or<T>(&self, items: &Receiver<T>) -> Result<T, Event> {
        select! {
            recv(items) -> item => Ok(item.expect("a sender is kept")),
            recv(self.interrupts) -> _ => Err(Event::Interrupt),
            recv(self.receiver) -> event => Err(event.expect("a sender is kept")),
            recv(self.ticks) -> _ => Err(Event::Tick),
        }
    }

    /// Waits for the next event.
    pub fn next(&self) -> Event {
        select! {
            recv(self.interrupts) -> _ => Event::Interrupt,
            recv(self.receiver) -> event => event.expect("a sender is kept"),
            recv(self.ticks) -> _ => Event::Tick,
        }
    }
}

/// Interruptions of this process. The first Ctrl-C asks for an orderly end, a second one ends the process at once.
pub fn interrupts() -> anyhow::Result<Receiver<()>> {
    static CHANNEL: OnceLock<Receiver<()>> = OnceLock::new();
    if let Some(receiver) = CHANNEL.get() {
        return Ok(receiver.clone());
    }
    let (sender, receiver) = bounded(1);
    let mut asked = false;
    ctrlc::set_handler(move || {
        if std::mem::replace(&mut asked, true) {
            std::process::exit(130);
        }
        let _ = sender.try_send(());
    })?;
    Ok(CHANNEL.get_or_init(|| receiver).clone())
}
