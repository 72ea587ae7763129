//! What the explorer needs of stored machines beside their handles.

use std::sync::Arc;

use crate::idem::Idem;
use crate::machine::stored::handles::{Handle, Repository};
use crate::model::machine::driver::TypedDriver;
use crate::model::machine::rules::Rules;
use crate::store::Database;

impl<DB: Database, X: Rules> Repository<DB, X> {
    /// The database that they are in.
    pub(crate) fn idem(&self) -> Idem<DB> {
        Idem::of(self.shared.clone())
    }

    /// The same machines with rules made from these.
    pub(crate) fn with_rules<Y>(&self, rules: impl FnOnce(Arc<TypedDriver<X>>) -> Y) -> Repository<DB, Y>
    where
        Y: Rules<Machine = X::Machine>,
    {
        Repository::__new(&self.idem(), rules(self.driver.clone()))
    }
}

impl<DB: Database, X: Rules> Handle<DB, X> {
    pub(crate) fn rules(&self) -> &X {
        self.machines.driver.rules()
    }
}
