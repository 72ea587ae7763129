//! The mails of a night: each sent once, by its key.

use std::time::Duration;

use idem_core::lease::{Failed, WhenLost};
use idem_core::{Error, ErrorKind, Idem, Key};

use super::{Stuck, Work};
use crate::jobs::events::{Event, LEASE, say};
use crate::jobs::server::{Mail, send};
use crate::jobs::tables::Tables;

/// The operation that sends a mail, and the scope of its keys.
pub(in crate::jobs) const OPERATION: &str = "send_mail";
pub(in crate::jobs) const SCOPE: &str = "newsletter";

/// The mails of a night. Every other worker begins at the other end, so that they meet in the middle.
pub(super) fn mails_of(work: &Work, night: i64) -> Vec<Mail> {
    let mut mails: Vec<Mail> =
        (0..work.mails).map(|number| Mail { night, to: format!("reader-{number}@example.org") }).collect();
    if work.name.ends_with('1') {
        mails.reverse();
    }
    mails
}

/// Sends what is left; what another worker sends at the moment stays.
pub(super) async fn send_all<DB: Tables>(idem: &Idem<DB>, work: &Work, left: &mut Vec<Mail>) -> Result<(), Stuck> {
    for mail in std::mem::take(left) {
        match send_once(idem, work, &mail).await {
            Ok(()) => {}
            Err(Stuck::Idem(error)) if error.kind() == ErrorKind::InFlight => left.push(mail),
            // A repeat finds out.
            Err(Stuck::Idem(error)) if matches!(error.kind(), ErrorKind::Indeterminate | ErrorKind::Fenced) => {
                say(&Event::Unknown { night: mail.night, to: mail.to.clone() })?;
                left.push(mail);
            }
            Err(Stuck::Idem(error)) if error.is_retryable() => {
                say(&Event::Retried { error: error.to_string() })?;
                left.push(mail);
            }
            Err(stuck) => return Err(stuck),
        }
    }
    Ok(())
}

async fn send_once<DB: Tables>(idem: &Idem<DB>, work: &Work, mail: &Mail) -> Result<(), Stuck> {
    let mails = idem.operation(OPERATION).lease(LEASE).when_lost(WhenLost::Reexecute);
    let key = Key::new(SCOPE, format!("night-{}/{}", mail.night, mail.to)).map_err(Error::from)?;
    let sent = mails.leased(&key, mail, |lease| async move {
        say(&Event::Sending { night: mail.night, to: mail.to.clone(), attempt: lease.attempt() })?;
        // `?`: whether it was sent is not known. The next repeat sends it again, under the same key, which this mail server honours.
        Ok::<u64, Failed<Error>>(send(work.server, &lease.key(), mail).await?)
    });
    // Others wait for no mail that is being sent: they take the next one.
    if sent.wait(Duration::ZERO).await?.is_fresh() {
        say(&Event::Sent { night: mail.night, to: mail.to.clone() })?;
    }
    Ok(())
}
