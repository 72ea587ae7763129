//! Rejections that a key remembers.

use std::any::Any;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::clock::Timestamp;
use crate::engine::answer::Refusal;
use crate::error::{Effect, Error};
use crate::model::machine::driver::Driver;
use crate::wire::{Stored, WireError};

/// What a key remembers: the command and its payload, by which a repeat is compared, with the initial state if it was made together
/// with a start, and what the rule said.
#[derive(Serialize, Deserialize)]
pub(crate) struct RememberedRejection {
    pub(crate) command: String,
    payload: Box<RawValue>,
    /// One or none. `null`, the content of a state that carries nothing, would read back as none in an `Option`.
    start: Vec<Box<RawValue>>,
    rejection: Box<RawValue>,
}

impl RememberedRejection {
    /// A rejection (a value of the rules' rejection type) of this command, as a key remembers it.
    ///
    /// # Errors
    /// The rejection's serde refuses, or does not read back what it wrote.
    pub(crate) fn write(
        driver: &dyn Driver,
        command: &str,
        (payload, start): (&Stored, Option<&Stored>),
        rejection: &(dyn Any + Send + Sync),
    ) -> Result<Stored, WireError> {
        let rejection = driver.write_rejection(rejection)?.decode()?;
        let (payload, start) = (payload.decode()?, start.into_iter().map(Stored::decode).collect::<Result<_, _>>()?);
        Stored::encode(&Self { command: command.to_owned(), payload, start, rejection })
    }

    pub(crate) fn read(stored: &Stored) -> Result<Self, Error> {
        stored.decode().map_err(undecodable)
    }

    pub(crate) fn payload(&self) -> Result<Stored, Error> {
        Stored::encode(&self.payload).map_err(undecodable)
    }

    /// The initial state that it was to be started in, if it was.
    pub(crate) fn start(&self) -> Result<Option<Stored>, Error> {
        self.start.first().map(|start| Stored::encode(start).map_err(undecodable)).transpose()
    }

    /// The answer to a repeat of what was rejected at this time.
    pub(crate) fn refusal(&self, driver: &dyn Driver, id: &str, at: Timestamp) -> Refusal {
        let rejection = Stored::encode(&self.rejection).and_then(|stored| driver.read_rejection(&stored));
        match rejection {
            Ok(rejection) => Refusal::Rejected(rejection, Some(at)),
            Err(WireError::NoRejections) => {
                let (machine, id, stored) = (driver.graph().name, id.to_owned(), self.command.clone());
                Error::OtherRelease { machine, id, what: "remembered rejection", stored }.into()
            }
            Err(error) => undecodable(error).into(),
        }
    }
}

fn undecodable(source: WireError) -> Error {
    let what = "a remembered rejection".to_owned();
    Error::Undecodable { what, effect: Effect::NotApplied, source: source.into() }
}
