use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, bounded, unbounded};

/// Jobs of several streams, worked on together by one thread.
///
/// A stream hands in a job and waits for its result before the next, so its results come in order and no batch has two of
/// its jobs. Jobs are taken in the order in which they came. The thread ends when the last stream has gone.
#[derive(Debug)]
pub struct Queue<J, R> {
    jobs: Sender<Waiting<J, R>>,
    streams: Arc<AtomicUsize>,
}

/// A job and the stream that waits for it.
#[derive(Debug)]
struct Waiting<J, R> {
    job: J,
    answer: Sender<R>,
}

/// One of the streams of a [`Queue`].
#[derive(Debug)]
pub struct Member<J, R> {
    jobs: Sender<Waiting<J, R>>,
    streams: Arc<AtomicUsize>,
}

/// The thread that works on the jobs has ended, which it does on its own only after a panic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the thread that streams share has ended; start the streams anew")]
pub struct Ended;

impl<J: Send + 'static, R: Send + 'static> Queue<J, R> {
    /// Starts the thread. It waits for `window` after the first job of a batch, unless every stream has a job in it or it
    /// holds `most` jobs; then `work` turns the jobs into as many results in the same order.
    ///
    /// # Errors
    /// If the system starts no thread.
    pub fn start(
        window: Duration,
        most: usize,
        work: impl FnMut(Vec<J>) -> Vec<R> + Send + 'static,
    ) -> std::io::Result<Self> {
        let (jobs, waiting) = unbounded();
        let streams = Arc::new(AtomicUsize::new(0));
        let counted = streams.clone();
        thread::Builder::new().name("inkcast-batch".to_string()).spawn(move || {
            serve(&waiting, &counted, window, most, work);
        })?;
        Ok(Queue { jobs, streams })
    }

    /// One more stream.
    pub fn join(&self) -> Member<J, R> {
        self.streams.fetch_add(1, Ordering::Relaxed);
        Member { jobs: self.jobs.clone(), streams: self.streams.clone() }
    }
}

impl<J, R> Member<J, R> {
    /// Hands in a job and waits for its result.
    pub fn run(&self, job: J) -> Result<R, Ended> {
        let (answer, result) = bounded(1);
        self.jobs.send(Waiting { job, answer }).map_err(|_| Ended)?;
        result.recv().map_err(|_| Ended)
    }
}

impl<J, R> Drop for Member<J, R> {
    fn drop(&mut self) {
        self.streams.fetch_sub(1, Ordering::Relaxed);
    }
}

