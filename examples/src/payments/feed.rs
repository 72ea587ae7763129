//! From the input to the workers: bounded queues, the order of each payment kept.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, BufRead};

use tokio::sync::mpsc::{Receiver, Sender, channel};

use super::delivery::Delivery;
use super::lines::Lines;
use super::tally::Tally;

/// How many jobs wait for one worker at most: the input is read no faster than it is worked off.
const QUEUE: usize = 64;

/// How many deliveries come at once at most.
const BURST: usize = 64;

/// What a worker is handed.
#[derive(Debug)]
pub(super) enum Job {
    One(Box<Delivery>),
    /// Deliveries of one payment, at once.
    Burst(Vec<Delivery>),
}

/// The workers' ends and ours.
pub(super) fn queues(workers: usize) -> (Vec<Sender<Job>>, Vec<Receiver<Job>>) {
    (0..workers).map(|_| channel(QUEUE)).unzip()
}

/// Reads the input to its end, or until a worker has given up; answers with what was no delivery. Blocks: the queues are
/// bounded.
pub(super) fn feed(input: impl BufRead, workers: &[Sender<Job>], skipped: impl Fn(u64)) -> io::Result<Tally> {
    let mut read = Tally::default();
    let mut burst: Vec<Delivery> = Vec::new();
    for line in Lines::new(input) {
        let line = line?;
        let bytes = line.bytes;
        if line.text.as_ref().is_some_and(|text| text.iter().all(u8::is_ascii_whitespace)) {
            skipped(bytes);
            continue;
        }
        let delivery = match Delivery::parse(line) {
            Ok(delivery) => delivery,
            Err(malformed) => {
                skipped(bytes);
                read.add_malformed(malformed);
                continue;
            }
        };
        let joins = burst.len() < BURST
            && burst.last().is_some_and(|last| last.lane == delivery.lane && last.payment == delivery.payment);
        if !joins && !send(workers, std::mem::take(&mut burst)) {
            return Ok(read);
        }
        if delivery.lane.is_some() {
            burst.push(delivery);
        } else if !send(workers, vec![delivery]) {
            return Ok(read);
        }
    }
    send(workers, burst);
    Ok(read)
}

/// All lines of one payment go to one worker, so they keep their order. False if that worker has given up.
fn send(workers: &[Sender<Job>], mut deliveries: Vec<Delivery>) -> bool {
    let Some(first) = deliveries.first() else {
        return true;
    };
    let mut hash = DefaultHasher::new();
    first.payment.hash(&mut hash);
    let worker = usize::try_from(hash.finish() % workers.len().max(1) as u64).ok().and_then(|at| workers.get(at));
    let job = match (deliveries.len(), deliveries.pop()) {
        (1, Some(only)) => Job::One(Box::new(only)),
        (_, last) => Job::Burst(deliveries.into_iter().chain(last).collect()),
    };
    worker.is_some_and(|worker| worker.blocking_send(job).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn jobs(input: &str) -> Vec<Vec<u64>> {
        let (senders, mut receivers) = queues(1);
        feed(input.as_bytes(), &senders, |_| ()).unwrap();
        drop(senders);
        std::iter::from_fn(|| receivers[0].blocking_recv())
            .map(|job| match job {
                Job::One(delivery) => vec![delivery.line],
                Job::Burst(burst) => burst.iter().map(|delivery| delivery.line).collect(),
            })
            .collect()
    }

    fn line(payment: &str, lane: Option<&str>) -> String {
        let lane = lane.map_or(String::new(), |lane| format!(r#","lane":"{lane}""#));
        format!(r#"{{"scope":"s","key":"k","payment":"{payment}","command":"capture"{lane}}}"#) + "\n"
    }

    #[test]
    fn concurrent_deliveries_form_one_job_and_others_keep_order() {
        let a = line("a", Some("l"));
        let input = [line("a", None), a.clone(), a.clone(), line("b", Some("l")), line("a", None), a].concat();
        assert_eq!(jobs(&input), [vec![1], vec![2, 3], vec![4], vec![5], vec![6]]);
    }

    #[test]
    fn concurrent_deliveries_in_one_job_are_limited() {
        let sizes: Vec<usize> = jobs(&line("a", Some("l")).repeat(BURST + 1)).iter().map(Vec::len).collect();
        assert_eq!(sizes, [BURST, 1]);
    }

    #[test]
    fn feed_keeps_first_malformed_lines_and_counts_all() {
        let (senders, _receivers) = queues(1);
        let read = feed("no\n\n".repeat(50).as_bytes(), &senders, |_| ()).unwrap();
        assert_eq!((read.malformed, read.malformed_lines.len(), read.malformed_lines[19].line), (50, 20, 39));
    }
}
