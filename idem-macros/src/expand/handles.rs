//! The handles: newtypes over the engine's, with a method for each command.

use proc_macro2::TokenStream;

use super::types::Types;
use crate::model::Model;

pub(super) fn expand(_model: &Model, _types: &mut Types) -> TokenStream {
    TokenStream::new()
}

pub(super) fn entry(_model: &Model) -> TokenStream {
    TokenStream::new()
}