fn serve<J, R>(
    jobs: &Receiver<Waiting<J, R>>,
    streams: &AtomicUsize,
    window: Duration,
    most: usize,
    mut work: impl FnMut(Vec<J>) -> Vec<R>,
) {
    while let Ok(first) = jobs.recv() {
        let mut batch = vec![first];
        let end = Instant::now() + window;
        while batch.len() < most.min(streams.load(Ordering::Relaxed)) {
            let Ok(next) = jobs.recv_deadline(end) else { break };
            batch.push(next);
        }
        let (jobs, answers): (Vec<J>, Vec<Sender<R>>) =
            batch.into_iter().map(|waiting| (waiting.job, waiting.answer)).unzip();
        for (answer, result) in answers.into_iter().zip(work(jobs)) {
            // A stream that was stopped meanwhile waits no more.
            let _ = answer.send(result);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Barrier, Mutex};

    use super::*;

    const LONG: Duration = Duration::from_secs(20);

    /// The batches that were made.
    type Batches = Arc<Mutex<Vec<Vec<u32>>>>;

    /// A queue whose results are the jobs times ten, and the batches that it made.
    fn tens(window: Duration, most: usize) -> (Queue<u32, u32>, Batches) {
        let batches = Arc::new(Mutex::new(Vec::new()));
        let seen = batches.clone();
        let work = move |jobs: Vec<u32>| {
            seen.lock().unwrap().push(jobs.clone());
            jobs.into_iter().map(|job| 10 * job).collect()
        };
        (Queue::start(window, most, work).unwrap(), batches)
    }

    /// `frames` jobs from each of `streams` threads, numbered `100 * stream + frame`; every result is checked.
    fn run(queue: &Queue<u32, u32>, streams: u32, frames: u32) {
        let members: Vec<_> = (0..streams).map(|_| queue.join()).collect();
        let begin = Barrier::new(streams as usize);
        thread::scope(|scope| {
            for (stream, member) in members.into_iter().enumerate() {
                let begin = &begin;
                scope.spawn(move || {
                    begin.wait();
                    for frame in 0..frames {
                        let job = 100 * stream as u32 + frame;
                        assert_eq!(member.run(job), Ok(10 * job), "everyone gets the result of its own job");
                    }
                });
            }
        });
    }

    #[test]
    fn a_batch_holds_a_job_of_every_stream_and_does_not_wait_longer() {
        let (queue, batches) = tens(LONG, 8);
        let began = Instant::now();
        run(&queue, 3, 5);
        assert!(began.elapsed() < LONG / 2, "all three were there long before the window ended");
        let batches = batches.lock().unwrap();
        assert_eq!(batches.len(), 5);
        for (frame, batch) in batches.iter().enumerate() {
            let mut batch = batch.clone();
            batch.sort_unstable();
            assert_eq!(batch, [0, 100, 200].map(|stream| stream + frame as u32), "in order, and none twice");
        }
    }

    #[test]
    fn a_single_stream_does_not_wait() {
        let (queue, batches) = tens(LONG, 8);
        let began = Instant::now();
        run(&queue, 1, 50);
        assert!(began.elapsed() < LONG / 2);
        assert_eq!(batches.lock().unwrap().len(), 50);
    }

    #[test]
    fn a_stream_that_has_nothing_is_not_waited_for_beyond_the_window() {
        let window = Duration::from_millis(30);
        let (queue, batches) = tens(window, 8);
        let (busy, idle) = (queue.join(), queue.join());
        let began = Instant::now();
        assert_eq!(busy.run(7), Ok(70));
        let took = began.elapsed();
        assert!(took >= window && took < LONG, "{took:?}");
        assert_eq!(*batches.lock().unwrap(), [vec![7]]);
        drop(idle);
        // Once it has gone nobody waits for it.
        let began = Instant::now();
        (0..20).for_each(|job| assert_eq!(busy.run(job), Ok(10 * job)));
        assert!(began.elapsed() < 20 * window, "{:?}", began.elapsed());
    }

    #[test]
    fn streams_beyond_a_full_batch_come_next() {
        // At the end some are through before the others.
        let (queue, batches) = tens(Duration::from_millis(20), 2);
        run(&queue, 4, 25);
        let batches = batches.lock().unwrap();
        assert!(batches.iter().all(|batch| batch.len() <= 2));
        // Between two jobs of a stream the others get at most two turns each: nobody is overtaken for long.
        let order: Vec<u32> = batches.iter().flatten().map(|job| job / 100).collect();
        for stream in 0..4 {
            let turns: Vec<usize> = (0..order.len()).filter(|&turn| order[turn] == stream).collect();
            assert_eq!(turns.len(), 25);
        }
    }

    #[test]
    fn the_thread_ends_with_the_last_stream() {
        struct Gone(Sender<()>);
        impl Drop for Gone {
            fn drop(&mut self) {
                let _ = self.0.send(());
            }
        }
        let (tell, ended) = bounded(1);
        let gone = Gone(tell);
        let queue = Queue::start(LONG, 4, move |jobs: Vec<u32>| {
            let _ = &gone;
            jobs
        });
        let queue = queue.unwrap();
        let member = queue.join();
        drop(queue);
        assert_eq!(member.run(1), Ok(1), "a stream keeps it alive");
        assert!(ended.try_recv().is_err());
        drop(member);
        assert_eq!(ended.recv_timeout(LONG), Ok(()));
    }

    #[test]
    fn a_panic_of_the_work_is_an_error_for_every_stream() {
        let queue = Queue::start(Duration::from_millis(1), 4, |_: Vec<u32>| -> Vec<u32> { panic!("as planned") });
        let queue = queue.unwrap();
        let (one, other) = (queue.join(), queue.join());
        assert_eq!(one.run(1), Err(Ended));
        assert_eq!(other.run(2), Err(Ended));
    }
}
