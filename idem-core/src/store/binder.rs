//! Values bound to a statement, in the order of its parameters.

use sqlx::{Arguments, Database, Encode, Error, Type};

/// The values bound so far.
pub(crate) struct Binder<D: Database>(D::Arguments);

impl<D: Database> Binder<D> {
    pub(crate) fn new() -> Self {
        Self(D::Arguments::default())
    }

    /// Binds the next parameter.
    pub(crate) fn bind<'q, T: Encode<'q, D> + Type<D>>(mut self, value: T) -> Result<Self, Error> {
        self.0.add(value).map_err(Error::Encode)?;
        Ok(self)
    }

    pub(crate) fn finish(self) -> D::Arguments {
        self.0
    }
}
