//! Reading and writing what may lack serde, without an error of its own.
//!
//! A payload or outcome without serde is reported once, by the assertion that requires it. Everything else that reads
//! or writes such a type goes through `Probe`: its inherent functions exist only for types with serde, and where they
//! do not, the compiler finds those of the trait. The same way an outcome is cloned only where it is `Clone`.

use proc_macro2::TokenStream;
use quote::quote;

use super::types::Types;
use super::{assumed, outside};
use crate::model::Model;

pub(super) fn expand(model: &Model, types: &Types) -> TokenStream {
    let krate = &model.krate;
    let private = quote!(#krate::__private);
    let machine = outside(model);
    let assumed = assumed(model, &machine);
    let assertions = types.assertions(krate);
    let result = quote!(::core::result::Result);
    quote! {
        #assertions

        #[doc(hidden)]
        #[allow(dead_code)]
        struct Probe<T>(::core::marker::PhantomData<T>);

        #[allow(dead_code)]
        impl<T: #private::State> Probe<T>
        where
            #assumed
        {
            fn encode(value: &T) -> #result<#private::Stored, #private::WireError> {
                #private::Stored::encode(value)
            }

            fn decode(stored: &#private::Stored) -> #result<T, #private::WireError> {
                stored.decode()
            }

            fn serialize<S: #private::serde::Serializer>(value: &T, serializer: S) -> #result<S::Ok, S::Error> {
                #private::serde::Serialize::serialize(value, serializer)
            }
        }

        #[allow(dead_code)]
        impl<T: ::core::clone::Clone + 'static> Probe<T> {
            fn copy(outcome: &T, reply: fn(T) -> Reply, copy: &mut dyn ::core::any::Any) {
                #private::copy_outcome(outcome, reply, copy)
            }
        }

        #[doc(hidden)]
        #[allow(dead_code)]
        trait Unstored<T> {
            fn encode(_: &T) -> #result<#private::Stored, #private::WireError> {
                #result::Err(#private::WireError::Format(::core::option::Option::None))
            }

            fn decode(_: &#private::Stored) -> #result<T, #private::WireError> {
                #result::Err(#private::WireError::Format(::core::option::Option::None))
            }

            fn serialize<S: #private::serde::Serializer>(_: &T, _: S) -> #result<S::Ok, S::Error> {
                #result::Err(#private::serde::ser::Error::custom("no serde"))
            }

            fn copy(_: &T, _: fn(T) -> Reply, _: &mut dyn ::core::any::Any) {}
        }

        impl<T> Unstored<T> for Probe<T> {}
    }
}
