//! Many commands in one call.

use crate::engine::answer::Answered;
use crate::engine::decide::command::Command;
use crate::engine::plan::{BoxedPlan, borrowed};
use crate::error::{CommandError, Error, Rejection};
use crate::machine::stored::handles::Repository;
use crate::machine::stored::item::Item;
use crate::machine::stored::typed::reply;
use crate::model::machine::rules::{ErrorOf, KindOf, Machine, ReplyOf, Rules};
use crate::outcome::Outcome;
use crate::store::Database;

/// What shares one transaction in `apply_all`, at most: commands, and bytes of their payloads.
const MAX_GROUP: usize = 1_000;
const MAX_GROUP_BYTES: usize = 4 << 20;

/// The answer of one command of many.
type Replied<X> = Outcome<ReplyOf<X>, KindOf<X>>;

impl<DB: Database, X: Rules> Repository<DB, X> {
    /// Runs many commands, each of any machine of this enum. An answer per item, in order, exactly as if they were called one
    /// after the other; up to 1,000 at a time, and about 4 MiB of payloads, share a transaction.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/sqlite.rs"));
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/payment.rs"));
    /// # #[cfg(feature = "sqlite")] fn main() -> Done { on_sqlite(async |idem| {
    /// use idem_core::machine::Item;
    /// use idem_core::{Key, Natural};
    ///
    /// let payments = Payment::stored(&idem, Rules);
    /// for id in ["pay-1", "pay-2"] {
    ///     payments.at(id).start(Natural, payment::Authorized { amount: 500 }).await?;
    /// }
    /// let key = Key::new("shop-1", "import-7")?;
    /// let item = |id, amount| Item::new(id, &key.derive(id), payment::Capture { amount });
    /// let answers = payments.apply_all([item("pay-1", 500), item("pay-2", 600), item("pay-1", 500)]).await;
    /// assert!(answers[0].as_ref().is_ok_and(|captured| captured.is_fresh()));
    /// assert!(answers[1].as_ref().is_err_and(|error| error.rejection().is_some()));   // 600 of 500: refused alone
    /// assert!(answers[2].as_ref().is_ok_and(|captured| captured.is_replay()));
    /// # Ok(()) }) }
    /// ```
    ///
    /// # Errors
    /// Per item, as [`Call`](crate::machine::Call). An error that keeps a whole group from being written is the answer of each of
    /// its items.
    ///
    /// # Cancel safety
    /// Dropped half-way, some groups are applied whole and the others not at all; repeat with the same keys.
    pub async fn apply_all(
        &self,
        items: impl IntoIterator<Item = Item<<X::Machine as Machine>::Command>>,
    ) -> Vec<Result<Replied<X>, ErrorOf<X>>> {
        let mut results = Vec::new();
        let mut group = Vec::new();
        let mut bytes = 0;
        for Item { id, key, command } in items {
            let item = self.__at(id).numbered_command(key, command);
            bytes += item.as_ref().map_or(0, |(_, item)| item.payload.len());
            group.push(item);
            if group.len() == MAX_GROUP || bytes > MAX_GROUP_BYTES {
                self.apply_group(std::mem::take(&mut group), &mut results).await;
                bytes = 0;
            }
        }
        self.apply_group(group, &mut results).await;
        results.into_iter().map(|result| result.map_err(Rejection::__error)).collect()
    }

    #[allow(clippy::type_complexity, reason = "a result per item")]
    async fn apply_group(
        &self,
        group: Vec<Result<(usize, Command), Error>>,
        results: &mut Vec<Result<Replied<X>, CommandError<X::Rejection>>>,
    ) {
        let mut order = Vec::with_capacity(group.len());
        let mut plans: Vec<BoxedPlan<DB>> = Vec::with_capacity(group.len());
        for item in group {
            order.push(item.map(|(index, command)| {
                plans.push(Box::new(Command { in_batch: true, ..command }));
                index
            }));
        }
        let first = results.len();
        let mut answers = self.run_all(&plans).await.map(Vec::into_iter);
        for command in order {
            results.push(match (command, &mut answers) {
                (Err(unfit), _) => Err(unfit.into()),
                (Ok(_), Err(error)) => Err(error.repeat().into()),
                (Ok(command), Ok(answers)) => match answers.next() {
                    Some(answered) => reply::<X>(command, answered),
                    None => Err(Error::Internal { what: "a command of many was not answered" }.into()),
                },
            });
        }
        self.explain(results.get_mut(first..).unwrap_or_default()).await;
    }

    async fn run_all(&self, plans: &[BoxedPlan<DB>]) -> Result<Vec<Answered>, Error> {
        if plans.is_empty() {
            return Ok(Vec::new());
        }
        self.register(None).await?;
        self.shared.submit_all(&borrowed(plans)).await
    }
}
