//! Commands with their types taken off.

use crate::engine::decide::command::{Action, Command, fits};
use crate::error::Error;
use crate::fingerprint::Fingerprint;
use crate::key::Key;
use crate::machine::stored::handles::Handle;
use crate::machine::stored::typed::unencodable;
use crate::model::machine::driver::{put_command, put_state};
use crate::model::machine::rules::{Machine, Rules};
use crate::namespace::START;
use crate::store::Database;
use crate::wire::Stored;

impl<DB: Database, X: Rules> Handle<DB, X> {
    pub(super) fn numbered_command(
        &self,
        key: Option<Key>,
        command: <X::Machine as Machine>::Command,
    ) -> Result<(usize, Command), Error> {
        let index = X::Machine::command(&command);
        Ok((index, self.command(key, command)?))
    }

    pub(super) fn command(
        &self,
        key: Option<Key>,
        command: <X::Machine as Machine>::Command,
    ) -> Result<Command, Error> {
        self.checked()?;
        let index = X::Machine::command(&command);
        let (fingerprint, payload) =
            put_command::<X::Machine>(&command, &self.id).map_err(|source| unencodable("the payload", source))?;
        let action = Action::Command { index, value: Box::new(command) };
        self.keyed(key, payload, fingerprint, action)
    }

    pub(super) fn start_command(&self, key: Option<Key>, initial: &X::Machine) -> Result<Command, Error> {
        let (body, fingerprint) = self.initial(initial)?;
        self.keyed(key, body.clone(), fingerprint, Action::Start { body })
    }

    /// A start and a command under one key.
    pub(super) fn start_and_command(
        &self,
        key: &Key,
        initial: &X::Machine,
        command: <X::Machine as Machine>::Command,
    ) -> Result<Command, Error> {
        let (body, start) = self.initial(initial)?;
        fits("the state", &body, &self.machines.shared.settings.limits)?;
        let command = self.command(Some(key.clone()), command)?;
        let Command { action: Action::Command { index, value }, fingerprint: request, .. } = command else {
            return Err(Error::Internal { what: "a command is none" });
        };
        let action = Action::StartAnd { body, request, index, value };
        Ok(Command { action, fingerprint: request.after_start(start), ..command })
    }

    /// An initial state as it is stored, and the fingerprint of a start in it.
    fn initial(&self, initial: &X::Machine) -> Result<(Stored, Fingerprint), Error> {
        self.checked()?;
        let body = put_state(initial).map_err(|source| unencodable("the state", source))?;
        let fingerprint = Fingerprint::of(START, &self.id, body.json().unwrap_or_default(), &[]);
        Ok((body, fingerprint))
    }

    pub(super) fn keyed(
        &self,
        key: Option<Key>,
        payload: Stored,
        fingerprint: Fingerprint,
        action: Action,
    ) -> Result<Command, Error> {
        fits("the payload", &payload, &self.machines.shared.settings.limits)?;
        let key = key.map(|key| {
            let hash = key.hash_in(X::Machine::GRAPH.name);
            (key, hash)
        });
        let driver = self.machines.driver.clone();
        Ok(Command {
            driver,
            id: self.id.clone(),
            key,
            payload,
            fingerprint,
            action,
            correlation: None,
            fence: None,
            in_batch: false,
        })
    }
}
